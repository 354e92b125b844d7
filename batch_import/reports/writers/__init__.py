"""Writers of the result files: one or several modules for each file format."""
