"""What people see as one character, how wide it stands in a fixed-width font, and which scripts need no spaces."""

from __future__ import annotations

from functools import lru_cache

import regex
from wcwidth import wcswidth

_GRAPHEME = regex.compile(r"\X")
_CJK = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Bopomofo}\u3000-\u303f\uff00-\uffef"
CJK = regex.compile(f"[{_CJK}]")
_UNSEEN = regex.compile(r"[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069--[\n\t]]", regex.VERSION1)


@lru_cache(maxsize=64)
def graphemes(text: str) -> tuple[str, ...]:
    """The characters that people see (Unicode's extended grapheme clusters, UAX 29)."""
    return tuple(_GRAPHEME.findall(text))


def is_cjk(character: str) -> bool:
    """Whether a character belongs to a script, or to its punctuation, that is written without spaces."""
    return CJK.match(character) is not None


def width(text: str) -> int:
    """Columns that a line takes in a fixed-width font: two for a Chinese character and most emoji."""
    columns = wcswidth(text)
    return columns if columns >= 0 else len(text)


def printable(text: str) -> str:
    """The text without control characters (line ends and tabs stay), half surrogates and bidirectional overrides.

    Nothing that a model writes can then move a terminal's cursor, or show words in another order than they have.
    """
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def preview(text: str, length: int) -> str:
    """The first words on one line, at most `length` characters that people see, with … where more follows."""
    line = " ".join(printable(text).split())
    seen = graphemes(line)
    return line if len(seen) <= length else "".join(seen[: length - 1]).rstrip() + "…"
