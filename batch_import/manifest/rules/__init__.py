"""The validation rules, one module per field. They do no I/O: texts in, violations out."""
