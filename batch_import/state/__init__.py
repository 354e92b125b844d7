"""The state of a job. The only room that speaks SQL."""
