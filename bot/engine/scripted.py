"""A generator that says what a test enqueued; it ships with the engine as httpx ships its MockTransport.

It keeps the promises of `bot.ports.Engine` without any model: order of events, cancel, the window, health.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

from bot.domain.generation import (
    EngineHealth,
    EngineState,
    Finished,
    FinishReason,
    GenerationEvent,
    GenerationRequest,
    Piece,
    PromptMessage,
    Queued,
    Started,
)
from bot.engine.releases import Releases
from bot.errors import EngineDown, EngineLoading, ModelError, PromptTooLong

Step = str | asyncio.Event | Exception | Queued | Started
"""A piece, a gate to wait at until it is set, an error to raise, or an event. Started comes by itself before the first
piece when it is not given."""


@dataclass(frozen=True, slots=True)
class _Script:
    steps: tuple[Step, ...]
    finish: FinishReason = FinishReason.STOP


class ScriptedGenerator:
    """Answers each request with the next enqueued script, else with what `reply` makes of it.

    `reply` sees the request with the name of the release that answers it, so that releases can differ. A token is four
    characters, and four for the message itself.
    """

    def __init__(
        self,
        reply: Callable[[GenerationRequest], str | Sequence[Step]] | None = None,
        *,
        window: int = 4096,
        release: str = "scripted@00000000",
        capacity: int = 1,
    ) -> None:
        self.requests: list[GenerationRequest] = []
        self.cancelled: list[str] = []
        self._reply = reply
        self._window = window
        self._releases = Releases()
        self._releases.base = release
        self._capacity = capacity
        self._state = EngineState.READY
        self._detail = ""
        self._scripts: deque[_Script] = deque()
        self._in_flight: dict[str, asyncio.Event] = {}

    def enqueue(self, *steps: Step, finish: FinishReason = FinishReason.STOP) -> None:
        """Answer a coming request with these steps, and end with `finish` unless a step raises."""
        self._scripts.append(_Script(steps, finish))

    def set_health(self, state: EngineState, detail: str = "") -> None:
        """Be in another state. Unless READY, requests and counts are refused as that state demands."""
        self._state, self._detail = state, detail

    async def start(self) -> None:
        """There is nothing to start."""

    async def close(self) -> None:
        """End what is in flight, as cancelled."""
        for cancelled in self._in_flight.values():
            cancelled.set()

    def health(self) -> EngineHealth:
        """The state that was set, and how many requests are in flight."""
        return EngineHealth(
            state=self._state,
            model="scripted",
            release=self._releases.in_service,
            window=self._window,
            running=len(self._in_flight),
            detail=self._detail,
            capacity=self._capacity,
            releases=tuple(self._releases.folders),
        )

    async def count_tokens(self, messages: Sequence[PromptMessage]) -> Sequence[int]:
        """See the class."""
        self._refuse_unless_ready()
        return [_cost(message) for message in messages]

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[GenerationEvent, None]:
        """See `bot.ports.TextGenerator.generate`."""
        self._refuse_unless_ready()
        prompt_tokens = sum(_cost(message) for message in request.messages)
        if prompt_tokens >= self._window:
            raise PromptTooLong(tokens=prompt_tokens, window=self._window)
        release = self._releases.chosen_for(request.release)
        self.requests.append(request)
        script = self._next_script(replace(request, release=release))
        cancelled = self._in_flight[request.id] = asyncio.Event()
        pieces, reason = 0, FinishReason.CANCELLED
        try:
            async with aclosing(self._play(script, release, cancelled)) as events:
                async for event in events:
                    pieces += isinstance(event, Piece)
                    yield event
            reason = FinishReason.CANCELLED if cancelled.is_set() else script.finish
            yield Finished(reason, prompt_tokens, pieces)
        except Exception:
            reason = FinishReason.STOP
            raise
        finally:
            del self._in_flight[request.id]
            if reason is FinishReason.CANCELLED:
                self.cancelled.append(request.id)

    async def cancel(self, request_id: str) -> None:
        """See `bot.ports.TextGenerator.cancel`."""
        if request_id in self._in_flight:
            self._in_flight[request_id].set()

    async def load_release(self, name: str, lora_folder: str) -> None:
        """See `bot.ports.ReleaseHost`. The folder has to be there; nothing in it is read."""
        if not await asyncio.to_thread(Path(lora_folder).is_dir):
            raise ModelError(f"The folder {lora_folder} holds no LoRA weights.")
        self._releases.check_room(name)
        self._releases.add(name, lora_folder)

    async def serve_release(self, name: str) -> None:
        """See `bot.ports.ReleaseHost`."""
        self._releases.serve(name)

    async def unload_release(self, name: str) -> None:
        """See `bot.ports.ReleaseHost`. It waits for nobody, because requests in flight hold nothing."""
        self._releases.remove(name)

    def _next_script(self, request: GenerationRequest) -> _Script:
        if self._scripts:
            return self._scripts.popleft()
        if self._reply is None:
            raise AssertionError(f"no answer was enqueued for request {request.id}")
        reply = self._reply(request)
        return _Script((reply,) if isinstance(reply, str) else tuple(reply))

    async def _play(self, script: _Script, release: str, cancelled: asyncio.Event) -> AsyncGenerator[GenerationEvent]:
        started = False
        for step in script.steps:
            if isinstance(step, asyncio.Event):
                await _first(step, cancelled)
            elif isinstance(step, Exception):
                raise step
            if cancelled.is_set():
                return
            if isinstance(step, str) and not started:
                started = True
                yield Started(release)
            if isinstance(step, str):
                yield Piece(step)
            elif isinstance(step, Queued | Started):
                started = started or isinstance(step, Started)
                yield step
        if not started:
            yield Started(release)

    def _refuse_unless_ready(self) -> None:
        if self._state is EngineState.FAILED:
            raise EngineDown(detail=self._detail)
        if self._state is not EngineState.READY:
            raise EngineLoading


async def _first(*events: asyncio.Event) -> None:
    """Wait until one of the events is set."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def _cost(message: PromptMessage) -> int:
    return -(-len(message.content) // 4) + 4
