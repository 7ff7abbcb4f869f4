"""A run's folder: DATA_FOLDER/runs/<run id>.

    order.json      what was asked: recipe, seed, base model, the release to beat, niceness, threads
    train.jsonl     what is learned from, with its origins; the words go when the run has ended
    heldout.jsonl   what is only tested with, likewise
    settings.json   what it came to: every setting, versions, fingerprints
    weights/        LoRA weights in peft's format               curves.png      the report's picture
    report.json     how it ended; written last, so a folder without it holds nothing that may be served
    log.txt         what the libraries said                     scratch/        their workplace, gone at the end

Files are written to a temporary name and renamed.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.domain.training import Example, TrainingReport
from bot.training.rows import read_examples, read_report, write_examples, write_report


@dataclass(frozen=True, slots=True)
class Order:
    """What the worker is told."""

    recipe: str
    seed: int
    base: str
    in_service: str | None
    threads: int
    nice: int


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run's files."""

    path: Path

    @property
    def weights(self) -> Path:
        return self.path / "weights"

    @property
    def picture(self) -> Path:
        return self.path / "curves.png"

    @property
    def log(self) -> Path:
        return self.path / "log.txt"

    @property
    def scratch(self) -> Path:
        return self.path / "scratch"

    @property
    def lock(self) -> Path:
        """Held while a run is going; one for all runs."""
        return self.path.parent / "lock"

    def begin(self, order: Order, train: tuple[Example, ...], heldout: tuple[Example, ...]) -> None:
        """Make the folder, with all that the worker needs.

        Raises:
            OSError: it cannot be written.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        self._write("train.jsonl", write_examples(train))
        self._write("heldout.jsonl", write_examples(heldout))
        self._write("order.json", json.dumps(asdict(order)) + "\n")

    def order(self) -> Order:
        """What was asked."""
        return Order(**json.loads(self._read("order.json")))

    def examples(self) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
        """Those to learn from, and those held out.

        Raises:
            CorruptExample: a line is damaged.
        """
        train, heldout = (read_examples(self._read(name), name) for name in ("train.jsonl", "heldout.jsonl"))
        return train, heldout

    def note_settings(self, settings: dict[str, object]) -> None:
        """Keep what a run is made with."""
        self._write("settings.json", json.dumps(settings, ensure_ascii=False, indent=1) + "\n")

    def keep_weights(self, save: Callable[[Path], None]) -> None:
        """Keep weights whole or not at all: `save` writes them to the folder that it is given."""
        part = self.path / "weights.part"
        shutil.rmtree(part, ignore_errors=True)
        save(part)
        for file in part.iterdir():
            with file.open("rb") as written:
                os.fsync(written.fileno())
        part.rename(self.weights)

    def finish(self, report: TrainingReport) -> None:
        """The last file of a run."""
        self._write("report.json", write_report(report))

    def report(self) -> TrainingReport | None:
        """How the run ended; None for one that did not come to its end."""
        try:
            return read_report(self._read("report.json"))
        except FileNotFoundError:
            return None

    def _read(self, name: str) -> str:
        return (self.path / name).read_text(encoding="utf-8")

    def _write(self, name: str, text: str) -> None:
        part = self.path / f"{name}.part"
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path / name)
