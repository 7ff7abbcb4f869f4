"""Chat platforms, one package each, and what they share in showing text."""
