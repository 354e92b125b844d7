"""The sandbox: a simulated Viostream platform for demos, rehearsals and tests."""
