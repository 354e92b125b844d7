"""Imports that never leave this process: the real engine against the model, on a virtual clock."""
