"""Rehearsals: imports into the sandbox, the simulated platform, on a virtual clock."""
