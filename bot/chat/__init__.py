"""The use cases, one a module, and what they share.

They speak in domain values and ports; payloads, torch and SQL stay outside.
"""
