"""What a line may begin with: the terminal's own words after a colon, and the commands that all platforms share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document

from bot.domain.commands import COMMANDS, Command, Option
from bot.domain.lines import Text
from bot.domain.messages import Change


class Verb(StrEnum):
    """What can be done after a colon."""

    UP = "up"
    DOWN = "down"
    SUGGEST = "suggest"
    AGAIN = "again"
    MORE = "more"
    CHANGE = "change"
    PICK = "pick"
    SHARE = "share"
    ATTACH = "attach"
    IMAGE = "image"
    HELP = "help"
    QUIT = "quit"


HELP: dict[Verb, Text] = {
    Verb.UP: Text("the last answer is good (a reason may follow)", "上一条回答很好（后面可写理由）"),
    Verb.DOWN: Text("the last answer is bad (a reason may follow)", "上一条回答不好（后面可写理由）"),
    Verb.SUGGEST: Text("what the last answer should have been", "上一条回答应该怎么写"),
    Verb.AGAIN: Text("answer again, in other words", "重新生成回答"),
    Verb.MORE: Text("go on with the last answer", "接着写上一条回答"),
    Verb.CHANGE: Text("make the last answer anew: shorter, longer, formal …", "改写上一条回答：更短、更长、更正式……"),
    Verb.PICK: Text("choose one of the last pictures by its number", "按编号选用上一组图片中的一张"),
    Verb.SHARE: Text("post the last draft as a message of its own", "把上一篇草稿作为消息发出"),
    Verb.ATTACH: Text("send a file along with the next message", "随下一条消息附上文件"),
    Verb.IMAGE: Text("where the last pictures are, and how they were made", "最近图片的位置和参数"),
    Verb.HELP: Text("these words, and the keys", "这份说明与按键"),
    Verb.QUIT: Text("leave", "离开"),
}

_VERBS = {str(verb): verb for verb in Verb}

# What an answer can be made into; which of them, the last answer tells.
CHANGES: dict[Change, Text] = {
    Change.SHORTER: Text("shorter", "更短"),
    Change.LONGER: Text("longer", "更长"),
    Change.FORMAL: Text("more formal", "更正式"),
    Change.FRIENDLY: Text("friendlier", "更亲切"),
    Change.ENGLISH: Text("in English", "译成英文"),
    Change.CHINESE: Text("in Chinese", "译成中文"),
    Change.VARY: Text("the picture, varied", "变化图片"),
    Change.ANIMATE: Text("the picture in motion", "让图片动起来"),
}

# A colon and one word of letters: ":)" and ":smile: hi" are messages.
_VERB = re.compile(r":([A-Za-z]+)(?:\s+(.*))?", re.DOTALL)
_WORD_BEFORE_CURSOR = re.compile(r"\S*$")


@dataclass(frozen=True, slots=True)
class Said:
    """A line that begins with a colon; `verb` is None when the word is not ours."""

    word: str
    verb: Verb | None
    rest: str


def read_verb(line: str) -> Said | None:
    """The line as one of the terminal's own words; None when it is a message."""
    found = _VERB.fullmatch(line.strip())
    if found is None:
        return None
    word = found[1].lower()
    return Said(word, _VERBS.get(word), (found[2] or "").strip())


def change_named(word: str) -> Change | None:
    """The change that a person means, by its word or by how it is called in either language."""
    wanted = word.strip().casefold()
    for change, label in CHANGES.items():
        if wanted in (change, label.en, label.zh):
            return change
    return None


class LineCompleter(Completer):
    """Completes commands, their options and choices, the colon words, changes, and paths after `:attach`."""

    def __init__(self, locale: str) -> None:
        self._locale = locale
        self._paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        line = document.text_before_cursor
        if line.startswith(":attach "):
            path = line.removeprefix(":attach ")
            return self._paths.get_completions(Document(path, len(path)), complete_event)
        found = _WORD_BEFORE_CURSOR.search(line)
        word = found.group() if found else ""
        return [
            Completion(text, start_position=-len(word), display_meta=meta.in_locale(self._locale))
            for text, meta in self._candidates(line, word)
            if text.startswith(word) and text != word
        ]

    def _candidates(self, line: str, word: str) -> Iterator[tuple[str, Text]]:
        if line.startswith(":") and word == line:
            yield from ((f":{verb}", HELP[verb]) for verb in Verb)
        elif line.startswith(":change "):
            yield from ((str(change), label) for change, label in CHANGES.items())
        elif line[:1] in ("/", "!") and word == line:
            yield from ((line[0] + command.name, command.help) for command in COMMANDS)
        elif line[:1] in ("/", "!"):
            name = line[1:].split(maxsplit=1)[0]
            command = next((command for command in COMMANDS if command.name == name), None)
            if command is not None:
                yield from _arguments(command, line[: len(line) - len(word)].split()[1:])


def _arguments(command: Command, given: list[str]) -> Iterator[tuple[str, Text]]:
    """Bare choices where one is expected, then `option:` and `option:choice` for what is not set yet."""
    bare = next((option for option in command.options if option.choices), None)
    if bare is not None and not given:
        yield from ((choice.value, choice.label) for choice in bare.choices)
    for option in command.options:
        if not option.main and not any(word.startswith(f"{option.name}:") for word in given):
            yield from _option(option)


def _option(option: Option) -> Iterator[tuple[str, Text]]:
    if option.choices:
        yield from ((f"{option.name}:{choice.value}", choice.label) for choice in option.choices)
    else:
        yield f"{option.name}:", option.help
