"""Examples from files of others, or of our own making: JSON lines in the formats that `bot.training.exchange` writes.

The formats may be mixed; a line is told by its columns. Plain texts may stand for messages, and whole conversations as
`messages`. Where a row says which people it is from, that is kept, so that they can still opt out and be forgotten.

A file is taken whole or not at all: with a damaged line in it nothing is imported, and every such line is named.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from bot.domain.generation import PromptMessage, Role
from bot.domain.training import Example, ExampleKind, ExampleSource, Origin
from bot.errors import OperatorError, StorageError
from bot.training.imported import imported_folder, imported_lines
from bot.training.refining import key_of
from bot.training.rows import CorruptExample, write_examples

# The longest line that is read, and how many wrong ones are named.
LONGEST_LINE = 2**20
_NAMED = 20
# Lines read before the event loop and the progress have their turn.
_PORTION = 200

Progress = Callable[[int, int], None]
_ROLES = tuple(role.value for role in Role)


class ExamplesRefused(OperatorError):
    """A file of examples holds lines that are none, or nothing at all; the text names them."""

    exit_code = 65


@dataclass(frozen=True, slots=True)
class Imported:
    """Where the examples are kept now, how many, and how many were there already."""

    path: Path
    added: int
    duplicates: int


async def import_(data_folder: Path, file: Path, *, name: str = "", on_progress: Progress | None = None) -> Imported:
    """Check a file of examples and keep it; one imported before under the same name is replaced.

    Args:
        name: what to keep it as; the file's own name otherwise.
        on_progress: told bytes read and bytes in all, now and then.

    Raises:
        ExamplesRefused: it holds anything that is no example; nothing of it is kept.
        StorageError: a file cannot be read or written.
    """
    target = imported_folder(data_folder) / f"{_plain(name or file.stem)}.jsonl"
    part = target.with_name(f"{target.name}.part")
    try:
        await asyncio.to_thread(part.parent.mkdir, parents=True, exist_ok=True)
        try:
            with await asyncio.to_thread(file.open, "rb") as source:
                reading = _Reading(source, part)
                await asyncio.to_thread(reading.begin, imported_lines(data_folder, but=target))
                size = os.fstat(source.fileno()).st_size
                while await asyncio.to_thread(reading.go_on):
                    if on_progress is not None:
                        on_progress(reading.bytes, size)
            reading.check(file.name)
            await asyncio.to_thread(_finish, part, target)
        finally:
            await asyncio.to_thread(part.unlink, missing_ok=True)
    except OSError as error:
        raise StorageError(f"{error.filename or file}: {error.strerror}.") from error
    return Imported(target, reading.added, reading.duplicates)


def _plain(name: str) -> str:
    """The name as a file's: letters, digits, dots, dashes."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "examples"


def _finish(part: Path, target: Path) -> None:
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(target)


class _Reading:
    """One file on its way in, a portion of lines at a time; what is taken is written to `part`."""

    def __init__(self, source: BinaryIO, part: Path) -> None:
        self.bytes = self.added = self.duplicates = 0
        self._lines = enumerate(iter(lambda: source.readline(LONGEST_LINE + 1), b""), start=1)
        self._part = part
        self._known: set[str] = set()
        self._wrong: list[str] = []
        self._wrong_lines = 0
        self._now = datetime.now(UTC)

    def begin(self, others: Iterable[Example | CorruptExample]) -> None:
        """Know what is there already."""
        self._part.write_bytes(b"")
        self._known = {key_of(each) for each in others if isinstance(each, Example)}

    def go_on(self) -> bool:
        """Take the next portion; False when there is none."""
        portion = list(islice(self._lines, _PORTION))
        kept = [example for number, line in portion if (example := self._take(number, line)) is not None]
        with self._part.open("a", encoding="utf-8", newline="\n") as file:
            file.write(write_examples(kept))
        return bool(portion)

    def _take(self, number: int, line: bytes) -> Example | None:
        self.bytes += len(line)
        if not line.strip():
            return None
        try:
            example = read_line(line, self._now)
        except ValueError as error:
            self._wrong_lines += 1
            if len(self._wrong) < _NAMED:
                self._wrong.append(f"Line {number}: {error}.")
            return None
        key = key_of(example)
        if key in self._known:
            self.duplicates += 1
            return None
        self._known.add(key)
        self.added += 1
        return example

    def check(self, name: str) -> None:
        """Refuse the file if it is not wholly examples."""
        if self._wrong:
            more = self._wrong_lines - len(self._wrong)
            rest = [f"And {more} more lines."] if more else []
            told = [f"{name} was not imported; nothing of it is kept.", *self._wrong, *rest]
            raise ExamplesRefused("\n".join(told))
        if not self.added + self.duplicates:
            raise ExamplesRefused(f"{name} holds no examples.")


# --- one line -------------------------------------------------------------------------------------------------------


def read_line(line: bytes, now: datetime) -> Example:
    """The example of a line.

    Raises:
        ValueError: it is none; the text says why, in half a sentence that quotes nothing of it.
    """
    if len(line) > LONGEST_LINE:
        raise ValueError(f"it is longer than {LONGEST_LINE} bytes")
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    except (json.JSONDecodeError, RecursionError):
        raise ValueError("it is not JSON") from None
    if not isinstance(row, dict):
        raise ValueError("it is not an object in braces")
    return _example(row, _origin(row, now))


def _example(row: dict[str, Any], origin: Origin) -> Example:
    if "chosen" in row and "rejected" in row:
        if "prompt" not in row:
            return _implicit_pair(row, origin)
        chosen, rejected = _answer(row, "chosen"), _answer(row, "rejected")
        if chosen == rejected:
            raise ValueError('"chosen" and "rejected" are the same')
        return Example(ExampleKind.PAIR, _prompt(row), chosen, origin, rejected=rejected)
    if "completion" in row:
        kind = ExampleKind.VERDICT if "label" in row else ExampleKind.DEMONSTRATION
        good = row.get("label", True)
        if not isinstance(good, bool):
            raise ValueError('"label" is neither true nor false')
        return Example(kind, _prompt(row), _answer(row, "completion"), origin, good=good)
    if "messages" in row:
        *prompt, last = _conversation(row["messages"], "messages")
        return Example(ExampleKind.DEMONSTRATION, _asked(tuple(prompt)), _by_assistant(last, "messages"), origin)
    raise ValueError('it needs "prompt" and "completion", "prompt", "chosen" and "rejected", or "messages"')


def _implicit_pair(row: dict[str, Any], origin: Origin) -> Example:
    """Two conversations that are the same but for their last message."""
    *prompt, better = _conversation(row["chosen"], "chosen")
    *other, lesser = _conversation(row["rejected"], "rejected")
    if prompt != other:
        raise ValueError('without "prompt", "chosen" and "rejected" must be conversations with the same beginning')
    chosen, rejected = _by_assistant(better, "chosen"), _by_assistant(lesser, "rejected")
    if chosen == rejected:
        raise ValueError('"chosen" and "rejected" are the same')
    return Example(ExampleKind.PAIR, _asked(tuple(prompt)), chosen, origin, rejected=rejected)


def _prompt(row: dict[str, Any]) -> tuple[PromptMessage, ...]:
    given = row.get("prompt")
    if isinstance(given, str):
        return (PromptMessage(Role.USER, _words(given, "prompt")),)
    return _asked(tuple(_conversation(given, "prompt")))


def _asked(prompt: tuple[PromptMessage, ...]) -> tuple[PromptMessage, ...]:
    if not prompt or prompt[-1].role is not Role.USER:
        raise ValueError("what is answered must end with a message of the user")
    return prompt


def _answer(row: dict[str, Any], column: str) -> str:
    given = row[column]
    if isinstance(given, str):
        return _words(given, column)
    messages = _conversation(given, column)
    if len(messages) != 1:
        raise ValueError(f'"{column}" must hold one message')
    return _by_assistant(messages[0], column)


def _by_assistant(message: PromptMessage, column: str) -> str:
    if message.role is not Role.ASSISTANT:
        raise ValueError(f'"{column}" must end with a message of the assistant')
    return message.content


def _conversation(given: object, column: str) -> list[PromptMessage]:
    if not isinstance(given, list) or not given:
        raise ValueError(f'"{column}" must be a text or a list of messages')
    messages = []
    for message in given:
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            raise ValueError(f'a message in "{column}" needs a "role" of {", ".join(_ROLES)}')
        messages.append(PromptMessage(Role(message["role"]), _words(message.get("content"), column)))
    return messages


def _words(given: object, column: str) -> str:
    if not isinstance(given, str) or not given.strip():
        raise ValueError(f'"{column}" holds no text')
    # What no file or tokenizer can take: half of a character that was cut.
    return given.encode("utf-8", "replace").decode()


def _origin(row: dict[str, Any], now: datetime) -> Origin:
    """Where a row of our own export came from; a hand-written one is the host's."""
    people = row.get("people")
    named = tuple(one for one in people if isinstance(one, str)) if isinstance(people, list) else ()
    texts = {name: row[name] for name in ("turn", "place", "rated_by", "release") if isinstance(row.get(name), str)}
    return Origin(
        ExampleSource.IMPORTED,
        _moment(row.get("at"), now),
        turn_id=texts.get("turn", ""),
        place=texts.get("place", ""),
        rated_by=texts.get("rated_by", ""),
        people=named,
        release=texts.get("release"),
    )


def _moment(given: object, now: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(given) if isinstance(given, str) else now
    except ValueError:
        return now
    return moment if moment.tzinfo else now
