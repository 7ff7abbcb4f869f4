"""Examples to files and back, as JSON lines in the formats that TRL documents
(https://huggingface.co/docs/trl/dataset_formats, conversational):

    sft.jsonl       {"prompt": [{"role": "user", "content": …}], "completion": [{"role": "assistant", "content": …}], …}
    kto.jsonl       {"prompt": […], "completion": […], "label": true, …}
    dpo.jsonl       {"prompt": […], "chosen": […], "rejected": […], …}
    pictures.jsonl  {"prompt": "what was to be painted", "file": "images/….png", "parameters": {…}, "label": true,
                     "over": [{"file": …, "parameters": {…}}], …}: the pictures beside which this one was picked

and with each row where it comes from: source, at, turn, place, rated_by, people, release. TRL leaves columns that it
does not know alone. What is exported is what may be learned from: consented to and scrubbed. `bot.training.importing`
reads the first three back.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal, get_args

from bot.domain.generation import Role
from bot.domain.training import Example, ExampleKind, Origin
from bot.errors import StorageError
from bot.ports import UnitOfWorkFactory
from bot.settings import LearningSettings
from bot.training.collecting import collect_with
from bot.training.pictures import RatedPicture, collect_pictures, without_words
from bot.training.refining import Refinery

Format = Literal["sft", "kto", "dpo"]
FORMATS: tuple[Format, ...] = get_args(Format)
Progress = Callable[[int, int], None]
Row = dict[str, Any]

# Rows written, or lines read, before the event loop and the progress have their turn.
_PORTION = 200

_KINDS = {"sft": ExampleKind.DEMONSTRATION, "kto": ExampleKind.VERDICT, "dpo": ExampleKind.PAIR}


@dataclass(frozen=True, slots=True)
class Exported:
    """The files written with their rows, and what was left out for which reason."""

    files: Mapping[Path, int]
    dropped: Mapping[str, int]


async def export(
    units: UnitOfWorkFactory,
    settings: LearningSettings,
    folder: Path,
    *,
    formats: Sequence[Format] = FORMATS,
    on_progress: Progress | None = None,
) -> Exported:
    """Write what may be learned from, and the ratings of pictures, a file each; one that would be empty is not written.

    Args:
        on_progress: told rows written and rows in all, now and then.

    Raises:
        StorageError: the database cannot be read, or a file not be written.
        TrainingFailed: the process that scrubs the examples ended.
    """
    async with Refinery.opened(settings.training_nice) as refinery:
        collected = await collect_with(refinery, units, settings)
        pictures = await collect_pictures(refinery, units)
    parts: dict[str, list[Example] | list[RatedPicture]] = {
        name: [one for one in collected.examples if one.kind is _KINDS[name]] for name in formats
    }
    parts["pictures"] = pictures
    total, done = sum(map(len, parts.values())), 0
    files: dict[Path, int] = {}
    for name, rows in parts.items():
        if not rows:
            continue
        path = folder / f"{name}.jsonl"
        async with aclosing(_write(path, map(_row, rows))) as writing:
            async for written in writing:
                if on_progress is not None:
                    on_progress(done + written, total)
        done += len(rows)
        files[path] = len(rows)
    return Exported(files, collected.dropped)


async def _write(path: Path, rows: Iterator[Row]) -> AsyncGenerator[int, None]:
    """Write rows to a temporary name and rename it; how many there are so far, after each portion."""
    part = path.with_name(f"{path.name}.part")
    written = 0
    try:
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        try:
            await asyncio.to_thread(part.write_bytes, b"")
            while portion := list(islice(rows, _PORTION)):
                await asyncio.to_thread(_append, part, portion)
                written += len(portion)
                yield written
            await asyncio.to_thread(_finish, part, path)
        finally:
            await asyncio.to_thread(part.unlink, missing_ok=True)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}.") from error


def _append(part: Path, rows: Iterable[Row]) -> None:
    with part.open("a", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _finish(part: Path, path: Path) -> None:
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)


def _row(one: Example | RatedPicture) -> Row:
    if isinstance(one, RatedPicture):
        row: Row = {"prompt": one.prompt, "file": one.file, "parameters": dict(one.parameters), "label": one.good}
        if one.over:
            row["over"] = [{"file": each.path, "parameters": without_words(each)} for each in one.over]
        return row | _provenance(one.origin)
    row = {"prompt": [{"role": each.role.value, "content": each.content} for each in one.prompt]}
    match one.kind:
        case ExampleKind.DEMONSTRATION:
            row["completion"] = _said(one.answer)
        case ExampleKind.VERDICT:
            row |= {"completion": _said(one.answer), "label": one.good}
        case ExampleKind.PAIR:
            row |= {"chosen": _said(one.answer), "rejected": _said(one.rejected)}
    return row | _provenance(one.origin)


def _said(text: str) -> list[dict[str, str]]:
    return [{"role": Role.ASSISTANT.value, "content": text}]


def _provenance(origin: Origin) -> Row:
    return {
        "source": origin.source.value,
        "at": origin.at.isoformat(),
        "turn": origin.turn_id,
        "place": origin.place,
        "rated_by": origin.rated_by,
        "people": list(origin.people),
        "release": origin.release,
    }
