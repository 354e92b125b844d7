"""HTTP that is not the Viostream API: bounded exchanges, and notifications."""
