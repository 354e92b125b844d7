"""Verification: compares each row of a job with the media (videos) of the platform's account."""
