"""Source URLs: their parts, their canonical form, and the signatures in them. No I/O.

This package imports no other package of the program.
"""
