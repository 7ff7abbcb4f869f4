"""A typed line read by its marks, for commands whose main option is a name.

`/persona poet instructions: answer in verse for:me`: words behind an option's mark are its value, up to the next mark;
words before the first one are the name. A choice or a number takes one word, and what follows it belongs to the name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.domain.command_types import Command, Option, OptionType
from bot.domain.messages import OptionValue

_QUOTED = r'"[^"]*"(?!\S)|“[^”]*”(?!\S)|「[^」]*」(?!\S)'


def read_marked(command: Command, rest: str) -> dict[str, str]:
    """The options that the words behind a command's name set, as typed."""
    names = "|".join(re.escape(option.name) for option in command.options)
    mark = re.compile(rf"(?<!\S)(?P<name>{names}):\s*(?P<quoted>{_QUOTED})?", re.IGNORECASE)
    options: dict[str, str] = {}
    free: list[str] = []
    rest = _leading_choice(command, rest, options)
    end, named, literal = 0, None, ""
    for match in [*mark.finditer(rest), None]:
        words = rest[end : match.start() if match else len(rest)].strip()
        free += _set(options, named, literal, words)
        if match is not None:
            end, named, literal = match.end(), command.option(match["name"].lower()), match["quoted"] or ""
    name = " ".join(word for word in free if word)
    if name and command.main is not None:
        options[command.main.name] = name
    return options


def write_marked(command: Command, options: Mapping[str, OptionValue]) -> list[str]:
    """The words of a line that `read_marked` reads back."""
    main = command.main
    assert main is not None
    name = str(options.get(main.name, "")).strip()
    plain = read_marked(command, name) == {main.name: name}
    words = [name if plain and not re.search(r"\s", name) else f"{main.name}:{quoted(name)}"] if name else []
    return words + [f"{key}:{quoted(value)}" for key, value in options.items() if key != main.name]


def quoted(value: OptionValue) -> str:
    """A value as it stands behind its mark: in quotation marks where it has several words."""
    words = str(value).strip()
    return '"' + words.replace('"', "'") + '"' if re.search(r"\s", words) else words


def _set(options: dict[str, str], option: Option | None, literal: str, words: str) -> list[str]:
    """Give an option what stands behind its mark (`literal`: in quotation marks); the words that are left over."""
    if option is None:
        return [words]
    if literal:
        options[option.name] = literal[1:-1]
        return [words]
    if option.type is OptionType.TEXT:
        options[option.name] = words
        return []
    options[option.name], left = (*words.split(maxsplit=1), "", "")[:2]
    return [left]


def _leading_choice(command: Command, rest: str, options: dict[str, str]) -> str:
    """A first word that is a choice of the first choice option sets that one."""
    first = next((option for option in command.options if option.type is OptionType.CHOICE), None)
    word, left = (*rest.split(maxsplit=1), "", "")[:2]
    if first is None or all(choice.value != word.lower() for choice in first.choices):
        return rest
    options[first.name] = word
    return left
