"""Whole runs with the real process on the tiny writer: what is learned, what is refused, and what a kill leaves."""

from __future__ import annotations

import hashlib
import json
import os
import re
import resource
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from bot.domain.training import Collected, Stage, TrainingMetric, TrainingOrder, TrainingProgress, TrainingReport
from bot.engine import lora, weights
from bot.errors import TrainingFailed
from bot.training.folder import RunFolder
from bot.training.trainer import LocalTrainer
from storage.unit_of_work import SqlUnitOfWorkFactory
from tests.engine.conftest import writer_folder as writer_folder
from tests.training.talk import learning
from tests.training.toys import DISLIKED, begin, pair, votes

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ORDER = TrainingOrder("run-1", "quick", Collected((*votes(60), *(pair(200 + number) for number in range(10)))), None, 1)


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


@pytest.fixture
def trainer(tmp_path: Path, units: SqlUnitOfWorkFactory, writer_folder: Path) -> LocalTrainer:
    settings = learning(tmp_path, TEXT_MODEL=str(writer_folder), TRAINING_THREADS="1", TRAINING_NICE="0")
    return LocalTrainer(settings, units)


def worker_of(folder: RunFolder) -> psutil.Process:
    """The process of a run that is under way, a child of this one."""
    found = [one for one in psutil.Process().children() if str(folder.path) in one.cmdline()]
    assert len(found) == 1
    return found[0]


async def test_toy_votes_are_learned_and_the_base_stays_as_it_was(
    trainer: LocalTrainer, tmp_path: Path, writer_folder: Path
) -> None:
    before = hashes(writer_folder)
    events = [event async for event in trainer.train(ORDER)]

    report = events[-1]
    assert isinstance(report, TrainingReport)
    figures = report.figures
    # Liked answers became likelier, disliked less likely, on prompts that were held out.
    assert figures["liked_gain"].value > 0 > figures["disliked_gain"].value
    assert "gate.ranking_gain" not in report.failed_gates
    assert figures["ranking_after"].value > 0.9
    assert report.used["verdict"] == 45
    assert report.used["pair"] == 10
    assert hashes(writer_folder) == before
    stages = [event.stage for event in events if isinstance(event, TrainingProgress)]
    assert list(dict.fromkeys(stages)) == list(Stage)
    curves = {event.name for event in events if isinstance(event, TrainingMetric)}
    assert curves == {"sft_loss", "kto_loss", "dpo_loss"}
    check_folder(RunFolder(tmp_path / "runs" / "run-1"), report, writer_folder)


def check_folder(folder: RunFolder, report: TrainingReport, base: Path) -> None:
    """What a run leaves: weights that the engine can merge, every setting, a picture; no pickles, nobody's words."""
    data = folder.path.parent.parent
    assert folder.report() == report
    assert data / report.weights == folder.weights
    assert lora.fingerprint(folder.weights) == report.fingerprint
    assert sorted(path.name for path in folder.weights.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
    assert json.loads((folder.weights / "adapter_config.json").read_text())["base_model_name_or_path"] == base.name
    assert (data / report.picture).read_bytes().startswith(b"\x89PNG")
    settings = json.loads((folder.path / "settings.json").read_text())
    assert settings["base"]["fingerprint"] == weights.fingerprint(base)
    assert settings["data_fingerprint"] == report.data_fingerprint
    assert {"sft", "kto", "dpo"} == set(settings["phases"])
    texts = [path for path in folder.path.rglob("*") if path.is_file() and path.suffix in (".jsonl", ".txt", ".json")]
    assert not any(DISLIKED in path.read_text() for path in texts if path.name != "report.json")
    kinds = {path.suffix for path in folder.path.rglob("*") if path.is_file()}
    assert kinds == {".json", ".jsonl", ".safetensors", ".png", ".txt"}

    import torch

    model = weights.load_model(base, torch.float32, "cpu")
    untouched = weights.load_model(base, torch.float32, "cpu")
    lora.merge(model, folder.weights)
    changed = [
        name
        for (name, new), old in zip(model.named_parameters(), untouched.parameters(), strict=True)
        if not new.equal(old)
    ]
    assert changed
    assert all("proj" in name for name in changed)


async def test_inverted_votes_are_refused(trainer: LocalTrainer, monkeypatch: pytest.MonkeyPatch) -> None:
    begin_as_is = RunFolder.begin

    def begin_inverted(self: RunFolder, order: object, train: tuple, heldout: tuple) -> None:  # type: ignore[type-arg]
        turned = tuple(replace(one, good=not one.good) for one in train)
        begin_as_is(self, order, turned, heldout)  # type: ignore[arg-type]

    monkeypatch.setattr(RunFolder, "begin", begin_inverted)
    order = replace(ORDER, collected=Collected(votes(60)))

    report = [event async for event in trainer.train(order)][-1]

    assert isinstance(report, TrainingReport)
    assert not report.passed
    assert "gate.ranking_gain" in report.failed_gates
    assert report.figures["ranking_after"].value < 0.5


@pytest.mark.parametrize("stage", [Stage.SUPERVISED, Stage.PREFERENCE, Stage.TESTING, Stage.SAMPLING])
async def test_a_run_killed_at_any_stage_leaves_nothing_to_serve(
    stage: Stage, trainer: LocalTrainer, tmp_path: Path, writer_folder: Path
) -> None:
    before, folder = hashes(writer_folder), RunFolder(tmp_path / "runs" / "run-1")

    async def kill() -> None:
        async for event in trainer.train(ORDER):
            if isinstance(event, TrainingProgress) and event.stage is stage:
                worker_of(folder).send_signal(signal.SIGKILL)

    with pytest.raises(TrainingFailed) as caught:
        await kill()

    assert caught.value.line == "training.killed"
    assert caught.value.values == {"signal": "SIGKILL"}
    assert folder.report() is None
    assert not trainer.is_running()
    assert hashes(writer_folder) == before


async def test_running_out_of_memory_is_told(trainer: LocalTrainer, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "runs" / "run-1")

    async def starve() -> None:
        async for event in trainer.train(ORDER):
            if isinstance(event, TrainingProgress) and event.stage is Stage.SUPERVISED:
                worker = worker_of(folder)
                limit = worker.memory_info().vms
                resource.prlimit(worker.pid, resource.RLIMIT_AS, (limit, limit))

    with pytest.raises(TrainingFailed) as caught:
        await starve()

    # C++ that cannot allocate may end the process at once.
    assert caught.value.line in ("training.no_memory", "training.killed")
    assert folder.report() is None


def test_a_disk_that_fills_while_weights_are_written_leaves_none(tmp_path: Path, writer_folder: Path) -> None:
    folder = begin(tmp_path / "runs", writer_folder, votes(60))

    command = f"ulimit -f 48; exec {sys.executable} -m bot.training.worker {folder.path}"
    worker = subprocess.Popen(
        ["bash", "-c", command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    # Its input stays open until it has said its last: it would end with it.
    with worker:
        assert worker.stdout is not None
        last = json.loads(worker.stdout.read().splitlines()[-1])

    assert last["line"] == "training.disk_full"
    assert not folder.weights.exists()
    assert folder.report() is None


async def test_equal_orders_give_equal_weights(trainer: LocalTrainer) -> None:
    orders = [replace(ORDER, run_id=f"run-{number}", collected=Collected(votes(50))) for number in (1, 2)]

    first, second = [[event async for event in trainer.train(order)][-1] for order in orders]

    assert isinstance(first, TrainingReport)
    assert isinstance(second, TrainingReport)
    assert re.fullmatch("[0-9a-f]{64}", first.fingerprint)
    assert first.fingerprint == second.fingerprint
    assert first.data_fingerprint == second.data_fingerprint
