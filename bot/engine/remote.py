"""Generation by OpenAI-compatible servers (vLLM, llama.cpp, `transformers serve`) behind the same port.

The servers batch and queue by themselves, so there is no line here: a request goes to the least busy address at once.
It is tried again, elsewhere if possible, only as long as no piece was given; after a piece the answer ends openly with
EngineDied and is never doubled. Releases are loaded into every server (`bot.engine.lora_routes`), and again into one
that does not know them any more.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import structlog

from bot.domain.generation import (
    EngineHealth,
    EngineState,
    FinishReason,
    GenerationEvent,
    GenerationRequest,
    Piece,
    PromptMessage,
)
from bot.engine import lora, lora_routes
from bot.engine.addresses import Address, Addresses
from bot.engine.completions import CompletionServer, Unavailable, UnknownModel
from bot.engine.estimate import estimate_messages
from bot.engine.mailbox import Mailbox
from bot.engine.releases import Releases
from bot.engine.text import StopGate, WholeCharacters
from bot.errors import EngineDied, EngineDown, EngineLoading, ModelError, PromptTooLong, RequestRejected

log = structlog.get_logger(__name__)

_ATTEMPTS = 3
_LONGEST_PAUSE_S = 30.0


class RemoteEngine:
    """A `TextGenerator` and `ReleaseHost` over one or several servers that serve the same model.

    A request is answered by the release that it names, as by `LocalEngine`: one that was unloaded since is replaced by
    the one in service, and a name that never was loaded is refused with RequestRejected.

    Args:
        urls: with or without `/v1` at the end.
        model: what to ask for; empty for the first that `/v1/models` names, or whatever the server serves.
        key: sent as bearer token.
        window: tokens of prompt and answer together; the servers do not tell it.
        timeout_s: until the first sign of an answer, and between two.
        connect_timeout_s: until a connection stands.
        capacity: how many requests one server advances at the same time, for `health`.
        pause_s: before the second attempt at the same address; doubled before the third.
        rest_s: how long an address that failed repeatedly is left alone.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        model: str = "",
        key: str = "",
        window: int = 8192,
        timeout_s: float = 60.0,
        connect_timeout_s: float = 5.0,
        capacity: int = 16,
        pause_s: float = 0.5,
        rest_s: float = 15.0,
    ) -> None:
        self._window = window
        self._capacity = capacity
        self._pause_s = pause_s
        self._addresses = Addresses([Address(url, rest_s) for url in urls])
        self._servers = {
            address: CompletionServer(
                address.url, model=model, key=key, timeout_s=timeout_s, connect_timeout_s=connect_timeout_s
            )
            for address in self._addresses
        }
        self._releases = Releases()
        self._in_flight: dict[Mailbox, asyncio.Task[None]] = {}
        self._first_look: asyncio.Task[None] | None = None

    # --- life ---

    async def start(self) -> None:
        """Look in the background whether the servers answer, and return at once."""
        self._first_look = asyncio.create_task(self._look(), name="first look at the servers")

    async def close(self) -> None:
        """End what is in flight, with EngineDied after a piece and EngineDown before, and close all connections."""
        for mailbox in self._in_flight:
            mailbox.put(EngineDied() if mailbox.has_pieces else EngineDown(detail="The engine is closed."))
        tasks = list(self._in_flight.values())
        if self._first_look is not None:
            tasks.append(self._first_look)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for server in self._servers.values():
            await server.close()

    def health(self) -> EngineHealth:
        """LOADING until the first look is done, RESTARTING while no address can be trusted, else READY."""
        if self._first_look is not None and not self._first_look.done():
            state = EngineState.LOADING
        elif all(address.is_resting for address in self._addresses):
            state = EngineState.RESTARTING
        else:
            state = EngineState.READY
        model = next((server.model for server in self._servers.values() if server.model), "")
        return EngineHealth(
            state=state,
            model=model,
            release=self._releases.served or model,
            window=self._window,
            running=len(self._in_flight),
            detail=" ".join([self._addresses.trouble, *self._releases.lost.values()]).strip(),
            capacity=self._capacity * len(self._servers),
            releases=tuple(self._releases.folders),
        )

    async def _look(self) -> None:
        """Ask each server for its model, and leave those alone for a while that are not there."""
        for address, server in self._servers.items():
            try:
                await self._meet(server)
            except Unavailable as fault:
                log.warning("remote.unreachable", url=address.url, detail=fault.detail)
                address.rest(fault.detail)

    # --- the port ---

    async def count_tokens(self, messages: Sequence[PromptMessage]) -> Sequence[int]:
        """Estimated from above, see `bot.engine.estimate`."""
        return estimate_messages(messages)

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[GenerationEvent, None]:
        """See `bot.ports.TextGenerator.generate`. Token counts are the server's, or estimates when it gives none."""
        if not any(message.content.strip() for message in request.messages):
            raise RequestRejected(reason="the prompt is empty")
        chosen = self._releases.chosen_for(request.release)
        mailbox = Mailbox(replace(request, release=chosen if chosen in self._releases.folders else None))
        mailbox.prompt_tokens = sum(estimate_messages(request.messages))
        work = asyncio.create_task(self._answer(mailbox), name=f"remote {request.id}")
        work.add_done_callback(lambda task: self._on_end(mailbox, task))
        self._in_flight[mailbox] = work
        try:
            async for event in mailbox:
                yield event
        finally:
            work.cancel()
            # The connection is closed by the task on its way out; that is how the server learns to stop.
            await asyncio.wait([work])

    async def cancel(self, request_id: str) -> None:
        """See `bot.ports.TextGenerator.cancel`."""
        for mailbox, work in self._in_flight.items():
            if mailbox.request.id == request_id:
                mailbox.finish(FinishReason.CANCELLED)
                work.cancel()

    # --- releases ---

    async def load_release(self, name: str, lora_folder: str) -> None:
        """See `bot.ports.ReleaseHost.load_release`. The servers must see the folder under the same path.

        A server that is away is left out; it loads the weights when it is first asked for them.
        """
        if self._first_look is not None and not self._first_look.done():
            raise EngineLoading
        if self._releases.folders.get(name) == lora_folder:
            return
        self._releases.check_room(name)
        await asyncio.to_thread(lora.check_release, name, Path(lora_folder))
        loads = (self._load_at(address, name, lora_folder) for address in self._addresses)
        outcomes = await asyncio.gather(*loads, return_exceptions=True)
        faults = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        refusals = [fault for fault in faults if not isinstance(fault, Unavailable)]
        if refusals:
            await self._unload_everywhere(name)
            raise refusals[0]
        if len(faults) == len(outcomes):
            raise EngineDown(detail=f"No server is there to load {name}. {self._addresses.trouble}")
        self._releases.add(name, lora_folder)
        log.info("remote.release_loaded", release=name, servers=len(outcomes) - len(faults))

    async def serve_release(self, name: str) -> None:
        """See `bot.ports.ReleaseHost.serve_release`."""
        self._releases.serve(name)
        log.info("remote.release_serves", release=self._releases.in_service)

    async def unload_release(self, name: str) -> None:
        """See `bot.ports.ReleaseHost.unload_release`. When it served, the base model does from now on."""
        if not self._releases.remove(name):
            return
        if running := [work for mailbox, work in self._in_flight.items() if mailbox.request.release == name]:
            await asyncio.wait(running)
        await self._unload_everywhere(name)

    async def _load_at(self, address: Address, name: str, folder: str) -> None:
        try:
            await lora_routes.load(self._servers[address].client, name, folder)
        except Unavailable as fault:
            log.warning("remote.release_not_loaded", release=name, url=address.url, detail=fault.detail)
            address.failed(fault.detail)
            raise

    async def _unload_everywhere(self, name: str) -> None:
        for address, server in self._servers.items():
            try:
                await lora_routes.unload(server.client, name)
            except Unavailable as fault:
                log.warning("remote.release_not_unloaded", release=name, url=address.url, detail=fault.detail)

    async def _load_again(self, address: Address, request: GenerationRequest) -> GenerationRequest:
        """For a server that restarted: the same request once it has the release again, or for the base model when that
        cannot be."""
        name = request.release or ""
        folder = self._releases.folders.get(name)
        if folder is not None:
            try:
                await self._load_at(address, name, folder)
                return request
            except ModelError as error:
                self._releases.lose(name, str(error))
        return replace(request, release=None)

    def _on_end(self, mailbox: Mailbox, work: asyncio.Task[None]) -> None:
        del self._in_flight[mailbox]
        if not work.cancelled() and (error := work.exception()):
            mailbox.put(error)

    # --- one request ---

    async def _answer(self, mailbox: Mailbox) -> None:
        """Have it answered by one address or another."""
        tried: set[Address] = set()
        for attempt in itertools.count(1):
            address = self._addresses.pick(tried)
            if address is None:
                raise EngineDown(detail=f"No server may be asked at the moment. {self._addresses.trouble}")
            tried.add(address)
            try:
                with address.in_use():
                    await self._answer_at(address, mailbox)
                return
            except Unavailable as fault:
                log.warning("remote.attempt_failed", request=mailbox.request.id, url=address.url, detail=fault.detail)
                pause = self._pause_after(fault, attempt, tried)
                if pause is None:
                    raise EngineDown(detail=f"{address.url}: {fault.detail}") from fault
                await asyncio.sleep(pause)

    def _pause_after(self, fault: Unavailable, attempt: int, tried: set[Address]) -> float | None:
        """Seconds until the next attempt; None when there is to be none."""
        following = self._addresses.pick(tried)
        if attempt == _ATTEMPTS or following is None:
            return None
        if following not in tried:
            return 0.0
        if fault.hung or fault.again_s > _LONGEST_PAUSE_S:
            return None
        backoff: float = self._pause_s * 2 ** (attempt - 1) * random.uniform(0.8, 1.2)
        return max(fault.again_s, backoff)

    async def _answer_at(self, address: Address, mailbox: Mailbox) -> None:
        """Have it answered by this address, and remember how that went.

        Raises:
            Unavailable: it gave no piece.
            EngineDied: it gave some, and then failed.
        """
        try:
            await self._ask(address, mailbox)
        except PromptTooLong as error:
            raise PromptTooLong(tokens=mailbox.prompt_tokens, window=self._window) from error
        except Unavailable as fault:
            if fault.hurts:
                address.failed(fault.detail)
            if mailbox.has_pieces:
                log.warning("remote.died", request=mailbox.request.id, url=address.url, detail=fault.detail)
                raise EngineDied from fault
            raise
        address.succeeded()

    async def _ask(self, address: Address, mailbox: Mailbox) -> None:
        server, request = self._servers[address], mailbox.request
        await self._meet(server)
        try:
            await self._pass_on(server, mailbox, request)
        except UnknownModel:
            if request.release is None:
                raise
            await self._pass_on(server, mailbox, await self._load_again(address, request))

    async def _meet(self, server: CompletionServer) -> None:
        await server.find_model()
        self._releases.base = self._releases.base or server.model

    async def _pass_on(self, server: CompletionServer, mailbox: Mailbox, request: GenerationRequest) -> None:
        """Put the server's answer into the mailbox: whole characters, and nothing of a stop string."""
        gate, characters = StopGate(request.sampling.stop), WholeCharacters()
        reason, usage = FinishReason.STOP, None
        async with aclosing(server.stream(request, self._room(mailbox))) as deltas:
            async for delta in deltas:
                mailbox.start(mailbox.release or request.release or delta.model or server.model)
                reason, usage = delta.reason or reason, delta.usage or usage
                mailbox.completion_tokens += bool(delta.text)
                _say(mailbox, gate.push(characters.push(delta.text)))
                if gate.stopped:
                    break
        _say(mailbox, gate.finish())
        if usage is not None:
            mailbox.prompt_tokens, mailbox.completion_tokens = usage
        mailbox.finish(FinishReason.STOP if gate.stopped else reason)

    def _room(self, mailbox: Mailbox) -> int:
        """The most tokens to ask for, so that prompt and answer fit. Whether the prompt fits is the server's word."""
        asked = mailbox.request.sampling.max_tokens
        room = self._window - mailbox.prompt_tokens
        return min(asked, room) if room > 0 else asked


def _say(mailbox: Mailbox, text: str) -> None:
    if text:
        mailbox.put(Piece(text))
