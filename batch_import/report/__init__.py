"""Tell what happened: the results table and the files made from it."""
