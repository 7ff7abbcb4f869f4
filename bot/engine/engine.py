"""The local engine's asyncio side: a line of requests before one worker process that holds the model.

It keeps the worker alive, admits requests fairly, passes events on, and runs a request again when the worker died
before it had said anything. Which release answers is decided here, request by request; tensors, tokenizers and model
folders are the worker's business (`bot.engine.worker`).
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress

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
from bot.engine.questions import Questions, WorkerLost
from bot.engine.releases import Releases
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


class LocalEngine:
    """A `TextGenerator` and `ReleaseHost` over a model on this machine.

    A request is answered by the release that it names, from its first to its last word. One that was unloaded since the
    request named it is replaced by the one in service; a name that never was loaded is refused with RequestRejected.

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
        self._releases = Releases()
        self._max_running = max_running
        self._load_wait_s = load_wait_s
        self._state = EngineState.LOADING
        self._detail = ""
        self._window = 0
        self._numbers = itertools.count()
        self._tickets: dict[int, Ticket] = {}
        self._line: Line[Ticket] = Line()
        self._running: dict[int, Ticket] = {}
        self._questions = Questions(self._send, lambda: next(self._numbers))
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
            "loaded": self._on_loaded,
            "unloaded": self._on_answer,
            "unusable": lambda message: self._questions.settle(message["ask"], ModelError(message["detail"])),
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
            release=self._releases.in_service,
            window=self._window,
            running=len(self._running),
            waiting=self._count_waiting(),
            detail=" ".join([self._detail, *self._releases.lost.values()]).strip(),
            capacity=self._max_running,
            releases=tuple(self._releases.folders),
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

    # --- releases ---

    async def load_release(self, name: str, lora_folder: str) -> None:
        """See `bot.ports.ReleaseHost.load_release`.

        It costs the memory of the products that its weights change (all of them, for the usual targets); embeddings,
        norms and the rest are the base model's. A worker that is started later loads it again before it is ready; where
        that fails the base model serves in its place, and `health` says so.
        """
        if self._state is not EngineState.READY:
            self._refuse_when_down()
            raise EngineLoading
        if self._releases.folders.get(name) == lora_folder:
            return
        self._releases.check_room(name)
        try:
            await self._questions.ask("load", release=name, lora=lora_folder)
        except WorkerLost as error:
            raise EngineLoading from error

    async def serve_release(self, name: str) -> None:
        """See `bot.ports.ReleaseHost.serve_release`. It takes no time: whose words come next is decided per request."""
        self._releases.serve(name)
        log.info("engine.release_serves", release=self._releases.in_service)

    async def unload_release(self, name: str) -> None:
        """See `bot.ports.ReleaseHost.unload_release`. When it served, the base model does from now on."""
        if not self._releases.remove(name) or self._worker is None:
            return
        with suppress(WorkerLost, EngineDown):  # it is gone with the worker then
            await self._questions.ask("unload", release=name)

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
        self._releases.chosen_for(ticket.request.release)
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
            self._running[ticket.number] = ticket
            self._send(
                "run",
                id=ticket.number,
                messages=pack_messages(ticket.request.messages),
                sampling=pack_sampling(ticket.request.sampling),
                release=self._releases.chosen_for(ticket.request.release),
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
                        return await self._questions.ask(kind, messages=pack_messages(messages))
                    except WorkerLost:
                        log.info("engine.asked_again", kind=kind)
        except TimeoutError as error:
            raise EngineLoading from error

    def _refuse_when_down(self) -> None:
        if self._state is EngineState.FAILED:
            raise EngineDown(detail=self._detail)

    def _send(self, kind: str, **fields: object) -> None:
        if self._worker is not None:
            self._worker.send({"kind": kind, **fields})

    # --- what the worker says ---

    def _on_progress(self, message: Message) -> None:
        self._releases.loading_again = message["release"]
        # After a death, how the last worker ended is worth more than what the next one is at.
        if self._state is EngineState.LOADING:
            self._detail = message["detail"]

    def _on_counting(self, message: Message) -> None:
        self._window, self._releases.base = message["window"], message["base"]
        self._counting.set()

    def _on_ready(self, message: Message) -> None:
        self._detail = message["detail"]
        for name, detail in message["unusable"].items():
            self._releases.lose(name, detail)
        self._releases.loading_again = ""
        self._state = EngineState.READY
        log.info("engine.ready", release=self._releases.in_service, window=self._window, detail=self._detail)
        self._advance()

    def _on_answer(self, message: Message) -> None:
        self._questions.settle(message["ask"], message)

    def _on_loaded(self, message: Message) -> None:
        self._releases.add(message["release"], message["lora"])
        log.info("engine.release_loaded", release=message["release"], mib=message["mib"])
        self._questions.settle(message["ask"], message)

    def _on_refused(self, message: Message) -> None:
        error = RequestRejected(reason=message["reason"])
        if "id" in message:
            self._end_run(message["id"], error)
        else:
            self._questions.settle(message["ask"], error)

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
            deaths_before_ready = 0 if was_ready or self._releases.died_loading(end) else deaths_before_ready + 1
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
        releases = json.dumps(self._releases.folders)
        try:
            self._worker = worker = await WorkerProcess.start("bot.engine.worker", (*self._arguments, releases))
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
        self._questions.settle_all(WorkerLost())

    def _fail(self, detail: str) -> None:
        log.error("engine.failed", detail=detail)
        self._stop(detail)

    def _stop(self, detail: str) -> None:
        """From now on there is no engine, and nothing to wait for."""
        self._state, self._detail = EngineState.FAILED, detail
        self._counting.set()
        for ticket in self._tickets.values():
            ticket.put(EngineDied() if ticket.has_pieces else EngineDown(detail=detail))
        self._questions.settle_all(EngineDown(detail=detail))
        self._running.clear()

    def _on_supervisor_end(self, supervisor: asyncio.Task[None]) -> None:
        if not supervisor.cancelled() and (error := supervisor.exception()):
            log.error("engine.supervisor_failed", error=type(error).__name__, exc_info=error)
            self._fail(f"The engine's supervision failed ({type(error).__name__}).")
