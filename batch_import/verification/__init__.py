"""Verification: compares each row of a job with the media of the account."""
