"""Read and validate a manifest: the file becomes rows, and problems of rows."""
