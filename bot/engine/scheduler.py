"""Who takes part in the next step, and with how many tokens. Plain Python over plain state.

Requests wait in the order in which they came (the engine's line made that order fair), join when there is a slot for
all they may ever need, and leave when they end; nothing that runs is ever pushed out again. A request that still reads
its prompt takes part with a chunk of it, so that a long prompt does not stop the others' answers.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from bot.engine.cache import Slots
from bot.engine.sequence import Sequence


@dataclass(frozen=True, slots=True)
class Share:
    """A request's part in a step: its next `count` tokens after those computed."""

    sequence: Sequence
    count: int

    @property
    def is_last(self) -> bool:
        """Whether all its tokens are computed then, so that the next one can be chosen."""
        return self.sequence.computed + self.count == len(self.sequence.tokens)


class Scheduler:
    """The waiting and the running.

    Args:
        slots: where keys and values have their places.
        max_running: how many requests run at the same time.
        step_tokens: how many tokens of prompts one step reads at most.
    """

    def __init__(self, slots: Slots, max_running: int, step_tokens: int) -> None:
        self._slots = slots
        self._max_running = max_running
        self._step_tokens = step_tokens
        self.waiting: deque[Sequence] = deque()
        self.running: list[Sequence] = []

    def add(self, sequence: Sequence) -> None:
        """Let a request wait for its turn."""
        self.waiting.append(sequence)

    def admit(self) -> list[Sequence]:
        """Let in those who wait, in their order, while there is room; who joined now."""
        joined = []
        while self.waiting and len(self.running) < self._max_running:
            slot = self._slots.take(self.waiting[0].room)
            if slot is None:
                break
            sequence = self.waiting.popleft()
            sequence.slot = slot
            self.running.append(sequence)
            joined.append(sequence)
        return joined

    def schedule(self) -> list[Share]:
        """The next step: one token of each that answers, and a chunk of those that read, first come first served.

        A request that took part in a failing step goes alone, so that it is known whose fault it was.
        """
        for sequence in self.running:
            if sequence.failures:
                return [Share(sequence, min(len(sequence.tokens) - sequence.computed, self._step_tokens))]
        shares, left = [], self._step_tokens
        for sequence in self.running:
            missing = len(sequence.tokens) - sequence.computed
            if missing == 1:
                shares.append(Share(sequence, 1))
            elif left:
                shares.append(Share(sequence, min(missing, left)))
                left -= shares[-1].count
        return shares

    def remove(self, sequence: Sequence) -> None:
        """Take a request out, wherever it stands; its slot is free then."""
        if sequence.slot is None:
            self.waiting.remove(sequence)
            return
        self.running.remove(sequence)
        self._slots.give(sequence.slot)
        sequence.slot = None
