"""Import the rows: which call comes next, and the threads that carry it out."""
