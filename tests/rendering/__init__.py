"""Markdown into dialects and into parts."""
