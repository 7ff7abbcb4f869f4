"""Which messages an answer is, in each of its states: contents in Discord's dialect, buttons, pictures.

These are pure functions, and slow for long texts (some ten milliseconds a message): call them in a thread.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapters.discord.buttons import NOTHING, STOP, Pressable, pressable
from adapters.discord.lines import say
from adapters.rendering import discord as dialect
from adapters.rendering.streaming import complete
from bot.domain.messages import Answer, Picture

# Files of one message; Discord's most.
MOST_FILES = 10


@dataclass(frozen=True, slots=True)
class Part:
    """One message as people should see it. `preview` is a picture (PNG) while it is being drawn."""

    content: str
    pressable: Pressable = NOTHING
    pictures: tuple[Picture, ...] = ()
    preview: bytes | None = None


def waiting(position: int, locale: str) -> list[Part]:
    """The answer has no words yet; `position` is its place in line."""
    words = say("show.in_line", locale, position=position) if position > 1 else say("show.writing", locale)
    return [Part(_small(words), STOP)]


def growing(text: str, note: str, locale: str, preview: bytes | None = None) -> list[Part]:
    """The answer so far, with what is open at its end closed, and a button that stops it."""
    contents = _noted(dialect.messages(complete(text)), note) or [_small(say("show.writing", locale))]
    return [*map(Part, contents[:-1]), Part(contents[-1], STOP, preview=preview)]


def final(answer: Answer, locale: str, *notes: str) -> list[Part]:
    """The last state; the adapter's own notes come after the answer's."""
    contents = _noted(dialect.messages(answer.text), "\n".join(filter(None, (answer.note, *notes))))
    if not contents:
        contents = [""] if answer.pictures else [_small(say("show.empty", locale))]
    return [*map(Part, contents[:-1]), Part(contents[-1], pressable(answer), answer.pictures[:MOST_FILES])]


def _noted(contents: list[str], note: str) -> list[str]:
    """The messages with a note beneath the last, or in one of its own where it finds no room."""
    small = _small(note)
    if not small:
        return contents
    if contents and len(contents[-1]) + 1 + len(small) <= dialect.LIMIT:
        return [*contents[:-1], f"{contents[-1]}\n{small}"]
    return [*contents, small[: dialect.LIMIT]]


def _small(note: str) -> str:
    """Lines in Discord's small print."""
    if not note:
        return ""
    return "\n".join(f"-# {line}" for line in dialect.render(note.replace("\n", "\n\n")).splitlines() if line.strip())


def without_notes(content: str) -> str:
    """A message of ours without the small print beneath it."""
    lines = content.split("\n")
    while lines and lines[-1].startswith("-# "):
        lines.pop()
    return "\n".join(lines)
