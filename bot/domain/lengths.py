"""How long a text is, how long it should be, and where it may end.

Length is counted as word processors count mixed text: each word of a script with spaces is one, and so is each Chinese
character. "100 words" and "100 字" are then the same measure.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

_CHARACTER = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_UNIT = re.compile(rf"[{_CHARACTER}]|[^\W_{_CHARACTER}]+(?:['’.,-][^\W_{_CHARACTER}]+)*")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_KANA = re.compile("[\u3040-\u30ff]")
# A sentence ends at its mark, with the quotation marks and brackets after it; a lower-case letter after a full stop is
# taken for an abbreviation's. A line's end is always a border.
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]*]*(?=\s+[^a-z\s]|\s*$)|[。！？…]+[”’」』）]*|(?<=\S)(?=\n)|(?<=\S)$")
_LINE_END = re.compile(r"(?<=\S)(?=\n|$)")
# A last paragraph of up to so many words is taken for a greeting and a name.
_LONGEST_SIGN_OFF = 12

TOLERANCE = 0.2


def count(text: str) -> int:
    """Words and Chinese (or Japanese) characters, together."""
    return len(_UNIT.findall(text))


def is_mostly_chinese(text: str) -> bool:
    """Whether a third or more of what `count` counts are Chinese characters, in a text without kana."""
    return len(_HAN.findall(text)) * 3 >= max(1, count(text)) and not _KANA.search(text)


@dataclass(frozen=True, slots=True)
class Length:
    """How long a text should be: aimed at `target`, and right from `low` to `high`."""

    target: int
    low: int
    high: int

    @classmethod
    def about(cls, target: int) -> Length:
        """What is asked for, a fifth more or less."""
        return cls(target, math.ceil(target * (1 - TOLERANCE)), math.floor(target * (1 + TOLERANCE)))

    @classmethod
    def between(cls, low: float, high: float) -> Length:
        """A stretch, aimed at its middle."""
        return cls(max(1, round((low + high) / 2)), max(1, math.ceil(low)), max(1, math.floor(high)))

    def holds(self, text: str) -> bool:
        """Whether a text is as long as it should be."""
        return self.low <= count(text) <= self.high

    def misses_by(self, text: str) -> int:
        """By how much a text is too long or too short; 0 when it is right."""
        length = count(text)
        return max(self.low - length, length - self.high, 0)


def cut(text: str, length: Length, *, by_lines: bool = False, sign_off: bool = False) -> str:
    """A text that is too long, ended at the last sentence's (or line's) end within the length.

    Unchanged when it is not too long, or when no such end lies within the length.

    Args:
        by_lines: end at a line's end only, as lists and poems do.
        sign_off: a short last paragraph is a greeting and a name: sentences before it go, and it stays.
    """
    body, tail = split_sign_off(text) if sign_off else (text, "")
    if count(text) <= length.high:
        return text
    spent = count(tail)
    end = 0
    for border, words in _borders(body, _LINE_END if by_lines else _SENTENCE_END):
        if words + spent > length.high:
            break
        if words + spent >= length.low:
            end = border
    return body[:end].rstrip() + tail if end else text


def split_sign_off(text: str) -> tuple[str, str]:
    """A text's body, and its last paragraph (with the gap before it) where that is a greeting and a name."""
    body, gap, last = text.rpartition("\n\n")
    is_sign_off = (
        bool(body.strip()) and count(last) <= _LONGEST_SIGN_OFF and not last.rstrip().endswith((".", "。", "…"))
    )
    return (body, gap + last) if is_sign_off else (text, "")


def list_mark(text: str) -> str:
    """The mark that the items of a list begin with, where the text ends with one; else empty."""
    last = text.rstrip().rpartition("\n")[2]
    return last[0] if re.match(r"[-*•] ", last) else ""


def gap_after(text: str, *, by_lines: bool = False) -> str:
    """What stands between a text and the sentence (or line) after it: Chinese has no space there."""
    if by_lines:
        return "\n"
    return " " if text and text[-1].isascii() else ""


def whole(text: str, *, by_lines: bool = False) -> str:
    """A text that broke off, up to its last whole sentence (or line); all of it when there is none."""
    if by_lines:
        return text.rpartition("\n")[0].rstrip() or text
    ends = [match.end() for match in _SENTENCE_END.finditer(text) if match.end() < len(text.rstrip())]
    return text[: ends[-1]].rstrip() if ends else text


def _borders(text: str, ends: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Where a text may end, and how long it is up to there."""
    start, words = 0, 0
    for match in ends.finditer(text):
        words += count(text[start : match.end()])
        start = match.end()
        yield start, words
