"""The run's process when things go wrong before it learned anything: it says what happened, and leaves no report."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import filelock
import pytest

from bot.domain.lines import LINES
from bot.domain.training import Collected, Stage, TrainingEvent, TrainingOrder, TrainingProgress
from bot.errors import ModelError, TrainingFailed
from bot.training.folder import RunFolder
from bot.training.rows import CorruptExample
from bot.training.trainer import LocalTrainer
from bot.training.worker import explain
from storage.unit_of_work import SqlUnitOfWorkFactory
from tests.engine.conftest import writer_folder as writer_folder
from tests.training.talk import learning
from tests.training.toys import begin, votes

# Each starts a process that imports torch and its trainers.
pytestmark = pytest.mark.slow

ORDER = TrainingOrder("run-1", "quick", Collected(votes(50)), None, seed=1)


@pytest.fixture
def trainer(tmp_path: Path, units: SqlUnitOfWorkFactory, writer_folder: Path) -> LocalTrainer:
    settings = learning(tmp_path, TEXT_MODEL=str(writer_folder), TRAINING_THREADS="1", TRAINING_NICE="0")
    return LocalTrainer(settings, units)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "runs" / "run-1")


async def failure_of(trainer: LocalTrainer, order: TrainingOrder = ORDER) -> TrainingFailed:
    with pytest.raises(TrainingFailed) as caught:
        async for _ in trainer.train(order):
            pass
    return caught.value


async def up_to(events: AsyncIterator[TrainingEvent], stage: Stage) -> None:
    """Follow a run until it says that it is at a stage."""
    async for event in events:
        if isinstance(event, TrainingProgress) and event.stage is stage:
            return


async def test_a_missing_base_is_named(tmp_path: Path, units: SqlUnitOfWorkFactory, folder: RunFolder) -> None:
    settings = learning(tmp_path, TEXT_MODEL=str(tmp_path / "nowhere"))

    failed = await failure_of(LocalTrainer(settings, units))

    assert failed.line == "training.missing_base"
    assert "nowhere" in failed.detail
    assert folder.report() is None


async def test_an_unknown_recipe_is_answered_with_the_known_ones(trainer: LocalTrainer) -> None:
    failed = await failure_of(trainer, TrainingOrder("run-1", "grand", Collected(votes(50)), None, seed=1))

    assert failed.line == "training.unknown_recipe"
    assert LINES[failed.line].en.format(**failed.values).endswith("quick, standard, thorough.")


async def test_a_second_start_is_refused_while_the_first_goes_on(trainer: LocalTrainer, folder: RunFolder) -> None:
    folder.path.mkdir(parents=True)
    with filelock.FileLock(folder.lock):
        failed = await failure_of(trainer)

        assert failed.line == "training.already_running"
        assert trainer.is_running()

    assert not trainer.is_running()


async def test_a_corrupt_example_is_named_by_its_line(
    trainer: LocalTrainer, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = RunFolder.begin

    def begin_badly(self: RunFolder, *args: object) -> None:
        begin(self, *args)  # type: ignore[arg-type]
        with (self.path / "train.jsonl").open("a") as file:
            file.write('{"kind": "verd\n')

    monkeypatch.setattr(RunFolder, "begin", begin_badly)

    failed = await failure_of(trainer)

    assert failed.line == "training.corrupt_example"
    assert failed.values == {"file": "train.jsonl", "number": "36"}
    assert "greet" not in folder.log.read_text()


@pytest.mark.slow
async def test_a_full_disk_is_told_before_anything_is_learned(trainer: LocalTrainer, folder: RunFolder) -> None:
    folder.path.mkdir(parents=True)
    (folder.path / "settings.json.part").symlink_to("/dev/full")

    failed = await failure_of(trainer)

    assert failed.line == "training.disk_full"
    assert not folder.weights.exists()


async def test_a_folder_that_cannot_be_written_is_told(trainer: LocalTrainer, folder: RunFolder) -> None:
    folder.path.parent.mkdir(parents=True)
    folder.path.write_text("a file stands in the way")

    assert (await failure_of(trainer)).line == "training.not_started"


async def test_closing_a_run_ends_its_process_and_frees_the_lock(trainer: LocalTrainer, folder: RunFolder) -> None:
    async with aclosing(trainer.train(ORDER)) as events:
        await up_to(events, Stage.PREPARING)
        assert trainer.is_running()

    assert not trainer.is_running()
    assert folder.report() is None
    assert "greet" not in (folder.path / "train.jsonl").read_text()


async def test_the_process_ends_when_the_bot_is_gone(tmp_path: Path, writer_folder: Path) -> None:
    run = begin(tmp_path / "runs", writer_folder, votes(50))
    reading, writing = os.pipe()
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.training.worker", str(run.path), stdin=reading, stdout=asyncio.subprocess.PIPE
    )
    os.close(reading)
    assert worker.stdout is not None
    assert b"preparing" in await worker.stdout.readline()

    # The kernel closes a killed bot's end of the pipe.
    os.close(writing)

    async with asyncio.timeout(60):
        assert await worker.wait() == 0
    assert run.report() is None


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(28, "No space left on device"), "training.disk_full"),
        (OSError(27, "File too large"), "training.disk_full"),
        (
            RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)"),
            "training.disk_full",
        ),
        (MemoryError(), "training.no_memory"),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"),
            "training.no_memory",
        ),
        (ModelError("The model folder x does not exist."), "training.missing_base"),
        (CorruptExample("train.jsonl", 3), "training.corrupt_example"),
        (ValueError("whatever"), "training.broken"),
    ],
)
def test_each_error_has_a_line_in_both_languages(error: Exception, line: str) -> None:
    failed = explain(error)

    assert failed.line == line
    assert LINES[line].en.format(**failed.values)
    assert LINES[line].zh.format(**failed.values)


def test_what_an_error_quotes_is_not_logged() -> None:
    assert "secret words" not in explain(ValueError("secret words")).detail
