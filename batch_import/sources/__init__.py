"""Where the videos of rows are fetched from."""
