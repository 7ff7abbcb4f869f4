"""A persona: how the bot speaks when people chose it, read from a TOML file.

    [description]
    en = "Writes in verse"
    zh = "以诗作答"

    [instructions]
    en = "You are {name}, a poet in a team chat. ..."
    zh = "你是 {name}，团队聊天里的诗人。……"

The file's name is the persona's. `{name}` stands for the bot's name. A text in one language serves readers of both, and
may then be given as a plain string.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass

from bot.domain.texts import Text

# The persona that the bot has without any: the host's instructions, else the sentence that the writer was tuned on.
DEFAULT_PERSONA = "assistant"

# Characters. Discord shows no more of a proposal than the first.
DESCRIPTION_LIMIT = 80
INSTRUCTIONS_LIMIT = 2000

_NAME = re.compile(r"[a-z0-9\u4e00-\u9fff][a-z0-9\u4e00-\u9fff_-]{0,31}")
# What `/persona` takes for something else than a name.
_TAKEN = ("off", "me", "here")


class BadPersona(ValueError):
    """A persona's file is not one; the text says why."""


@dataclass(frozen=True, slots=True)
class Persona:
    """A way to speak: its name as people type it, what it is in a line, and what the model is told."""

    name: str
    description: Text
    instructions: Text

    def speaks(self, locale: str, bot_name: str) -> str:
        """What the model is told, for a reader of this locale."""
        return self.instructions.in_locale(locale).replace("{name}", bot_name)


def read_persona(name: str, source: str) -> Persona:
    """The persona of a file of this name (without its suffix).

    Raises:
        BadPersona: the name cannot be typed, the file is no TOML, or a text is missing or too long.
    """
    if not _NAME.fullmatch(name) or name in _TAKEN:
        raise BadPersona(
            "a persona's file is named with small letters, digits, “-” and “_”, at most 32, and not "
            + ", ".join(_TAKEN)
        )
    try:
        given = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise BadPersona(f"it is not TOML: {error}") from error
    if unknown := given.keys() - {"description", "instructions"}:
        raise BadPersona(f"it has an unknown entry “{min(unknown)}”; a persona has a description and instructions")
    return Persona(
        name,
        _text(given, "description", DESCRIPTION_LIMIT),
        _text(given, "instructions", INSTRUCTIONS_LIMIT),
    )


def _text(given: dict[str, object], key: str, limit: int) -> Text:
    value = given.get(key)
    by_language = {"en": value, "zh": value} if isinstance(value, str) else value
    if not isinstance(by_language, dict) or not by_language or by_language.keys() - {"en", "zh"}:
        raise BadPersona(f"“{key}” is missing: give it as a text, or as texts in en and zh")
    texts = {language: text.strip() if isinstance(text, str) else "" for language, text in by_language.items()}
    for language, text in texts.items():
        if not text:
            raise BadPersona(f"“{key}.{language}” is no text, or an empty one")
        if len(text) > limit:
            raise BadPersona(f"“{key}.{language}” is longer than {limit} characters")
    return Text(texts.get("en") or texts["zh"], texts.get("zh") or texts["en"])
