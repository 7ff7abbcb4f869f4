"""A person's examples in the files of past runs and imports, and their erasure.

Weights cannot forget: which runs learned from a person is told, so that releases built on them can be named.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from bot.errors import StorageError
from bot.training.imported import imported_folder

_LEARNED_FROM = "train.jsonl"
_TESTED_WITH = "heldout.jsonl"


class TrainingFiles:
    """Implements `bot.ports.TrainingRecords` on a data folder."""

    def __init__(self, data_folder: Path) -> None:
        self._data_folder = data_folder

    async def forget(self, person: str) -> Sequence[str]:
        """See the port."""
        return await asyncio.to_thread(self._forget, person)

    def _forget(self, person: str) -> list[str]:
        learned = []
        try:
            for run in sorted((self._data_folder / "runs").glob("*/")):
                _erase(run / _TESTED_WITH, person)
                if _erase(run / _LEARNED_FROM, person):
                    learned.append(run.name)
            # Exports of our own that were imported again name the people in them.
            for path in sorted(imported_folder(self._data_folder).glob("*.jsonl")):
                _erase(path, person)
        except OSError as error:
            raise StorageError(f"{error.filename} could not be rewritten: {error.strerror}.") from error
        return learned


def _erase(path: Path, person: str) -> int:
    """Rewrite a file of examples without a person's; how many went. A file that holds none stays as it is."""
    if not path.exists():
        return 0
    held = [_holds(line, person) for line in _lines(path)]
    if any(one is not False for one in held):
        part = path.with_name(f"{path.name}.part")
        with part.open("wb") as file:
            file.writelines(line for line, theirs in zip(_lines(path), held, strict=True) if theirs is False)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    return held.count(True)


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file


def _holds(line: bytes, person: str) -> bool | None:
    """Whether a person's words or votes are in an example; None for a damaged line, which goes too: nobody can tell."""
    try:
        origin = json.loads(line)["origin"]
        return person in (*origin["people"], origin["rated_by"])
    except (ValueError, KeyError, TypeError):
        return None
