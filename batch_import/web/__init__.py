"""HTTP requests that are limited in time and size, also to other servers than the Viostream API."""
