"""What happens to one request, from whoever works on it to whoever reads it."""

from __future__ import annotations

import asyncio

from bot.domain.generation import Finished, FinishReason, GenerationEvent, GenerationRequest, Piece, Started


class Mailbox:
    """The events of one request, in order. It has one end: Finished or an error; what is put after that is dropped."""

    def __init__(self, request: GenerationRequest) -> None:
        self.request = request
        self.ended = False
        self.has_pieces = False
        self.release: str | None = None
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self._events: asyncio.Queue[GenerationEvent | BaseException] = asyncio.Queue()

    def put(self, event: GenerationEvent | BaseException) -> None:
        """Add an event, or the error that ends the request."""
        if self.ended:
            return
        self.ended = isinstance(event, Finished | BaseException)
        self.has_pieces = self.has_pieces or isinstance(event, Piece)
        self._events.put_nowait(event)

    def start(self, release: str) -> None:
        """Started, unless it was said already: a request that is run again has one beginning for its reader."""
        if release != self.release:
            self.release = release
            self.put(Started(release))

    def finish(self, reason: FinishReason) -> None:
        """End the request with the tokens counted so far."""
        self.put(Finished(reason, self.prompt_tokens, self.completion_tokens))

    def __aiter__(self) -> Mailbox:
        """The events until the end, for one reader; an error that was put is raised."""
        return self

    async def __anext__(self) -> GenerationEvent:
        if self.ended and self._events.empty():
            raise StopAsyncIteration
        event = await self._events.get()
        if isinstance(event, BaseException):
            raise event
        return event
