"""Inkling: a self-hosted team chat bot that writes, draws, summarises and learns from its team."""

__version__ = "0.1.0"
