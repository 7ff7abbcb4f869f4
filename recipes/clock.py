"""A training run's budget is time: learning rates follow the share of it that is spent, not a count of steps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """Warm up, hold, then fall in a straight line to nothing by the end of the budget.

    The shape (warm-up, stable, decay) is that of arXiv 2404.06395, section 4.
    """

    warmup: float = 0.02
    decay: float = 0.5

    def factor(self, progress: float) -> float:
        """The learning rate's factor at a share of the budget from 0 to 1."""
        if progress < self.warmup:
            return max(progress / self.warmup, 0.02)
        return min(1.0, max(0.0, (1.0 - progress) / self.decay))


@dataclass(frozen=True)
class Budget:
    """How long a run may take, in seconds."""

    seconds: float

    def progress(self, spent: float) -> float:
        """The share of the budget that is spent, at most 1."""
        return min(spent / self.seconds, 1.0)
