"""Readers of manifest files: one module per format."""
