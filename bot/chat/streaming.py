"""Showing an answer while it is made: pacing, the log of sends, and the stream from the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

import structlog

from bot.chat.jobs import Job, Services
from bot.domain.conversation import Delivery, DeliveryState, Turn, TurnStatus
from bot.domain.generation import (
    Finished,
    FinishReason,
    GenerationRequest,
    Piece,
    PromptMessage,
    Queued,
    SamplingParams,
    Started,
)
from bot.domain.lines import say
from bot.domain.messages import Answer, Control, MessageRef
from bot.errors import DeliveryError, GenerationError
from bot.ports import Reply, TextGenerator, UnitOfWorkFactory

log = structlog.get_logger(__name__)


class StoredDeliveries:
    """The delivery table as one answer sees it: written around every send."""

    def __init__(self, turn_id: str, known: Sequence[Delivery], units: UnitOfWorkFactory) -> None:
        self._turn_id = turn_id
        self._units = units
        self._parts = {delivery.part: delivery for delivery in known}

    @property
    def parts(self) -> Sequence[Delivery]:
        return [self._parts[part] for part in sorted(self._parts)]

    async def sending(self, part: int) -> None:
        await self._put(Delivery(self._turn_id, part, DeliveryState.SENDING))

    async def sent(self, part: int, ref: MessageRef) -> None:
        await self._put(Delivery(self._turn_id, part, DeliveryState.SENT, ref))

    async def _put(self, delivery: Delivery) -> None:
        async with self._units() as uow:
            await uow.deliveries.put(delivery)
        self._parts[delivery.part] = delivery


class LiveReply:
    """A reply that is told every state and shows the latest one, at the platform's pace, without holding the engine up.

    A state that the platform does not take is logged and left: the last one is sent by `Reply.finish`.
    """

    def __init__(self, reply: Reply, pace: float, turn_id: str) -> None:
        self._reply = reply
        self._pace = pace
        self._turn_id = turn_id
        self._next: Callable[[], Awaitable[None]] | None = None
        self._changed = asyncio.Event()
        self._closing = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None

    async def waiting(self, position: int) -> None:
        """Tell the place in line; 0 while the answer is being made but has no words."""
        self._tell(lambda: self._reply.waiting(position))

    def show(self, text: str, note: str = "") -> None:
        """Tell the text so far."""
        self._tell(lambda: self._reply.show(text, note))

    async def close(self) -> None:
        """Let the state being shown arrive, and show no more."""
        self._closing.set()
        self._changed.set()
        if self._pump is not None:
            await self._pump

    def _tell(self, state: Callable[[], Awaitable[None]]) -> None:
        self._next = state
        self._changed.set()
        if self._pump is None:
            self._pump = asyncio.create_task(self._show_states(), name=f"show {self._turn_id}")

    async def _show_states(self) -> None:
        while not self._closing.is_set():
            await self._changed.wait()
            self._changed.clear()
            state, self._next = self._next, None
            if state is None or self._closing.is_set():
                continue
            try:
                await state()
            except DeliveryError as error:
                log.warning("state not shown", turn=self._turn_id, error=str(error))
            await self._rest()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._pace):
                await self._closing.wait()
        except TimeoutError:
            return


async def write_answer(
    job: Job, services: Services, messages: Sequence[PromptMessage], sampling: SamplingParams, *, note: str = ""
) -> Turn:
    """Wait for a slot, stream the answer to the platform, and return its turn in the last state.

    Raises:
        Refused: the line is full.
        GenerationError: the engine did not finish; `job.text` holds what it wrote.
    """
    async with services.admission.slot(job.asker.key, job.place.key, job.live.waiting):
        job.answer = replace(
            job.answer,
            prompt=tuple(messages),
            sampling=sampling,
            timings=replace(job.answer.timings, admitted=_since(job, services)),
        )
        finished = await _stream(job, services, note)
    if not job.text.strip():
        raise GenerationError("error.empty_answer")
    too_long = finished.reason is FinishReason.LENGTH
    notes = [note, say("note.length", job.locale) if too_long else ""]
    return job.answer.ended(TurnStatus.COMPLETE, job.text.strip(), "\n".join(filter(None, notes)))


async def _stream(job: Job, services: Services, note: str) -> Finished:
    """The engine's events into the job: text, release, token counts and timings."""
    assert job.answer.prompt is not None
    assert job.answer.sampling is not None
    request = GenerationRequest(
        job.answer.id, job.answer.prompt, job.answer.sampling, person=job.asker.key, place=job.place.key
    )
    await job.live.waiting(0)
    async with aclosing(services.generator.generate(request)) as events:
        async for event in events:
            match event:
                case Queued(position):
                    await job.live.waiting(position)
                case Started(release):
                    job.answer = replace(job.answer, release=release)
                case Piece(text):
                    _take_piece(job, services, text)
                    job.live.show(job.text, note)
                case Finished():
                    _take_end(job, services, event)
                    return event
    raise GenerationError


async def collect(generator: TextGenerator, request: GenerationRequest) -> str:
    """The whole text of a request that nobody watches, inside a slot that the caller holds."""
    pieces = []
    async with aclosing(generator.generate(request)) as events:
        async for event in events:
            if isinstance(event, Piece):
                pieces.append(event.text)
    return "".join(pieces).strip()


def _take_piece(job: Job, services: Services, text: str) -> None:
    if not job.text:
        timings = replace(job.answer.timings, first_piece=_since(job, services))
        job.answer = replace(job.answer, timings=timings)
    job.text += text


def _take_end(job: Job, services: Services, end: Finished) -> None:
    job.answer = replace(
        job.answer,
        prompt_tokens=end.prompt_tokens,
        completion_tokens=end.completion_tokens,
        timings=replace(job.answer.timings, finished=_since(job, services)),
    )


def _since(job: Job, services: Services) -> float:
    return round(services.clock.monotonic() - job.started, 4)


def answer_of(turn: Turn) -> Answer:
    """What is shown of a turn in its last state, and what can be pressed under it."""
    return Answer(turn.text, turn.note, turn.pictures, controls_under(turn))


def controls_under(turn: Turn) -> frozenset[Control]:
    """Made answers are rated and made again; written ones are improved upon, and continued when they broke off."""
    if turn.release is None or turn.status in (TurnStatus.REFUSED, TurnStatus.FORGOTTEN):
        return frozenset({Control.REGENERATE}) if turn.status is TurnStatus.FAILED else frozenset()
    controls = {Control.RATE, Control.REGENERATE}
    if turn.text:
        controls.add(Control.SUGGEST)
    if _broke_off(turn) and turn.text and not turn.aside:
        controls.add(Control.CONTINUE)
    return frozenset(controls)


def _broke_off(turn: Turn) -> bool:
    at_limit = turn.sampling is not None and turn.completion_tokens >= turn.sampling.max_tokens
    return at_limit or turn.status in (TurnStatus.STOPPED, TurnStatus.INTERRUPTED)
