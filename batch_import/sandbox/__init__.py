"""The embedded platform: a stand-in for demos, rehearsals and tests."""
