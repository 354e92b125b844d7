"""The sandbox: a simulated platform for demos, rehearsals and tests."""
