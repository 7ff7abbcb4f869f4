"""What is summed up, as lines that people said: read from a place's history, or from a text that was given.

A line cannot pretend to be another: names have no colon, and what follows a message's first line is indented. So the
transcript keeps its form whatever people write.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.chat.addressing import clean, looks_like_command
from bot.domain.messages import HistoryMessage

# Longer names are shortened; no platform shows more in a line.
NAME_LIMIT = 40

# How a digest that the bot posts begins: it is no talk, and would be summed up again.
DIGEST_STARTS = ("Digest:", "摘要：")

# A text is a talk when this share of its lines begins with a speaker.
_TALK_SHARE = 0.6
_SPOKEN = re.compile(
    r"(?P<stamp>\[[^\]\n]{1,25}\]\s*)?"
    r"(?:<(?P<marked>[^<>\n]{1,40})>|(?P<author>[^\s:：<>\[\]#*/\-][^:：\n]{0,39}?)(?:\s?[:：](?!//)| - ))"
    r"\s*(?P<text>\S.*)"
)
_HAN = re.compile("[\u3400-\u9fff]")
_WORD = re.compile(r"\w")
# Marks that turn the direction of all that follows.
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")
_LONG_LINE = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One message, or one line of a text (which has no author). `stamp` is the time as the text itself gives it."""

    author: str
    text: str
    at: datetime | None = None
    link: str = ""
    by_bot: bool = False
    stamp: str = ""

    @property
    def rendered(self) -> str:
        """The line as a model reads it: one speaker, then one line of words, or words and indented code."""
        if not self.author:
            return self.text
        colon = "：" if _HAN.search(self.author) else ": "
        first, *rest = self.text.split("\n")
        if "```" in self.text:
            return "\n".join([f"{self.stamp}{self.author}{colon}{first}", *(f"    {row}" for row in rest)])
        words = " ".join(row.strip() for row in (first, *rest) if row.strip())
        return f"{self.stamp}{self.author}{colon}{words}"


@dataclass(frozen=True, slots=True)
class Transcript:
    """Lines, oldest first; how many messages were left out for which reason; whether people talk in it, or it is prose.

    What the bot itself answered belongs to the talk, but is no key message, decision or task.
    """

    lines: tuple[Line, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)
    is_talk: bool = True

    @property
    def authors(self) -> list[str]:
        """The people who speak, the one who says most first."""
        spoken = Counter(line.author for line in self.lines if line.author and not line.by_bot)
        return [name for name, _ in spoken.most_common()]


def of_history(messages: Iterable[HistoryMessage]) -> Transcript:
    """The talk in messages, oldest first: commands, other bots, and messages without a word are left out."""
    lines, left_out = [], Counter[str]()
    for message in messages:
        text = _BIDI.sub("", clean(message.text))
        reason = _reason_to_leave_out(message, text)
        if reason:
            left_out[reason] += 1
        else:
            author = _name(message.author)
            lines.append(Line(author, text, message.at, message.link, message.by_bot))
    return Transcript(tuple(lines), left_out)


def of_text(text: str) -> Transcript:
    """A pasted or attached text: a talk where most lines name their speaker, else prose by sentences."""
    rows = [row.rstrip() for row in _BIDI.sub("", text).splitlines() if row.strip()]
    spoken = [_SPOKEN.fullmatch(row.strip()) for row in rows]
    if rows and sum(match is not None for match in spoken) >= _TALK_SHARE * len(rows):
        return Transcript(tuple(_talk(rows, spoken)))
    lines = tuple(Line("", sentence) for row in rows for sentence in _sentences(row))
    return Transcript(lines, is_talk=False)


def _reason_to_leave_out(message: HistoryMessage, text: str) -> str:
    if message.automated:
        return "automated"
    if looks_like_command(text):
        return "command"
    if message.by_bot and text.lstrip("*_ ").startswith(DIGEST_STARTS):
        return "own_post"
    return "" if _WORD.search(text) else "wordless"


def _name(author: str) -> str:
    name = " ".join(_BIDI.sub("", clean(author)).replace(":", " ").replace("：", " ").split())
    return name[:NAME_LIMIT] or "?"


def _talk(rows: Sequence[str], spoken: Sequence[re.Match[str] | None]) -> list[Line]:
    """Lines by speakers; a row without one goes on with what was said before it."""
    lines: list[Line] = []
    for row, match in zip(rows, spoken, strict=True):
        if match is not None:
            lines.append(Line(_name(match["marked"] or match["author"]), match["text"], stamp=match["stamp"] or ""))
        elif lines:
            before = lines[-1]
            lines[-1] = Line(before.author, f"{before.text}\n{row}", stamp=before.stamp)
        else:
            lines.append(Line("", row))
    return lines


def _sentences(row: str) -> list[str]:
    return [row] if len(row) <= _LONG_LINE else [part for part in _SENTENCE_END.split(row) if part.strip()]
