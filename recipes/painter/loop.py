"""The loop that all stages share: steps until the time is used up, along a learning rate that follows the clock.

Everything that chance decides in a step follows from the seed and the step's number, so a killed run goes on along the
same curve. A checkpoint is written beside the last one and renamed over it: a full disk leaves the last one valid.
"""

from __future__ import annotations

import contextlib
import functools
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from recipes import checkpoints
from recipes.clock import Budget, Schedule

Losses = dict[str, float]


class Stateful(Protocol):
    """A module, an optimizer, an average: what a checkpoint holds."""

    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state: dict[str, Any], /) -> Any: ...


@dataclass
class Progress:
    """Where a stage stands. `spent` is in seconds."""

    step: int = 0
    spent: float = 0.0
    pictures: int = 0


@functools.lru_cache(maxsize=4)
def _order(count: int, seed: int, epoch: int) -> Tensor:
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed * 100_003 + epoch))


def deal(count: int, batch: int, step: int, seed: int = 0) -> Tensor:
    """The batch of a step, as indexes: every picture comes once before one comes twice."""
    pieces, start, end = [], step * batch, (step + 1) * batch
    while start < end:
        epoch, at = divmod(start, count)
        pieces.append(_order(count, seed, epoch)[at : at + end - start])
        start += len(pieces[-1])
    return torch.cat(pieces)


def attention_for(device: torch.device) -> contextlib.AbstractContextManager[Any]:
    """On a processor the plain products: its fused kernel takes five times as long backwards over so few tokens."""
    return contextlib.nullcontext() if device.type == "cuda" else sdpa_kernel(SDPBackend.MATH)


class Average:
    """A running average of weights over the last share of the run, however long that is.

    The power function of arXiv 2312.02696, section 3.1: with gamma 16.97 it spans about 5 % of the steps done.
    """

    GAMMA = 16.97

    def __init__(self, module: nn.Module) -> None:
        self._step = 0
        self.weights = {name: value.detach().clone() for name, value in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Take the module's present weights in."""
        self._step += 1
        share = 1.0 - (1.0 - 1.0 / self._step) ** (self.GAMMA + 1.0)
        torch._foreach_lerp_(list(self.weights.values()), list(module.state_dict().values()), share)

    def state_dict(self) -> dict[str, Any]:
        return {"step": self._step, "weights": self.weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._step, self.weights = state["step"], state["weights"]


@dataclass
class Stage:
    """One time-boxed run in a folder of its own. `step` takes the step's number and the progress from 0 to 1.

    `now` is the clock, in seconds; tests hand in another.
    """

    folder: Path
    state: dict[str, Stateful]
    step: Callable[[int, float], Losses]
    optimizers: list[torch.optim.Optimizer]
    batch: int
    budget: Budget
    device: torch.device
    schedule: Schedule = field(default_factory=Schedule)
    seed: int = 0
    save_every: float = 90.0
    log_every: float = 15.0
    now: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.progress = Progress()
        self._rates = [group["lr"] for optimizer in self.optimizers for group in optimizer.param_groups]
        if self.checkpoint.exists():
            saved = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
            for name, part in self.state.items():
                part.load_state_dict(saved[name])
            self.progress = Progress(**saved["progress"])
            print(f"resumed at step {self.progress.step}, {self.progress.spent / 60:.1f} min in", flush=True)
        checkpoints.rewind(self.curve, self.progress.step)

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    @property
    def curve(self) -> Path:
        return self.folder / "curve.jsonl"

    def save(self) -> None:
        """The run as it stands."""
        parts: dict[str, Any] = {name: part.state_dict() for name, part in self.state.items()}
        checkpoints.save(self.checkpoint, parts | {"progress": asdict(self.progress)})

    def _set_rates(self, factor: float) -> None:
        groups = (group for optimizer in self.optimizers for group in optimizer.param_groups)
        for group, rate in zip(groups, self._rates, strict=True):
            group["lr"] = rate * factor

    def _log(self, losses: list[Losses], since: Progress) -> None:
        spent = self.progress.spent - since.spent
        line = {
            "step": self.progress.step,
            "minutes": round(self.progress.spent / 60, 3),
            "pictures_per_second": round((self.progress.pictures - since.pictures) / max(spent, 1e-9), 1),
        } | {name: round(sum(loss[name] for loss in losses) / len(losses), 5) for name in losses[-1]}
        with self.curve.open("a", encoding="utf-8") as curve:
            curve.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)

    def run(self, stop_after: int | None = None) -> Progress:
        """Train until the budget is spent (or, for tests, for some steps)."""
        last, saved = self.now(), self.progress.spent
        since, losses = Progress(**asdict(self.progress)), list[Losses]()
        while self.progress.spent < self.budget.seconds and stop_after != 0:
            share = self.budget.progress(self.progress.spent)
            self._set_rates(self.schedule.factor(share))
            torch.manual_seed(self.seed * 1_000_003 + self.progress.step)
            losses.append(self.step(self.progress.step, share))
            at = self.now()
            self.progress.spent, last = self.progress.spent + at - last, at
            self.progress.step += 1
            self.progress.pictures += self.batch
            stop_after = None if stop_after is None else stop_after - 1
            if self.progress.spent - since.spent >= self.log_every:
                self._log(losses, since)
                since, losses = Progress(**asdict(self.progress)), []
            if self.progress.spent - saved >= self.save_every:
                self.save()
                saved = self.progress.spent
        self.save()
        return self.progress


def report(progress: Progress, batch: int, **more: Any) -> dict[str, Any]:
    """What a finished stage tells the card."""
    return {
        "minutes": round(progress.spent / 60, 1),
        "steps": progress.step,
        "batch": batch,
        "pictures": progress.pictures,
        "pictures_per_second": round(progress.pictures / max(progress.spent, 1e-9), 1),
    } | more
