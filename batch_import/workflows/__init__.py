"""One module per command, callable without a terminal."""
