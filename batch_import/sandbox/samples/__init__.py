"""The manifest of the demo, as package data: the demo runs from an installed wheel.

`videos.csv` here is the same file as `manifests/videos.csv`. No code belongs here.
"""
