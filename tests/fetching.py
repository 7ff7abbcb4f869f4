"""A painter whose model has to come from the Hub, as page and terminal see it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from bot.domain.generation import (
    Download,
    EngineHealth,
    EngineState,
    Painted,
    PaintEvent,
    PaintRequest,
    Queued,
)

MODEL = "org/painter"


@dataclass
class FetchedPainter:
    """A quarter of its model is here, and a picture waits; once `unreachable` is set, the bundled one draws."""

    unreachable: asyncio.Event = field(default_factory=asyncio.Event)

    def health(self) -> EngineHealth:
        if self.unreachable.is_set():
            return EngineHealth(EngineState.READY, "bundled", "bundled", 0, replaced=MODEL)
        return EngineHealth(EngineState.LOADING, MODEL, MODEL, 0, download=Download(12_300_000, 49_000_000))

    async def paint(self, request: PaintRequest) -> AsyncGenerator[PaintEvent, None]:
        yield Queued(1)
        await self.unreachable.wait()
        yield Painted((b"\x89PNG",), {"seed": 7}, (7,))
