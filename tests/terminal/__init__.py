"""The terminal, as a person and as a script use it."""
