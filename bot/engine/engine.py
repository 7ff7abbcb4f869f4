"""The local engine's asyncio side: a line of requests before one worker process that holds the model.

It keeps the worker alive, admits requests fairly, passes events on, and runs a request again when the worker died
before it had said anything. Tensors, tokenizers and model folders are the worker's business (`bot.engine.worker`).
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable, Sequence

import structlog

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
)
from bot.engine.line import Line
from bot.engine.process import WorkerProcess
from bot.engine.ticket import Ticket
from bot.engine.wire import Message, pack_messages, pack_sampling
from bot.errors import (
    EngineDied,
    EngineDown,
    EngineLoading,
    GenerationError,
    ModelError,
    PromptTooLong,
    RequestRejected,
)

log = structlog.get_logger(__name__)

_DEATHS_OF_A_REQUEST = 2
_DEATHS_BEFORE_READY = 3
_PAUSE_S = 1.0


class _WorkerLost(Exception):
    """The worker died before it answered a question."""


class LocalEngine:
    """A `TextGenerator` over a model on this machine.

    Args:
        model: a folder or a Hub id.
        threads: for the processor's work; 0 for one a physical core.
        dtype: "auto" (by the hardware), "float32" or "bfloat16".
        load_wait_s: how long a request or a count waits for an engine that is loading before EngineLoading.
        cache_mib: memory for keys and values; 0 for a share of what is free.
        max_running: how many requests are answered at the same time.
    """

    def __init__(
        self,
        model: str,
        *,
        threads: int = 0,
        dtype: str = "auto",
        load_wait_s: float = 120.0,
        cache_mib: int = 0,
        max_running: int = 16,
    ) -> None:
        self._model = model
        self._arguments = (model, str(threads), dtype, str(cache_mib), str(max_running))
        self._weights = ("", "")  # the release that a worker begins with, and its folder; empty: the base model
        self._max_running = max_running
        self._load_wait_s = load_wait_s
        self._state = EngineState.LOADING
        self._detail = ""
        self._release = ""
        self._window = 0
        self._numbers = itertools.count()
        self._tickets: dict[int, Ticket] = {}
        self._line: Line[Ticket] = Line()
        self._running: dict[int, Ticket] = {}
        self._asks: dict[int, asyncio.Future[Message]] = {}
        self._counting = asyncio.Event()
        self._worker: WorkerProcess | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._handlers: dict[str, Callable[[Message], None]] = {
            "progress": self._on_progress,
            "counting": self._on_counting,
            "ready": self._on_ready,
            "failed": lambda message: self._fail(message["detail"]),
            "counted": self._on_answer,
            "checked": self._on_answer,
            "used": self._on_used,
            "unusable": lambda message: self._settle(message["ask"], ModelError(message["detail"])),
            "refused": self._on_refused,
            "started": self._on_started,
            "piece": self._on_piece,
            "done": self._on_done,
            "broken": self._on_broken,
        }

    # --- life ---

    async def start(self) -> None:
        """Begin to load in the background, and return at once; `health` tells how it goes."""
        self._supervisor = asyncio.create_task(self._supervise(), name="engine supervisor")
        self._supervisor.add_done_callback(self._on_supervisor_end)

    async def close(self) -> None:
        """Stop the worker. Requests still in flight end with EngineDown, or EngineDied after a piece."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.wait([self._supervisor])
        self._stop("The engine is closed.")

    @property
    def worker_pid(self) -> int | None:
        """The process number of the worker while there is one."""
        return None if self._worker is None else self._worker.pid

    def health(self) -> EngineHealth:
        """How the engine is now."""
        return EngineHealth(
            state=self._state,
            model=self._model,
            release=self._release,
            window=self._window,
            running=len(self._running),
            waiting=self._count_waiting(),
            detail=self._detail,
            capacity=self._max_running,
        )

    # --- the port ---

    async def count_tokens(self, messages: Sequence[PromptMessage]) -> Sequence[int]:
        """What each message costs; see `ChatPrompts.count` for what is counted on the last.

        Raises:
            EngineLoading, EngineDown: the tokenizer is not there.
            RequestRejected: a text is not valid Unicode.
        """
        answer = await self._ask("count", messages)
        counts: list[int] = answer["tokens"]
        return counts

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[GenerationEvent, None]:
        """See `bot.ports.TextGenerator.generate`."""
        ticket = self._open(request)
        try:
            async for event in ticket:
                yield event
        finally:
            self._leave(ticket)

    async def cancel(self, request_id: str) -> None:
        """See `bot.ports.TextGenerator.cancel`. The stream ends at once; the worker is free after its present step."""
        for ticket in list(self._tickets.values()):
            if ticket.request.id == request_id:
                self._leave(ticket)

    async def use_release(self, name: str, lora_folder: str | None) -> None:
        """Put LoRA weights into service under a name, or with None the base model (under its own name, `name` unread).

        Requests in flight end on the weights that began them. A name that ends in @ and 8 hex digits is checked against
        the weights' fingerprint. A worker that is started later begins with these weights.

        Raises:
            ModelError: they cannot be used; those in service stay.
            EngineLoading, EngineDown: there is no engine.
        """
        if self._state is not EngineState.READY:
            self._refuse_when_down()
            raise EngineLoading
        weights = (name, lora_folder) if lora_folder else ("", "")
        try:
            await self._ask_once("use", release=weights[0], lora=weights[1])
        except _WorkerLost as error:
            raise EngineLoading from error
        self._weights = weights

    # --- a request's way ---

    def _open(self, request: GenerationRequest) -> Ticket:
        if not any(message.content.strip() for message in request.messages):
            raise RequestRejected(reason="the prompt is empty")
        if any(ticket.request.id == request.id for ticket in self._tickets.values()):
            raise RequestRejected(reason="a request of this id is being answered already")
        self._refuse_when_down()
        ticket = Ticket(next(self._numbers), request)
        self._tickets[ticket.number] = ticket
        self._limit_wait(ticket)
        ticket.admission = asyncio.create_task(self._admit(ticket), name=f"admit {request.id}")
        ticket.admission.add_done_callback(lambda task: self._on_admitted(ticket, task))
        return ticket

    async def _admit(self, ticket: Ticket) -> None:
        """Refuse what can never be answered, before it takes a place in the line."""
        if not self._counting.is_set():
            self._tell_position(ticket, self._count_waiting())
        answer = await self._ask("check", ticket.request.messages)
        ticket.prompt_tokens = answer["tokens"]
        if ticket.prompt_tokens >= self._window:
            raise PromptTooLong(tokens=ticket.prompt_tokens, window=self._window)

    def _on_admitted(self, ticket: Ticket, admission: asyncio.Task[None]) -> None:
        if admission.cancelled() or ticket.ended:
            return
        if error := admission.exception():
            ticket.put(error)
            return
        self._line.add(ticket.request.person, ticket)
        self._advance()

    def _advance(self) -> None:
        """Hand requests to the worker while it has room, and tell the others where they stand."""
        while self._state is EngineState.READY and self._line and self._has_room():
            ticket = self._line.pop()
            if ticket.request.release not in (None, self._release):
                ticket.put(RequestRejected(reason=f"the release {ticket.request.release} is not in service"))
                continue
            self._running[ticket.number] = ticket
            self._send(
                "run",
                id=ticket.number,
                messages=pack_messages(ticket.request.messages),
                sampling=pack_sampling(ticket.request.sampling),
            )
        for position, ticket in enumerate(self._line, start=1):
            self._tell_position(ticket, position)

    def _has_room(self) -> bool:
        """A request over which a worker may have died has no company until it says something: should the next worker
        die too, it is known whose fault it was."""
        running = self._running.values()
        return len(running) < self._max_running and not any(ticket.is_suspect for ticket in running)

    def _tell_position(self, ticket: Ticket, position: int) -> None:
        # A request that is run again was Started once, and stays so for its reader.
        if position != ticket.position and ticket.release is None:
            ticket.position = position
            ticket.put(Queued(position))

    def _count_waiting(self) -> int:
        return len(self._tickets.keys() - self._running.keys())

    def _limit_wait(self, ticket: Ticket) -> None:
        """While the engine is not ready, wait for it so long and no longer."""
        if self._state is not EngineState.READY and ticket.patience is None:
            loop = asyncio.get_running_loop()
            ticket.patience = loop.call_later(self._load_wait_s, self._lose_patience, ticket)

    def _lose_patience(self, ticket: Ticket) -> None:
        ticket.patience = None
        if self._state is not EngineState.READY:
            self._line.remove(ticket.request.person, ticket)
            ticket.put(EngineLoading())

    def _leave(self, ticket: Ticket) -> None:
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
        self._line.remove(ticket.request.person, ticket)
        self._advance()

    # --- questions to the tokenizer ---

    async def _ask(self, kind: str, messages: Sequence[PromptMessage]) -> Message:
        """Ask the worker's tokenizer, and ask again when the worker dies over it."""
        try:
            async with asyncio.timeout(self._load_wait_s):
                while True:
                    await self._counting.wait()
                    self._refuse_when_down()
                    try:
                        return await self._ask_once(kind, messages=pack_messages(messages))
                    except _WorkerLost:
                        log.info("engine.asked_again", kind=kind)
        except TimeoutError as error:
            raise EngineLoading from error

    async def _ask_once(self, kind: str, **fields: object) -> Message:
        number = next(self._numbers)
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._asks[number] = answer
        try:
            self._send(kind, ask=number, **fields)
            return await answer
        finally:
            del self._asks[number]

    def _refuse_when_down(self) -> None:
        if self._state is EngineState.FAILED:
            raise EngineDown(detail=self._detail)

    def _send(self, kind: str, **fields: object) -> None:
        if self._worker is not None:
            self._worker.send({"kind": kind, **fields})

    # --- what the worker says ---

    def _on_progress(self, message: Message) -> None:
        # After a death, how the last worker ended is worth more than what the next one is at.
        if self._state is EngineState.LOADING:
            self._detail = message["detail"]

    def _on_counting(self, message: Message) -> None:
        self._window = message["window"]
        self._counting.set()

    def _on_ready(self, message: Message) -> None:
        self._release, self._detail = message["release"], message["detail"]
        self._state = EngineState.READY
        log.info("engine.ready", release=self._release, window=self._window, detail=self._detail)
        self._advance()

    def _on_answer(self, message: Message) -> None:
        self._settle(message["ask"], message)

    def _on_used(self, message: Message) -> None:
        self._release = message["release"]
        log.info("engine.release_used", release=self._release)
        self._settle(message["ask"], message)

    def _on_refused(self, message: Message) -> None:
        error = RequestRejected(reason=message["reason"])
        if "id" in message:
            self._end_run(message["id"], error)
        else:
            self._settle(message["ask"], error)

    def _settle(self, number: int, answer: Message | Exception) -> None:
        """Answer a question, unless nobody waits for it any more."""
        question = self._asks.get(number)
        if question is None or question.done():
            return
        if isinstance(answer, Exception):
            question.set_exception(answer)
        else:
            question.set_result(answer)

    def _on_started(self, message: Message) -> None:
        self._running[message["id"]].start(message["release"])

    def _on_piece(self, message: Message) -> None:
        ticket = self._running[message["id"]]
        ticket.completion_tokens = message["tokens"]
        was_suspect = ticket.is_suspect
        ticket.put(Piece(message["text"]))
        if was_suspect:
            self._advance()

    def _on_done(self, message: Message) -> None:
        reason = FinishReason(message["reason"])
        self._end_run(message["id"], Finished(reason, message["prompt_tokens"], message["completion_tokens"]))

    def _on_broken(self, message: Message) -> None:
        request = self._running[message["id"]].request.id
        log.error("engine.generation_failed", request=request, detail=message["detail"])
        self._end_run(message["id"], GenerationError())

    def _end_run(self, number: int, end: GenerationEvent | GenerationError) -> None:
        self._running.pop(number).put(end)
        self._advance()

    # --- keeping a worker alive ---

    async def _supervise(self) -> None:
        """Start a worker, live with it, and start the next one when it died."""
        deaths_before_ready = 0
        while True:
            end, was_ready = await self._live_with_a_worker()
            if self._state is EngineState.FAILED:
                return
            deaths_before_ready = 0 if was_ready else deaths_before_ready + 1
            if deaths_before_ready == _DEATHS_BEFORE_READY:
                self._fail(
                    f"The engine's process {end} {deaths_before_ready} times in a row while it loaded {self._model}. "
                    "Give the machine more memory, or choose a smaller model."
                )
                return
            self._detail = f"The engine's process {end}; a new one is being started."
            self._sort_out_after_death()
            await asyncio.sleep(_PAUSE_S * deaths_before_ready)

    async def _live_with_a_worker(self) -> tuple[str, bool]:
        """Run one worker to its end: how it ended, and whether it had been ready."""
        try:
            self._worker = worker = await WorkerProcess.start("bot.engine.worker", (*self._arguments, *self._weights))
        except OSError as error:
            return f"could not be started ({error.strerror})", False
        try:
            async for message in worker.messages():
                self._handlers[message["kind"]](message)
        finally:
            self._worker = None
            was_ready = self._state is EngineState.READY
            if self._state is not EngineState.FAILED:
                self._state = EngineState.RESTARTING
                self._counting.clear()
            end = await worker.end()
        log.warning("engine.worker_ended", pid=worker.pid, end=end, running=len(self._running))
        return end, was_ready

    def _sort_out_after_death(self) -> None:
        """Run requests again that showed nothing, once; ask questions again; let nobody wait without limit."""
        for ticket in reversed(self._running.values()):
            ticket.deaths += 1
            if ticket.ended:
                continue
            if ticket.has_pieces or ticket.deaths == _DEATHS_OF_A_REQUEST:
                log.warning("engine.request_set_aside", request=ticket.request.id, deaths=ticket.deaths)
                ticket.put(EngineDied())
            else:
                self._line.add_first(ticket.request.person, ticket)
        self._running.clear()
        for ticket in self._line:
            self._limit_wait(ticket)
        for number in self._asks:
            self._settle(number, _WorkerLost())

    def _fail(self, detail: str) -> None:
        log.error("engine.failed", detail=detail)
        self._stop(detail)

    def _stop(self, detail: str) -> None:
        """From now on there is no engine, and nothing to wait for."""
        self._state, self._detail = EngineState.FAILED, detail
        self._counting.set()
        for ticket in self._tickets.values():
            ticket.put(EngineDied() if ticket.has_pieces else EngineDown(detail=detail))
        for number in self._asks:
            self._settle(number, EngineDown(detail=detail))
        self._running.clear()

    def _on_supervisor_end(self, supervisor: asyncio.Task[None]) -> None:
        if not supervisor.cancelled() and (error := supervisor.exception()):
            log.error("engine.supervisor_failed", error=type(error).__name__, exc_info=error)
            self._fail(f"The engine's supervision failed ({type(error).__name__}).")
