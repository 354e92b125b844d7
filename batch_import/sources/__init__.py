"""Preflight: checks the source URLs, from which the platform will download the videos."""
