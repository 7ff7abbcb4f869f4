"""Where a long transcript is cut: at pauses, changes of topic and of speaker, and never inside a message that fits.

A change of topic is seen as in Hearst, "TextTiling: Segmenting Text into Multi-paragraph Subtopic Passages",
Computational Linguistics 23(1), 1997: by how few terms the messages before a border share with those after it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from bot.chat.summary.terms import terms
from bot.chat.summary.transcripts import Line

# Messages on each side of a border that are compared, and the pause that counts in full.
WINDOW = 5
LONG_PAUSE_MINUTES = 240
SPEAKER_WEIGHT = 0.25
# A part is cut where it is best, but not before this share of the room is used.
LEAST_FILL = 0.5

_BREAKS = (re.compile(r"\n"), re.compile(r"(?<=[.!?])\s|(?<=[。！？])"), re.compile(r"\s|(?<=[，；、,;])"))


def border_strengths(lines: Sequence[Line]) -> list[float]:
    """How natural a border before each line is, from 0 up to about 2."""
    known = [frozenset(terms(line.text)) for line in lines]
    return [0.0, *(_strength(lines, known, border) for border in range(1, len(lines)))] if lines else []


def _strength(lines: Sequence[Line], known: Sequence[frozenset[str]], border: int) -> float:
    before, after = lines[border - 1], lines[border]
    strength = SPEAKER_WEIGHT if before.author != after.author else 0.0
    if before.at is not None and after.at is not None:
        minutes = max(0.0, (after.at - before.at).total_seconds() / 60)
        strength += min(1.0, math.log1p(minutes) / math.log1p(LONG_PAUSE_MINUTES))
    past = frozenset().union(*known[max(0, border - WINDOW) : border])
    coming = frozenset().union(*known[border : border + WINDOW])
    shared = len(past & coming) / math.sqrt(len(past) * len(coming)) if past and coming else 0.0
    return strength + 1 - shared


def cut(costs: Sequence[int], strengths: Sequence[float], room: int) -> list[range]:
    """Stretches of lines whose costs fit the room together, each ended at the best border in its last half.

    Every single cost must fit the room.
    """
    stretches = []
    start, spent = 0, 0
    for index, cost in enumerate(costs):
        while spent + cost > room:
            end = _best_border(costs, strengths, start, index, room)
            stretches.append(range(start, end))
            start, spent = end, sum(costs[end:index])
        spent += cost
    if start < len(costs):
        stretches.append(range(start, len(costs)))
    return stretches


def _best_border(costs: Sequence[int], strengths: Sequence[float], start: int, end: int, room: int) -> int:
    spent = 0
    first = end
    for index in range(start, end):
        spent += costs[index]
        if spent >= LEAST_FILL * room:
            first = index + 1
            break
    return max(range(min(first, end), end + 1), key=lambda border: (strengths[border], border))


def pieces(text: str, size: int) -> list[str]:
    """A text in pieces of at most `size` characters, cut at the last line's, sentence's or word's end that there is."""
    found = []
    while len(text) > size:
        end = next((end for pattern in _BREAKS if (end := _last_end(pattern, text, size))), size)
        found.append(text[:end].rstrip())
        text = text[end:].lstrip("\n ")
    return [*found, text] if text else found


def _last_end(pattern: re.Pattern[str], text: str, size: int) -> int:
    """Where the last match in the second half of the first `size` characters ends; 0 where there is none."""
    return max((match.end() for match in pattern.finditer(text, size // 2, size)), default=0)
