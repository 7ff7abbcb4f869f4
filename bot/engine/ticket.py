"""A request on its way through the local engine: in the line, in the worker, or on its way back into the line."""

from __future__ import annotations

import asyncio

from bot.domain.generation import GenerationRequest
from bot.engine.mailbox import Mailbox


class Ticket(Mailbox):
    """Its number names it on the wire, where request ids may come again."""

    def __init__(self, number: int, request: GenerationRequest) -> None:
        super().__init__(request)
        self.number = number
        self.position = 0
        self.deaths = 0
        self.admission: asyncio.Task[None] | None = None
        self.patience: asyncio.TimerHandle | None = None

    @property
    def is_suspect(self) -> bool:
        """Whether a worker may have died over it, and it has said nothing since."""
        return self.deaths > 0 and not (self.has_pieces or self.ended)
