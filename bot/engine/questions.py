"""Questions to a worker, each answered by one message that carries its number."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

from bot.engine.wire import Message


class WorkerLost(Exception):
    """The worker died before it answered a question."""


class Questions:
    """The questions that nobody answered yet. `send` takes a message's kind and fields to the worker."""

    def __init__(self, send: Callable[..., None]) -> None:
        self._send = send
        self._numbers = itertools.count()
        self._open: dict[int, asyncio.Future[Message]] = {}

    async def ask(self, kind: str, **fields: object) -> Message:
        """Ask, and wait for the answer.

        Raises:
            WorkerLost: there will be none.
            InklingError: the worker's refusal, or the engine's.
        """
        number = next(self._numbers)
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._open[number] = answer
        try:
            self._send(kind, ask=number, **fields)
            return await answer
        finally:
            del self._open[number]

    def settle(self, number: int, answer: Message | Exception) -> None:
        """Answer a question, unless nobody waits for it any more."""
        question = self._open.get(number)
        if question is None or question.done():
            return
        if isinstance(answer, Exception):
            question.set_exception(answer)
        else:
            question.set_result(answer)

    def settle_all(self, error: Exception) -> None:
        """End all questions."""
        for number in self._open:
            self.settle(number, error)
