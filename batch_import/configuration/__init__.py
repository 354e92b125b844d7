"""Settings, credentials, and the request of one command."""
