"""`ScriptedTrainer`: a trainer of the tests', an equal citizen behind `bot.ports.Trainer`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bot.domain.generation import PromptMessage, Role
from bot.domain.training import (
    Collected,
    Example,
    ExampleKind,
    ExampleSource,
    Figure,
    Origin,
    Sample,
    Stage,
    TrainingEvent,
    TrainingMetric,
    TrainingOrder,
    TrainingProgress,
    TrainingReport,
)
from bot.errors import TrainingFailed

AT = datetime(2026, 11, 1, tzinfo=UTC)


def ratings(good: int, bad: int) -> tuple[Example, ...]:
    """So many verdicts of either kind."""
    return tuple(
        Example(
            ExampleKind.VERDICT,
            (PromptMessage(Role.USER, f"Question {number}?"),),
            f"Answer {number}.",
            Origin(ExampleSource.RATING, AT, turn_id=f"t{number}", rated_by=f"web/{number % 5}"),
            good=number < good,
        )
        for number in range(good + bad)
    )


@dataclass
class ScriptedTrainer:
    """Trains in three steps, each of which waits for `steps` where it is given, and passes or fails as told."""

    folder: Path
    collected: Collected = field(default_factory=lambda: Collected(ratings(40, 20), {"no_consent": 3}))
    failed_gates: tuple[str, ...] = ()
    error: TrainingFailed | None = None
    steps: asyncio.Semaphore | None = None
    elsewhere: bool = False
    orders: list[TrainingOrder] = field(default_factory=list)
    closed: int = 0
    figures: Mapping[str, Figure] = field(default_factory=lambda: {"ranking_after": Figure(0.71, 0.58, 0.83)})

    def is_running(self) -> bool:
        return self.elsewhere

    async def collect(self) -> Collected:
        return self.collected

    async def train(self, order: TrainingOrder) -> AsyncGenerator[TrainingEvent, None]:
        self.orders.append(order)
        try:
            for step in range(1, 4):
                if self.steps is not None:
                    await self.steps.acquire()
                yield TrainingProgress(Stage.SUPERVISED, step, 3, loss=3.0 - step, seconds_left=30.0 - step)
                yield TrainingMetric("sft_loss", step, 3.0 - step)
            if self.error is not None:
                raise self.error
            yield self._report(order)
        finally:
            self.closed += 1

    def _report(self, order: TrainingOrder) -> TrainingReport:
        weights = f"runs/{order.run_id}/weights"
        (self.folder / weights).mkdir(parents=True)
        return TrainingReport(
            passed=not self.failed_gates,
            failed_gates=self.failed_gates,
            figures=self.figures,
            samples=(Sample("Say hello.", "Hello there, my dear friend!", "Hello."),),
            weights=weights,
            fingerprint=f"{len(self.orders):064x}",
            data_fingerprint="d" * 64,
        )
