"""The terminal as a chat platform: a person at a prompt, or lines through a pipe.

`lifecycle` holds the platform itself; `prompting` and `piping` are its two loops. `inbound` turns a line into what the
core is asked, `commands` names what a line may be, `outbound` shows answers, `layout` draws their Markdown, `streams`
reads and writes pipes.
"""

from adapters.terminal.lifecycle import TerminalPlatform

__all__ = ["TerminalPlatform"]
