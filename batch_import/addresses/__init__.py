"""Addresses of videos: their parts, their canonical form, and what in them is a signature.

The lowest room: pure, and it knows neither rows nor who asks.
"""
