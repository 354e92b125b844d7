"""Settings, credentials, and the request that one command gets."""
