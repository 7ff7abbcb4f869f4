from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from transformers import PreTrainedTokenizerFast

from recipes import model
from recipes.clock import Budget, Schedule
from recipes.errors import NotSaved
from recipes.packing import Packer
from recipes.training import Optimizing, Trainer
from tests.recipes.conftest import full_disk
from tests.recipes.test_packing import store_of


def ticking(seconds: float) -> Iterator[float]:
    at = 0.0
    while True:
        yield at
        at += seconds


def trainer(words: PreTrainedTokenizerFast, folder: Path, seconds: float = 12, tick: float = 1.0) -> Trainer:
    """A run on a clock by which every step takes `tick` seconds."""
    torch.set_num_threads(1)
    clock = ticking(tick)
    packer = Packer(store_of(*[5, 9, 12, 20] * 20), rows=2, width=32, pad=0, seed=1)
    return Trainer(
        model.build(model.SIZES["tiny"], words, seed=3),
        packer,
        Budget(seconds),
        Optimizing(),
        folder,
        torch.device("cpu"),
        save_every=1.0,
        log_every=1,
        now=lambda: next(clock),
    )


def curve(folder: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (folder / "curve.jsonl").read_text().splitlines()]


def test_the_learning_rate_follows_the_clock() -> None:
    schedule = Schedule(warmup=0.1, decay=0.5)
    factors = [schedule.factor(share) for share in (0.05, 0.1, 0.5, 0.75, 1.0)]
    assert factors == pytest.approx([0.5, 1.0, 1.0, 0.5, 0.0])


def test_slow_steps_make_fewer_of_them_in_the_same_time(words: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    fast = trainer(words, tmp_path / "fast").run()
    slow = trainer(words, tmp_path / "slow", tick=3.0).run()
    assert (fast.step, slow.step) == (12, 4)
    assert fast.spent == slow.spent == 12


def test_the_loss_falls(words: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    trainer(words, tmp_path).run()
    losses = curve(tmp_path)
    assert losses[-1] < losses[0] - 0.3


def test_a_killed_run_goes_on_along_the_same_curve(words: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    trainer(words, tmp_path / "whole").run()
    trainer(words, tmp_path / "killed").run(stop_after=5)
    resumed = trainer(words, tmp_path / "killed").run()
    assert resumed.step == 12
    assert curve(tmp_path / "killed") == pytest.approx(curve(tmp_path / "whole"), abs=1e-4)


def test_what_a_killed_run_logged_after_its_last_checkpoint_is_logged_once(
    words: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    trainer(words, tmp_path / "whole").run()
    trainer(words, tmp_path / "killed").run(stop_after=5)
    (tmp_path / "early").mkdir()
    for name, step in (("killed", 6), ("early", 1)):
        with (tmp_path / name / "curve.jsonl").open("a") as lines:
            lines.write(json.dumps({"step": step, "loss": 1.0}) + '\n{"step": 7, "lo')

        trainer(words, tmp_path / name).run()

        assert curve(tmp_path / name) == pytest.approx(curve(tmp_path / "whole"), abs=1e-4)


def test_a_full_disk_leaves_the_last_checkpoint_valid_and_the_run_goes_on_once_there_is_room(
    words: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    trainer(words, tmp_path / "whole").run()
    folder = tmp_path / "full"
    trainer(words, folder).run(stop_after=3)
    room = trainer(words, folder).checkpoint.stat().st_size // 2

    with full_disk(room), pytest.raises(NotSaved, match=r"checkpoint\.pt could not be saved .*free some space"):
        trainer(words, folder).run()

    assert not list(folder.glob("*.part"))
    assert trainer(words, folder).progress.step == 3
    trainer(words, folder).run()
    assert curve(folder) == pytest.approx(curve(tmp_path / "whole"), abs=1e-4)
