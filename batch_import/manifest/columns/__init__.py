"""Decide which column of the manifest is which field of the platform."""
