"""Showing an answer while it is made: the pace of its states, and the log of its sends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from bot.chat.together import Write
from bot.domain.conversation import Delivery, DeliveryState
from bot.domain.messages import MessageRef
from bot.errors import DeliveryError
from bot.ports import Reply, UnitOfWork

log = structlog.get_logger(__name__)

# Of a platform's pace: how long the first state is held back.
FIRST_SHARE = 0.2


class StoredDeliveries:
    """The delivery table as one answer sees it: written around every send.

    While an answer grows, each send is two transactions of its own. Those of its last state share the transactions
    that are needed anyway: the first send is announced as the answer is recorded, and what arrived is written with
    whatever is written next, at the latest as the event is closed.
    """

    def __init__(self, turn_id: str, known: Sequence[Delivery], keep: Callable[[Write], Awaitable[None]]) -> None:
        """`keep` runs a write, and returns once it is committed."""
        self._turn_id = turn_id
        self._keep = keep
        self._parts = {delivery.part: delivery for delivery in known}
        self._is_announced = False
        self._shares = False
        self._unwritten: list[Delivery] = []

    @property
    def parts(self) -> Sequence[Delivery]:
        return [self._parts[part] for part in sorted(self._parts)]

    async def sending(self, part: int) -> None:
        if part == 0 and self._is_announced:
            self._is_announced = False
            return
        await self._put(Delivery(self._turn_id, part, DeliveryState.SENDING))

    async def sent(self, part: int, ref: MessageRef) -> None:
        await self._put(Delivery(self._turn_id, part, DeliveryState.SENT, ref), later=self._shares)

    async def announce(self, uow: UnitOfWork) -> None:
        """In the transaction that records the answer: its last state is about to be sent."""
        self._shares = True
        if not self._parts:
            await uow.deliveries.put(Delivery(self._turn_id, 0, DeliveryState.SENDING))
            self._is_announced = True

    async def settle(self, uow: UnitOfWork) -> None:
        """In a transaction of the caller's: write what arrived and is not written yet."""
        for delivery in self._unwritten:
            await uow.deliveries.put(delivery)

    async def flush(self) -> None:
        """Write what arrived, where there is anything to write."""
        count = len(self._unwritten)
        if count:
            await self._keep(self.settle)
            del self._unwritten[:count]

    async def _put(self, delivery: Delivery, *, later: bool = False) -> None:
        self._unwritten.append(delivery)
        if not later:
            await self.flush()
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
        self._begin: asyncio.TimerHandle | None = None
        self._pump: asyncio.Task[None] | None = None

    async def waiting(self, position: int) -> None:
        """Tell the place in line; 0 while the answer is being made but has no words."""
        self._tell(lambda: self._reply.waiting(position))

    def show(self, text: str, note: str = "", preview: bytes | None = None) -> None:
        """Tell the text so far, or how a picture looks so far."""
        self._tell(lambda: self._reply.show(text, note, preview))

    def end(self) -> None:
        """Begin to show no further state: the last one comes by `Reply.finish`."""
        self._closing.set()
        self._changed.set()
        if self._begin is not None:
            self._begin.cancel()

    async def close(self) -> None:
        """Let the state being shown arrive, and show no more."""
        self.end()
        if self._pump is not None:
            await self._pump

    def _tell(self, state: Callable[[], Awaitable[None]]) -> None:
        self._next = state
        self._changed.set()
        if self._begin is None:
            # An answer that is whole at once is sent whole, in one message that nobody has to edit.
            self._begin = asyncio.get_running_loop().call_later(self._pace * FIRST_SHARE, self._begin_to_show)

    def _begin_to_show(self) -> None:
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
            await self._rest(self._pace)

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return
