"""How what a model wrote for a form is brought into shape, by name. Words are never changed here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_OPEN_FENCE = re.compile(r"^```[^\n`]*$", re.MULTILINE)
_LABEL = re.compile(r"\A(?:title|标题|题目)\s*[:：]\s*", re.IGNORECASE)
_PAIRS = ("**", '""', "“”", "''", "「」", "《》")


def _plain(text: str, _: str) -> str:
    return text


def _title(text: str, _: str) -> str:
    """Without "Title:" before it, and marks around it."""
    text = _LABEL.sub("", text.strip("# ").strip())
    for pair in _PAIRS:
        if len(text) > 2 and text[0] == pair[0] and text[-1] == pair[1] and pair[1] not in text[1:-1].strip("*"):
            text = text.strip(pair).strip()
    return text


def _code(text: str, language: str) -> str:
    """The first fence says its language, and the last one is closed."""
    if len(_OPEN_FENCE.findall(text)) % 2:
        text = text.rstrip() + "\n```"
    word = language.lower() if re.fullmatch(r"[\w+#.-]+", language) else ""
    first = _OPEN_FENCE.search(text)
    is_bare = first is not None and first[0].strip() == "```"
    return text[: first.start()] + "```" + word + text[first.end() :] if first and is_bare else text


RENDERINGS: Mapping[str, Callable[[str, str], str]] = {"plain": _plain, "title": _title, "code": _code}
