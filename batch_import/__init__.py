"""Import a manifest of videos into Viostream: every row becomes exactly one video."""

__version__ = "0.1.0"
