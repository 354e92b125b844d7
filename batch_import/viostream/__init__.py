"""The client of the Viostream API. Only this package sends requests to the API."""
