"""The trainer as the core sees it: ratings are collected, a run's folder is made, a process of its own does the rest.

The process (`bot.training.worker`) is heard through its standard output and ended with its standard input.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import filelock
import structlog

from bot.domain.training import (
    Collected,
    Stage,
    TrainingEvent,
    TrainingMetric,
    TrainingOrder,
    TrainingProgress,
    TrainingReport,
)
from bot.errors import TrainingFailed
from bot.ports import UnitOfWorkFactory
from bot.settings import LearningSettings
from bot.training import provenance
from bot.training.collecting import collect
from bot.training.folder import Order, RunFolder
from bot.training.splitting import split

log = structlog.get_logger(__name__)

_SOURCE = Path(__file__).parents[2]
_LONGEST_LINE = 2**20
# Threads at a barrier sleep soon instead of spinning: the cores are shared with the bot and its engine. And memory that
# is given back stays with the process: a step's largest tensors are otherwise mapped, and cleared by the kernel, anew
# each time, which takes a tenth of the step.
SURROUNDINGS = {
    "GOMP_SPINCOUNT": "5000",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(2**40),
    "MALLOC_TOP_PAD_": str(2**26),
}


class LocalTrainer:
    """Implements `bot.ports.Trainer` on this machine."""

    def __init__(self, settings: LearningSettings, units: UnitOfWorkFactory) -> None:
        self._settings = settings
        self._units = units
        self._runs = settings.data_folder / "runs"

    def is_running(self) -> bool:
        """Whether a run is under way on this data folder, in this process or another."""
        lock = RunFolder(self._runs / "any").lock
        if not lock.exists():
            return False
        try:
            with filelock.FileLock(lock, blocking=False):
                return False
        except filelock.Timeout:
            return True

    async def collect(self) -> Collected:
        """What may be learned from now, and how much was left out for which reason."""
        return await collect(self._units, self._settings)

    async def train(self, order: TrainingOrder) -> AsyncGenerator[TrainingEvent, None]:
        """Train and test in a process of its own; the last event is a TrainingReport. Closing the generator ends it.

        Raises:
            TrainingFailed: the run cannot go on; its line says why.
        """
        folder = RunFolder(self._runs / order.run_id)
        try:
            await asyncio.to_thread(self._begin, folder, order)
            process = await _start(folder)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            line = "training.disk_full" if full else "training.not_started"
            raise TrainingFailed(line, detail=f"{type(error).__name__}: {error.strerror}") from error
        log.info("training process started", run=order.run_id, pid=process.pid)
        try:
            async for message in _messages(process):
                if (event := _event(message)) is not None:
                    yield event
                elif message["kind"] == "failed":
                    raise TrainingFailed(message["line"], detail=message["detail"], **message["values"])
                else:
                    break
            yield await _ending(folder, process)
        finally:
            await _end(process)
            await asyncio.to_thread(_leave_no_words, folder)

    def _begin(self, folder: RunFolder, order: TrainingOrder) -> None:
        if not self.is_running():
            provenance.strip_all(self._runs)
        parts = split(order.collected.examples, order.seed)
        in_service = str(self._settings.data_folder / order.in_service) if order.in_service else None
        told = Order(
            recipe=order.recipe,
            seed=order.seed,
            base=self._settings.text_model,
            in_service=in_service,
            threads=self._settings.training_threads,
            nice=self._settings.training_nice,
        )
        folder.begin(told, parts.train, parts.heldout)


def _leave_no_words(folder: RunFolder) -> None:
    try:
        provenance.strip_words(folder)
    except OSError as error:
        log.error("the words of a run's examples could not be removed", run=folder.path.name, error=error.strerror)


async def _start(folder: RunFolder) -> asyncio.subprocess.Process:
    path = os.pathsep.join(part for part in (str(_SOURCE), os.environ.get("PYTHONPATH", "")) if part)
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot.training.worker",
        str(folder.path),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **SURROUNDINGS, "PYTHONPATH": path},
        limit=_LONGEST_LINE,
        # Ctrl-C in a terminal goes to the whole group; the bot ends its processes itself.
        start_new_session=True,
    )


async def _messages(process: asyncio.subprocess.Process) -> AsyncIterator[dict[str, Any]]:
    assert process.stdout is not None
    async for line in process.stdout:
        message: dict[str, Any] = json.loads(line)
        yield message


def _event(message: dict[str, Any]) -> TrainingProgress | TrainingMetric | None:
    fields = {name: value for name, value in message.items() if name != "kind"}
    match message["kind"]:
        case "progress":
            return TrainingProgress(**fields | {"stage": Stage(fields["stage"])})
        case "metric":
            return TrainingMetric(**fields)
        case _:
            return None


async def _ending(folder: RunFolder, process: asyncio.subprocess.Process) -> TrainingReport:
    """The report; without one the process was ended from outside."""
    code = await process.wait()
    report = await asyncio.to_thread(folder.report)
    if code == 0 and report is not None:
        return report
    if code < 0:
        name = signal.Signals(-code).name
        raise TrainingFailed("training.killed", detail=f"ended by {name}", signal=name)
    raise TrainingFailed("training.broken", detail=f"ended with code {code}")


async def _end(process: asyncio.subprocess.Process) -> None:
    """See the process off. It has nothing to save: what it made is whole, or is not there."""
    if process.returncode is None:
        process.kill()
    await process.wait()
