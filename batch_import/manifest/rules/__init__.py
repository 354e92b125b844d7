"""The rules, a file for each field and what it needs to know. All pure: text in, violations out."""
