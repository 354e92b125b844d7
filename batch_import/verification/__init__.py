"""The proof at the end: each row of a job compared with what the account really holds."""
