"""Where videos come from: lists and signs the files of sources, and checks the URLs of rows.

The sources are folders, feeds, saved API responses and cloud storage. Preflight checks the URLs
from which the platform will download the videos of rows.
"""
