"""Verification: each row of a job compared with what the account really holds."""
