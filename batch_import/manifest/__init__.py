"""Read a manifest: a file in, rows out, or every problem of every row."""
