"""Which prompts are not drawn: the words of `picture_rules.toml`, and the host's own.

A word list is blunt: it refuses what names a thing, not what means it. What was drawn is looked at by the painter.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.errors import Refused, SettingsError
from bot.settings import PictureSettings

_RULES = Path(__file__).with_name("picture_rules.toml")
_WORD = re.compile(r"\w+")
# What shows as nothing and would part a word.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
_CHINESE = re.compile(r"[\u2e80-\u9fff]")


@dataclass(frozen=True, slots=True)
class _Rule:
    """A kind of picture, and the ways to see that a prompt asks for it: each a set of patterns that occur together."""

    name: str
    ways: tuple[tuple[re.Pattern[str], ...], ...]
    hashed: frozenset[str] = frozenset()

    def forbids(self, text: str) -> bool:
        if any(all(pattern.search(text) for pattern in way) for way in self.ways):
            return True
        return bool(self.hashed) and any(_hash(word) in self.hashed for word in _WORD.findall(text))


@dataclass(frozen=True, slots=True)
class PicturePolicy:
    """The rules in force; none while the host has turned them off."""

    rules: tuple[_Rule, ...] = ()

    @classmethod
    def load(cls, settings: PictureSettings) -> PicturePolicy:
        """The rules that the settings name.

        Raises:
            SettingsError: the host's file cannot be read.
        """
        if settings.policy == "off":
            return cls()
        given: Mapping[str, Mapping[str, Any]] = tomllib.loads(_RULES.read_text(encoding="utf-8"))
        rules = [_rule(name, **kinds) for name, kinds in given.items()]
        own = _own_words(settings.blocked_words)
        return cls((*rules, *([_rule("own", any=own)] if own else [])))

    def check(self, *texts: str) -> None:
        """Look at what a picture is to be made from.

        Raises:
            Refused: the rules leave such pictures out; the line says which kind, and who can change the rules.
        """
        text = _plain(" \n ".join(texts))
        for rule in self.rules:
            if rule.forbids(text):
                raise Refused(f"paint.refused.{rule.name}")


def _rule(
    name: str, *, any: Sequence[str] = (), together: Sequence[Sequence[str]] = (), hashed: Iterable[str] = ()
) -> _Rule:
    ways: list[tuple[re.Pattern[str], ...]] = [(_pattern(any),)] if any else []
    if together:
        ways.append(tuple(map(_pattern, together)))
    return _Rule(name, tuple(ways), frozenset(hashed))


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    """Chinese words anywhere; others as whole words, blanks of any width between them."""
    return re.compile("|".join(map(_as_pattern, map(_plain, words))))


def _as_pattern(word: str) -> str:
    if _CHINESE.search(word):
        return re.escape(word)
    # A Chinese character beside it ends a Latin word too.
    blank = r"[\s_-]+"
    return rf"(?<![a-z0-9]){blank.join(map(re.escape, word.split()))}s?(?![a-z0-9])"


def _plain(text: str) -> str:
    """In lower case, full-width letters as plain ones, without accents and without what cannot be seen."""
    parts = unicodedata.normalize("NFKD", _INVISIBLE.sub("", text)).casefold()
    return "".join(character for character in parts if not unicodedata.combining(character))


def _hash(word: str) -> str:
    return hashlib.sha256(word.encode()).hexdigest()[:16]


def _own_words(path: Path | None) -> list[str]:
    """The lines of the host's file, without comments (#) and empty ones."""
    if path is None:
        return []
    try:
        lines = path.expanduser().read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"IMAGE_BLOCKED_WORDS: {path} cannot be read ({type(error).__name__}). "
            "Name a UTF-8 text file with one word or phrase a line, or leave it empty."
        ) from error
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]
