"""Imported examples: DATA_FOLDER/imported/*.jsonl, a row of `bot.training.rows` a line.

They are the host's own, free of the rules for chat; a file is taken out of learning by deleting it. What an import
takes is decided in `bot.training.exchange`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bot.domain.training import Example
from bot.errors import StorageError
from bot.training.rows import CorruptExample, read_examples


def imported_folder(data_folder: Path) -> Path:
    """Where they lie."""
    return data_folder / "imported"


def read_imported(data_folder: Path) -> tuple[list[Example], int]:
    """All imported examples, and how many lines are damaged.

    Raises:
        StorageError: a file cannot be read.
    """
    examples: list[Example] = []
    damaged = 0
    for each in imported_lines(data_folder):
        if isinstance(each, Example):
            examples.append(each)
        else:
            damaged += 1
    return examples, damaged


def imported_lines(data_folder: Path, *, but: Path | None = None) -> Iterator[Example | CorruptExample]:
    """Each line of the imported files, one file left out if told so.

    Raises:
        StorageError: a file cannot be read.
    """
    for path in sorted(imported_folder(data_folder).glob("*.jsonl")):
        if path != but:
            yield from _lines(path)


def _lines(path: Path) -> Iterator[Example | CorruptExample]:
    try:
        with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
            for number, line in enumerate(file, start=1):
                try:
                    (example,) = read_examples(line.removesuffix("\n"), path.name)
                    yield example
                except ValueError:
                    # CorruptExample, or a line that holds none at all.
                    yield CorruptExample(path.name, number)
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}.") from error
