"""The platform's API. The only room that speaks HTTP."""
