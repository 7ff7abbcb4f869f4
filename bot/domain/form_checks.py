"""What a form may demand of a text, by name: each check reads its value from the form's file and names a fault.

A fault is a line of `bot.domain.writing_lines` with its values: the model is asked again with it, and people are told.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.domain.lengths import count, is_mostly_chinese

CheckValue = int | bool | tuple[str, ...] | tuple[int, ...]

_FENCE = re.compile(r"^```[ \t]*([\w+#.-]*)[^\n]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_SUBJECT = re.compile(r"\A\W{0,4}(?:subject|主题|标题)\W{0,4}[:：]\W{0,4}\S", re.IGNORECASE)
_VERSE_END = re.compile(r"[，。！？；、,.!?;\s]+")
_TITLE_LINE = re.compile(r"\A\s*(?:#+\s*.*|\**《[^》\n]*》\**)\s*\n")
_NUMBERED = re.compile(r"\d+[.)、]")
_ITEM = re.compile(r"\s*(?:[-*•+]|\d+[.)、])\s*\S")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a text: the key of a line, and its values."""

    line: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checked:
    """A text as a check sees it. `language` is the one asked for, in lower case ("chinese", "python"), or ""."""

    text: str
    language: str = ""

    @property
    def lines(self) -> list[str]:
        """The lines that are not empty."""
        return [line.strip() for line in self.text.splitlines() if line.strip()]

    @property
    def verses(self) -> list[str]:
        """A classical poem's verses, without its title: what stands between two marks."""
        return [verse for verse in _VERSE_END.split(_TITLE_LINE.sub("", self.text)) if verse]


@dataclass(frozen=True, slots=True)
class Kind:
    """A check: how its value is read (ValueError: what it must be), and what is wrong with a text (None: nothing)."""

    read: Callable[[object], CheckValue]
    fault: Callable[[Checked, CheckValue], Fault | None]


@dataclass(frozen=True, slots=True)
class Check:
    """A check of a form: its name in `CHECKS`, and its value."""

    name: str
    value: CheckValue

    def fault(self, text: str, language: str = "") -> Fault | None:
        """What is wrong with a text; None when it passes."""
        return CHECKS[self.name].fault(Checked(text, language), self.value)


def read_check(name: str, value: object) -> Check:
    """A check as a form's file gives it.

    Raises:
        ValueError: there is no such check, or the value is not one of its kind; the text says what may stand there.
    """
    if name not in CHECKS:
        raise ValueError(f'there is no check "{name}"; there are {", ".join(CHECKS)}')
    try:
        return Check(name, CHECKS[name].read(value))
    except ValueError as error:
        raise ValueError(f'the check "{name}" must be {error}, not {value!r}') from None


def blocks_of(text: str) -> list[tuple[str, str]]:
    """The fenced blocks of a text: each one's language (in lower case, "" without one) and code."""
    return [(language.lower(), code) for language, code in _FENCE.findall(text)]


# --- values ---------------------------------------------------------------------------------------------------------


def _number(value: object) -> CheckValue:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("a number from 1")
    return value


def _yes(value: object) -> CheckValue:
    if value is not True:
        raise ValueError("true")
    return value


def _marks(value: object) -> CheckValue:
    if not isinstance(value, list) or not value or not all(isinstance(mark, str) and mark for mark in value):
        raise ValueError('a list of texts, such as ["- "]')
    return tuple(value)


def _numbers(value: object) -> CheckValue:
    if not isinstance(value, list) or not value:
        raise ValueError("a list of numbers, such as [5, 7]")
    for number in value:
        _number(number)
    return tuple(value)


# --- faults ---------------------------------------------------------------------------------------------------------


def _max_words(text: Checked, most: CheckValue) -> Fault | None:
    return _over("check.max_words", count(text.text), most)


def _max_characters(text: Checked, most: CheckValue) -> Fault | None:
    return _over("check.max_characters", len(text.text), most)


def _max_lines(text: Checked, most: CheckValue) -> Fault | None:
    return _over("check.max_lines", len(text.lines), most)


def _over(line: str, found: int, most: CheckValue) -> Fault | None:
    assert isinstance(most, int)
    return Fault(line, {"count": found, "limit": most}) if found > most else None


def _one_line(text: Checked, _: CheckValue) -> Fault | None:
    return Fault("check.one_line") if len(text.lines) > 1 else None


def _lines_begin_with(text: Checked, marks: CheckValue) -> Fault | None:
    assert isinstance(marks, tuple)
    allowed = tuple(str(mark) for mark in marks)
    numbered = "1. " in allowed
    wrong = [line for line in text.lines if not line.startswith(allowed) and not (numbered and _NUMBERED.match(line))]
    return Fault("check.lines_begin_with", {"marks": " ".join(f"“{mark}”" for mark in allowed)}) if wrong else None


def _min_items(text: Checked, least: CheckValue) -> Fault | None:
    assert isinstance(least, int)
    found = sum(_ITEM.match(line) is not None for line in text.lines)
    return Fault("check.min_items", {"count": found, "limit": least}) if found < least else None


def _has_subject(text: Checked, _: CheckValue) -> Fault | None:
    return None if _SUBJECT.match(text.text.lstrip()) else Fault("check.has_subject")


def _line_lengths(text: Checked, allowed: CheckValue) -> Fault | None:
    assert isinstance(allowed, tuple)
    found = {len(verse) for verse in text.verses}
    listed = "/".join(map(str, allowed))
    return None if len(found) == 1 and found <= set(allowed) else Fault("check.line_lengths", {"allowed": listed})


def _verses(text: Checked, allowed: CheckValue) -> Fault | None:
    assert isinstance(allowed, tuple)
    found, listed = len(text.verses), "/".join(map(str, allowed))
    return None if found in allowed else Fault("check.verses", {"count": found, "allowed": listed})


def _fenced_code(text: Checked, _: CheckValue) -> Fault | None:
    blocks = blocks_of(text.text)
    if not blocks:
        return Fault("check.fenced_code")
    if text.language and not any(_named(label) in ("", _named(text.language)) for label, _ in blocks):
        return Fault("check.code_language", {"language": text.language})
    return None


def _parses(text: Checked, _: CheckValue) -> Fault | None:
    for label, code in blocks_of(text.text):
        language = _named(label or text.language)
        broken = _PARSERS[language](code) if language in _PARSERS else None
        if broken is not None:
            return Fault("check.parses", {"language": language.capitalize(), "at": broken})
    return None


def _in_language(text: Checked, _: CheckValue) -> Fault | None:
    """Chinese and what is not Chinese can be told apart; other languages are taken at their word."""
    if not text.language or not count(text.text):
        return None
    right = is_mostly_chinese(text.text) == (text.language in ("chinese", "中文"))
    return None if right else Fault("check.in_language", {"language": text.language})


_ALIASES = {
    "py": "python",
    "python3": "python",
    "js": "javascript",
    "ts": "typescript",
    "sh": "bash",
    "shell": "bash",
    "c++": "cpp",
    "c#": "csharp",
    "golang": "go",
    "rs": "rust",
    "rb": "ruby",
    "yml": "yaml",
}


def _named(language: str) -> str:
    """A programming language by the one name that its others stand for."""
    return _ALIASES.get(language.lower().strip(), language.lower().strip())


def _python_breaks_at(code: str) -> int | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            ast.parse(code)
    except SyntaxError as error:
        return error.lineno or 1
    except (ValueError, RecursionError, MemoryError):
        return 1
    return None


def _json_breaks_at(code: str) -> int | None:
    try:
        json.loads(code)
    except json.JSONDecodeError as error:
        return error.lineno
    except RecursionError:
        return 1
    return None


_PARSERS: Mapping[str, Callable[[str], int | None]] = {"python": _python_breaks_at, "json": _json_breaks_at}

CHECKS: Mapping[str, Kind] = {
    "max_words": Kind(_number, _max_words),
    "max_characters": Kind(_number, _max_characters),
    "max_lines": Kind(_number, _max_lines),
    "one_line": Kind(_yes, _one_line),
    "lines_begin_with": Kind(_marks, _lines_begin_with),
    "min_items": Kind(_number, _min_items),
    "has_subject": Kind(_yes, _has_subject),
    "line_lengths": Kind(_numbers, _line_lengths),
    "verses": Kind(_numbers, _verses),
    "fenced_code": Kind(_yes, _fenced_code),
    "parses": Kind(_yes, _parses),
    "in_language": Kind(_yes, _in_language),
}
