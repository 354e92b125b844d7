"""The job database. Only this package contains SQL."""
