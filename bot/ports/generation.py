"""What writes, paints and is trained: the engine, the painter, the trainer.

Implemented in `bot/engine/` and `bot/training/`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from bot.domain.generation import (
    EngineHealth,
    GenerationEvent,
    GenerationRequest,
    PaintEvent,
    PaintRequest,
    PromptMessage,
)
from bot.domain.training import Collected, TrainingEvent, TrainingOrder


class TextGenerator(Protocol):
    """The engine's door."""

    def health(self) -> EngineHealth:
        """How the engine is now; never waits."""
        ...

    async def count_tokens(self, messages: Sequence[PromptMessage]) -> Sequence[int]:
        """What each message costs in the prompt, its share of the chat template included.

        A generator that cannot count (a remote one) estimates from above.

        Raises:
            EngineLoading, EngineDown: the model is not there to count.
        """
        ...

    def generate(self, request: GenerationRequest) -> AsyncGenerator[GenerationEvent, None]:
        """Submit a request and stream what happens: Queued*, Started, Piece*, Finished.

        The request enters the line at the first `anext`. Closing the generator cancels it. A generator that restarts
        before the first piece runs the request again by itself.

        Raises:
            PromptTooLong, RequestRejected: at once, before the request takes a slot.
            EngineDied: the engine stopped after a piece was given.
            EngineLoading, EngineDown: there is no engine to wait for.
        """
        ...

    async def cancel(self, request_id: str) -> None:
        """End a request: its stream ends with Finished(CANCELLED). An unknown id is nothing to do."""
        ...


class ReleaseHost(Protocol):
    """A generator that can serve LoRA weights beside its base model. Both engines are one."""

    async def load_release(self, name: str, lora_folder: str) -> None:
        """Make LoRA weights servable under a name, beside what is loaded. An engine that restarts loads them again.

        A name that ends in @ and 8 hex digits is checked against the weights' fingerprint.

        Raises:
            ModelError: they are missing, damaged, other weights than the name says, or made for another model.
            EngineLoading, EngineDown: there is no engine.
        """
        ...

    async def serve_release(self, name: str) -> None:
        """From the next request on, answer those that name no release with this one; "" is the base model.

        Requests in flight end on the weights that began them.

        Raises:
            ModelError: it is not loaded.
        """
        ...

    async def unload_release(self, name: str) -> None:
        """Let go of a release once its requests in flight have ended. One that is not loaded is nothing to do."""
        ...


class Engine(TextGenerator, ReleaseHost, Protocol):
    """The generation engine as the core has it: local or remote."""


class Trainer(Protocol):
    """Ratings to a tested candidate."""

    def is_running(self) -> bool:
        """Whether a run is under way on this data folder, in this process or another."""
        ...

    async def collect(self) -> Collected:
        """What may be learned from now, and how much was left out for which reason."""
        ...

    def train(self, order: TrainingOrder) -> AsyncGenerator[TrainingEvent, None]:
        """Train and test in a process of its own; the last event is a TrainingReport. Closing the generator ends it.

        Raises:
            TrainingFailed: the run cannot go on (no memory, disk full, missing base, killed); its line says which.
        """
        ...


class TrainingRecords(Protocol):
    """The examples that past runs and imports keep."""

    async def forget(self, person: str) -> Sequence[str]:
        """Erase those that hold a person's words or votes; the ids of the runs that learned from any.

        Raises:
            StorageError: a file cannot be read or rewritten.
        """
        ...


class Painter(Protocol):
    """Words to pictures."""

    def health(self) -> EngineHealth:
        """How the painter is now; never waits."""
        ...

    def paint(self, request: PaintRequest) -> AsyncGenerator[PaintEvent, None]:
        """Queued*, PaintProgress*, Painted. Closing the iterator cancels.

        Raises:
            PainterMissing: none is set.
            RequestRejected, EngineLoading, EngineDown: as for text.
        """
        ...
