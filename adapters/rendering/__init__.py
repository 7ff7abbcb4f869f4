"""Markdown into each platform's dialect, and into parts that fit its messages.

`parsing` reads Markdown into the small tree of `tree`; `writing` lays a tree out again, and each dialect (`markdown`,
`discord`, `slack`, `plain`) says how its own signs look. `splitting` cuts trees, so that whatever was open is closed
and opened again by itself. `streaming` mends the half-written end of an answer that is still growing. Sending is left
to the adapters.
"""
