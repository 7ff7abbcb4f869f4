"""A request on its way through the local engine: in the line, in the worker, or on its way back into the line."""

from __future__ import annotations

import asyncio

from bot.domain.generation import GenerationRequest, Queued
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

    def tell_position(self, position: int) -> None:
        """Say where it stands, if that is news. One that is run again was Started once, and stays so for its reader."""
        if position != self.position and self.release is None:
            self.position = position
            self.put(Queued(position))
