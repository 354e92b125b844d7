"""HTTP that is not the platform's API: notifications."""
