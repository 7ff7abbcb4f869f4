"""The local engine's requests: who waits in line, who is in the worker, and what becomes of both when it dies."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

import structlog

from bot.domain.generation import Finished, FinishReason, GenerationEvent, GenerationRequest, Piece
from bot.engine.line import Line
from bot.engine.ticket import Ticket
from bot.engine.wire import Message, pack_messages, pack_sampling
from bot.errors import EngineDied, EngineDown, EngineLoading, GenerationError, RequestRejected

log = structlog.get_logger(__name__)

_DEATHS_OF_A_REQUEST = 2


class Requests:
    """All requests that are not over.

    Args:
        send: takes a message's kind and fields to the worker.
        is_ready: whether there is a worker that has loaded.
        chosen_for: the loaded release for one that a request names.
        max_running: how many the worker answers at the same time.
        wait_s: how long one waits for a worker that is not ready before EngineLoading.
    """

    def __init__(
        self,
        send: Callable[..., None],
        is_ready: Callable[[], bool],
        chosen_for: Callable[[str | None], str],
        *,
        max_running: int,
        wait_s: float,
    ) -> None:
        self._send = send
        self._is_ready = is_ready
        self._chosen_for = chosen_for
        self._max_running = max_running
        self._wait_s = wait_s
        self._numbers = itertools.count()
        self._tickets: dict[int, Ticket] = {}
        self._line: Line[Ticket] = Line()
        self._running: dict[int, Ticket] = {}

    @property
    def running(self) -> int:
        """How many are in the worker."""
        return len(self._running)

    @property
    def waiting(self) -> int:
        """How many are not."""
        return len(self._tickets.keys() - self._running.keys())

    # --- a request's way ---

    def open(self, request: GenerationRequest) -> Ticket:
        """Take a request in, before it stands in line.

        Raises:
            RequestRejected: there is one of its id.
        """
        if self.named(request.id):
            raise RequestRejected(reason="a request of this id is being answered already")
        ticket = Ticket(next(self._numbers), request)
        self._tickets[ticket.number] = ticket
        if not self._is_ready():
            ticket.tell_position(self.waiting)
            self._limit_wait(ticket)
        return ticket

    def named(self, request_id: str) -> list[Ticket]:
        """Those of this id: one or none."""
        return [ticket for ticket in self._tickets.values() if ticket.request.id == request_id]

    def join(self, ticket: Ticket) -> None:
        """Let it stand in line."""
        self._line.add(ticket.request.person, ticket.request.place, ticket)
        self.advance()

    def leave(self, ticket: Ticket) -> None:
        """Take a request out, wherever it stands. A running one keeps its place until the worker lets go of it."""
        if self._tickets.pop(ticket.number, None) is None:
            return
        ticket.finish(FinishReason.CANCELLED)
        if ticket.admission is not None:
            ticket.admission.cancel()
        if ticket.patience is not None:
            ticket.patience.cancel()
        if ticket.number in self._running:
            self._send("cancel", id=ticket.number)
        self._line.remove(ticket)
        self.advance()

    def advance(self) -> None:
        """Hand requests to the worker while it has room, and tell the others where they stand."""
        while self._is_ready() and self._line and self._has_room():
            ticket = self._line.pop()
            self._running[ticket.number] = ticket
            self._send(
                "run",
                id=ticket.number,
                messages=pack_messages(ticket.request.messages),
                sampling=pack_sampling(ticket.request.sampling),
                release=self._chosen_for(ticket.request.release),
            )
        for position, ticket in enumerate(self._line, start=1):
            ticket.tell_position(position)

    def _has_room(self) -> bool:
        """A request over which a worker may have died has no company until it says something: should the next worker
        die too, it is known whose fault it was."""
        running = self._running.values()
        return len(running) < self._max_running and not any(ticket.is_suspect for ticket in running)

    def _limit_wait(self, ticket: Ticket) -> None:
        """Wait so long for a worker that is ready, and no longer."""
        if ticket.patience is None:
            loop = asyncio.get_running_loop()
            ticket.patience = loop.call_later(self._wait_s, self._lose_patience, ticket)

    def _lose_patience(self, ticket: Ticket) -> None:
        ticket.patience = None
        if not self._is_ready():
            self._line.remove(ticket)
            ticket.put(EngineLoading())

    # --- what the worker says ---

    def on_started(self, message: Message) -> None:
        """It is being read."""
        self._running[message["id"]].start(message["release"])

    def on_piece(self, message: Message) -> None:
        """It said something."""
        ticket = self._running[message["id"]]
        ticket.completion_tokens = message["tokens"]
        was_suspect = ticket.is_suspect
        ticket.put(Piece(message["text"]))
        if was_suspect:
            self.advance()

    def on_done(self, message: Message) -> None:
        """It is over."""
        reason = FinishReason(message["reason"])
        self._end_run(message["id"], Finished(reason, message["prompt_tokens"], message["completion_tokens"]))

    def on_refused(self, message: Message) -> None:
        """It is impossible."""
        self._end_run(message["id"], RequestRejected(reason=message["reason"]))

    def on_broken(self, message: Message) -> None:
        """Its steps failed."""
        request = self._running[message["id"]].request.id
        log.error("engine.generation_failed", request=request, detail=message["detail"])
        self._end_run(message["id"], GenerationError())

    def _end_run(self, number: int, end: GenerationEvent | GenerationError) -> None:
        self._running.pop(number).put(end)
        self.advance()

    # --- when it dies ---

    def run_again(self) -> None:
        """The worker died: let those run again that showed nothing, once, and nobody wait without limit."""
        for ticket in reversed(self._running.values()):
            ticket.deaths += 1
            if ticket.ended:
                continue
            if ticket.has_pieces or ticket.deaths == _DEATHS_OF_A_REQUEST:
                log.warning("engine.request_set_aside", request=ticket.request.id, deaths=ticket.deaths)
                ticket.put(EngineDied())
            else:
                self._line.add_first(ticket)
        self._running.clear()
        for ticket in self._line:
            self._limit_wait(ticket)

    def end_all(self, detail: str) -> None:
        """There will be no worker any more."""
        for ticket in self._tickets.values():
            ticket.put(EngineDied() if ticket.has_pieces else EngineDown(detail=detail))
        self._running.clear()
