"""The local engine's asyncio side: the port's door before one worker process that holds the model.

Which release answers is decided here, request by request. Who is next is `bot.engine.requests`' business, the worker's
life `bot.engine.supervision`'s, and tensors, tokenizers and model folders are the worker's own (`bot.engine.worker`).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress

import structlog

from bot.domain.generation import (
    Download,
    EngineHealth,
    EngineState,
    GenerationEvent,
    GenerationRequest,
    PromptMessage,
)
from bot.engine.questions import Questions, WorkerLost
from bot.engine.releases import Releases
from bot.engine.requests import Requests
from bot.engine.supervision import Keeper, Supervisor
from bot.engine.ticket import Ticket
from bot.engine.wire import Message, pack_messages
from bot.errors import EngineDown, EngineLoading, ModelError, PromptTooLong, RequestRejected

log = structlog.get_logger(__name__)


class LocalEngine:
    """A `TextGenerator` and `ReleaseHost` over a model on this machine.

    A request is answered by the release that it names, from its first to its last word. One that was unloaded since the
    request named it is replaced by the one in service; a name that never was loaded is refused with RequestRejected.

    The same seed gives the same text whatever else is in the batch; the tests see it in float32. In bfloat16 the last
    bit of a product may depend on how many rows are computed together, and where two tokens are nearly as likely
    texts may part.

    Args:
        model: a folder or a Hub id.
        threads: for the processor's work; 0 for one a physical core.
        dtype: "auto" (by the hardware and the model's size), "float32", "bfloat16", or "int8": bfloat16 with the
            weights in int8 for steps of few requests, where the hardware and the model's family allow it.
        instead: a folder to answer with when the model is not here and the Hub does not give it; "" for none.
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
        instead: str = "",
        load_wait_s: float = 120.0,
        cache_mib: int = 0,
        max_running: int = 16,
    ) -> None:
        self._model = model
        self._options = (model, str(threads), dtype, str(cache_mib), str(max_running))
        self._instead = instead
        # Which model was set, and why it does not answer.
        self._replaced = self._excuse = ""
        self._max_running = max_running
        self._load_wait_s = load_wait_s
        self._window = 0
        self._counting = asyncio.Event()
        self._releases = Releases()
        self._worker = Supervisor(
            "engine",
            "bot.engine.worker",
            Keeper(self._arguments, self._hear, self._counting.clear, self._sort_out, self._stop),
            remedy="Give the machine more memory, or choose a smaller TEXT_MODEL.",
        )
        self._questions = Questions(self._worker.send)
        self._requests = Requests(
            self._worker.send,
            lambda: self._worker.state is EngineState.READY,
            self._releases.chosen_for,
            max_running=max_running,
            wait_s=load_wait_s,
        )
        self._handlers: dict[str, Callable[[Message], None]] = {
            "progress": self._on_progress,
            "counting": self._on_counting,
            "ready": self._on_ready,
            "download": self._on_download,
            "failed": self._on_failed,
            "counted": self._on_answer,
            "checked": self._on_answer,
            "loaded": self._on_loaded,
            "unloaded": self._on_answer,
            "unusable": lambda message: self._questions.settle(message["ask"], ModelError(message["detail"])),
            "unanswerable": self._on_unanswerable,
            "refused": self._requests.on_refused,
            "started": self._requests.on_started,
            "piece": self._requests.on_piece,
            "done": self._requests.on_done,
            "broken": self._requests.on_broken,
        }

    # --- life ---

    async def start(self) -> None:
        """Begin to load in the background, and return at once; `health` tells how it goes."""
        self._worker.start()

    async def close(self) -> None:
        """Stop the worker. Requests still in flight end with EngineDown, or EngineDied after a piece."""
        await self._worker.close()

    @property
    def worker_pid(self) -> int | None:
        """The process number of the worker while there is one."""
        return self._worker.pid

    def health(self) -> EngineHealth:
        """How the engine is now."""
        return EngineHealth(
            state=self._worker.state,
            model=self._model,
            release=self._releases.in_service,
            window=self._window,
            running=self._requests.running,
            waiting=self._requests.waiting,
            detail=" ".join(filter(None, [self._worker.detail, self._excuse, *self._releases.lost.values()])),
            capacity=self._max_running,
            releases=tuple(self._releases.folders),
            download=self._worker.download,
            replaced=self._replaced,
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
            self._requests.leave(ticket)

    async def cancel(self, request_id: str) -> None:
        """See `bot.ports.TextGenerator.cancel`. The stream ends at once; the worker is free after its present step."""
        for ticket in self._requests.named(request_id):
            self._requests.leave(ticket)

    def _open(self, request: GenerationRequest) -> Ticket:
        if not any(message.content.strip() for message in request.messages):
            raise RequestRejected(reason="the prompt is empty")
        self._refuse_when_down()
        ticket = self._requests.open(request)
        ticket.admission = asyncio.create_task(self._admit(ticket), name=f"admit {request.id}")
        ticket.admission.add_done_callback(lambda task: self._on_admitted(ticket, task))
        return ticket

    async def _admit(self, ticket: Ticket) -> None:
        """Refuse what can never be answered, before it takes a place in the line."""
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
        else:
            self._requests.join(ticket)

    # --- releases ---

    async def load_release(self, name: str, lora_folder: str) -> None:
        """See `bot.ports.ReleaseHost.load_release`.

        It costs the memory of the products that its weights change (all of them, for the usual targets); embeddings,
        norms and the rest are the base model's. A worker that is started later loads it again before it is ready; where
        that fails the base model serves in its place, and `health` says so.
        """
        if self._worker.state is not EngineState.READY:
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
        if not self._releases.remove(name) or self._worker.pid is None:
            return
        with suppress(WorkerLost, EngineDown):  # it is gone with the worker then
            await self._questions.ask("unload", release=name)

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
        if self._worker.state is EngineState.FAILED:
            raise EngineDown(detail=self._worker.detail)

    # --- what the worker says ---

    def _hear(self, message: Message) -> None:
        self._handlers[message["kind"]](message)

    def _on_progress(self, message: Message) -> None:
        self._releases.loading_again = message["release"]
        # After a death, how the last worker ended is worth more than what the next one is at.
        if self._worker.state is EngineState.LOADING:
            self._worker.detail = message["detail"]

    def _on_download(self, message: Message) -> None:
        self._worker.downloading(self._model, Download(message["done"], message["total"]))

    def _on_failed(self, message: Message) -> None:
        """Give up, or where the Hub does not give the model let the next worker load another one."""
        if not (self._instead and message["unreachable"]):
            self._worker.fail(message["detail"])
            return
        log.warning("engine.replaced", model=self._model, by=self._instead, detail=message["detail"])
        self._replaced, self._excuse = self._model, f"({message['detail']})"
        self._worker.download = None
        self._model, self._instead = self._instead, ""
        self._options = (self._model, *self._options[1:])

    def _on_counting(self, message: Message) -> None:
        self._window, self._releases.base = message["window"], message["base"]
        self._counting.set()

    def _on_ready(self, message: Message) -> None:
        for name, detail in message["unusable"].items():
            self._releases.lose(name, detail)
        self._releases.loading_again = ""
        self._window = message["window"]
        self._worker.ready(message["detail"])
        log.info("engine.ready", release=self._releases.in_service, window=self._window, detail=message["detail"])
        self._requests.advance()

    def _on_answer(self, message: Message) -> None:
        self._questions.settle(message["ask"], message)

    def _on_unanswerable(self, message: Message) -> None:
        self._questions.settle(message["ask"], RequestRejected(reason=message["reason"]))

    def _on_loaded(self, message: Message) -> None:
        self._releases.add(message["release"], message["lora"])
        log.info("engine.release_loaded", release=message["release"], mib=message["mib"])
        self._questions.settle(message["ask"], message)

    # --- for the next worker ---

    def _arguments(self) -> Sequence[str]:
        return (*self._options, json.dumps(self._releases.folders))

    def _sort_out(self, end: str) -> bool:
        is_excused = self._releases.died_loading(end)
        self._requests.run_again()
        self._questions.settle_all(WorkerLost())
        return is_excused

    def _stop(self, detail: str) -> None:
        self._counting.set()
        self._requests.end_all(detail)
        self._questions.settle_all(EngineDown(detail=detail))
