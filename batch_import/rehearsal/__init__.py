"""Rehearsals: imports into the sandbox on a virtual clock, within this process."""
