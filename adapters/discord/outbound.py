"""Showing one answer: waiting, growing, and its last state, over as many messages as it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from adapters.discord import layout
from adapters.discord.carrying import Carrier, ChannelCarrier
from adapters.discord.desk import Desk, said
from adapters.discord.layout import Part
from adapters.discord.lines import say
from adapters.discord.sending import LONG, ONCE, Expired, Gone, is_forbidden
from bot.domain.messages import Answer, MessageRef
from bot.domain.places import PlaceKind
from bot.errors import DeliveryError, InklingError
from bot.ports import ReplyTarget

log = structlog.get_logger(__name__)

# Quick answers come without typing first, and when many are made at once, all are given longer to be quick. Discord
# shows typing for ten seconds each time.
_TYPING_AFTER_S = 0.4
_TYPING_EVERY_S = 8.0
_TYPING_TIMES = 75

# An answer that is complete so soon after its first state is sent once.
_GRACE_S = 0.3

# Seconds between two pictures of a drawing on its way: each is an upload.
_PREVIEW_EVERY_S = 3.0

# Characters that are laid out within a millisecond or two.
_SHORT = 300

# For how long Discord surely enforces a nonce ("the past few minutes").
_NONCE_HOLDS = timedelta(minutes=2)


@dataclass(slots=True)
class _Shown:
    """A message that people see; `part` is None where nobody knows what it says."""

    ref: MessageRef
    part: Part | None


class DiscordReply:
    """One answer as it comes about."""

    def __init__(
        self,
        target: ReplyTarget,
        desk: Desk,
        carrier: Carrier,
        *,
        sought: bool,
        fall_back: Callable[[], Awaitable[Carrier]],
        on_forbidden: Callable[[DeliveryError], Awaitable[None]],
        on_shown: Callable[[MessageRef], Awaitable[None]],
    ) -> None:
        """Begin, or take up what the log of sends tells.

        Args:
            sought: an earlier process may have sent the first message without a trace in the log.
            fall_back: makes the carrier that goes on when this one expires.
            on_forbidden: tells the asker that the bot may not write where the answer belongs.
            on_shown: told of the first message once the last state is there.
        """
        self._target = target
        self._desk = desk
        self._carrier = carrier
        self._fall_back = fall_back
        self._on_forbidden = on_forbidden
        self._on_shown = on_shown
        self._locale = target.asker.locale
        self._shown = {part.part: _Shown(part.ref, None) for part in target.log.parts if part.ref is not None}
        self._unsure = {part.part for part in target.log.parts if part.ref is None}
        self._sought = {0} if sought and not self._shown else set()
        self._tried = set(self._unsure)
        self._gone: dict[int, int] = {}
        self._is_doubtful = self._is_in_line = self._is_refused = False
        self._latest: Callable[[], Sequence[Part]] | None = None
        self._preview: bytes | None = None
        self._next_preview = 0.0
        self._has_begun = bool(self._shown)
        self._beginning: asyncio.Task[None] | None = None
        self._in_hand = asyncio.Lock()
        desk.pacer.join(carrier.bucket, self)
        self._typing: asyncio.TimerHandle | asyncio.Task[None] | None = None
        if isinstance(carrier, ChannelCarrier) and not self._shown:
            pause = _TYPING_AFTER_S + desk.pacer.crowd_s
            self._typing = asyncio.get_running_loop().call_later(pause, self._begin_typing, carrier)

    # --- what the core calls ----------------------------------------------------------------------------------------

    async def waiting(self, position: int) -> None:
        """Typing says that an answer comes; only a place in line is said in words."""
        if position > 1 or self._is_in_line:
            self._is_in_line = True
            await self._show(lambda: layout.waiting(position, self._locale))

    async def show(self, text: str, note: str = "", preview: bytes | None = None) -> None:
        """Show the text so far, when it is this answer's turn."""
        now = self._desk.clock.monotonic()
        if preview is not None and now >= self._next_preview:
            self._preview, self._next_preview = preview, now + _PREVIEW_EVERY_S
        await self._show(lambda: layout.growing(text, note, self._locale, self._preview))

    async def finish(self, answer: Answer) -> None:
        """Show the last state, whatever it takes."""
        if self._beginning is not None and not self._has_begun:
            self._beginning.cancel()
        over = True
        try:
            async with self._in_hand:
                if not self._is_unwanted():
                    await self._finish(answer)
                    await self._on_shown(self._shown[0].ref)
        except DeliveryError as error:
            over = not error.retryable
            if is_forbidden(error):
                await self._on_forbidden(error)
            raise
        finally:
            self._stop_typing()
            self._desk.pacer.leave(self._carrier.bucket, self)
            if over:
                self._desk.calls.pop(self._target.event_id, None)

    # --- states -----------------------------------------------------------------------------------------------------

    async def _show(self, lay_out: Callable[[], Sequence[Part]]) -> None:
        self._latest = lay_out
        if self._has_begun:
            await self._show_latest()
        elif self._beginning is None:
            self._beginning = self._desk.spawn(self._begin_soon(), f"begin {self._target.turn.id}")

    async def _begin_soon(self) -> None:
        await asyncio.sleep(_GRACE_S + self._desk.pacer.crowd_s)
        self._has_begun = True
        try:
            await self._show_latest()
        except InklingError as error:
            log.warning("state not shown", turn=self._target.turn.id, error=str(error))

    async def _show_latest(self) -> None:
        async with self._in_hand:
            if self._latest is not None and not self._is_refused:
                await self._show_now(self._latest)

    async def _show_now(self, lay_out: Callable[[], Sequence[Part]]) -> None:
        if not self._desk.pacer.may_show(self._carrier.bucket, self):
            return
        try:
            await self._recover()
            await self._bring(await asyncio.to_thread(lay_out), ONCE)
        except Expired:
            await self._change_carrier()
        except DeliveryError as error:
            # Discord counts refused requests, and shuts out who makes many: only the last state is tried again.
            self._is_refused = not error.retryable
            raise

    async def _finish(self, answer: Answer) -> None:
        try:
            await self._recover()
            notes = [await self._hint(), say("show.repeat", self._locale) if self._is_doubtful else ""]
            await self._bring(await _laid_out(lambda: layout.final(answer, self._locale, *notes), answer.text), LONG)
        except Expired:
            await self._change_carrier()
            await self._finish(answer)

    async def _bring(self, parts: Sequence[Part], patience: float) -> None:
        """Let people see exactly these messages."""
        for number, part in enumerate(parts):
            shown = self._shown.get(number)
            if shown is None:
                await self._create(number, part, patience)
            elif shown.part != part:
                await self._edit(number, shown, part, patience)
        for number in [number for number in self._shown if number >= len(parts)]:
            await self._remove(self._shown.pop(number))

    async def _create(self, number: int, part: Part, patience: float) -> None:
        self._stop_typing()
        is_repeated = number in self._tried
        self._tried.add(number)
        await self._target.log.sending(number)
        ref = await self._carrier.create(number, part, again=self._gone.get(number, 0), patience=patience)
        await self._target.log.sent(number, ref)
        self._shown[number] = shown = _Shown(ref, None if is_repeated else part)
        if is_repeated:
            # Where the nonce was known, this is the message of the earlier try, with the words of then.
            await self._edit(number, shown, part, patience)

    async def _edit(self, number: int, shown: _Shown, part: Part, patience: float) -> None:
        try:
            await self._carrier.edit(shown.ref, part, shown.part, patience=patience)
            shown.part = part
        except Gone:
            # Somebody deleted it, or it is too old to be edited this often. The last state is posted anew.
            self._gone[number] = self._gone.get(number, 0) + 1
            self._tried.discard(number)
            del self._shown[number]
            if patience > ONCE:
                await self._create(number, part, patience)

    async def _remove(self, shown: _Shown) -> None:
        try:
            await self._carrier.remove(shown.ref)
        except Gone:
            log.debug("message was gone already", message=shown.ref.message)

    # --- what may go wrong ------------------------------------------------------------------------------------------

    async def _recover(self) -> None:
        """Find the messages that an earlier process sent and did not live to note."""
        if not isinstance(self._carrier, ChannelCarrier):
            return
        for number in sorted(self._unsure | self._sought):
            known = {shown.ref.message for shown in self._shown.values()}
            try:
                ref = await self._carrier.find(number, known, self._target.event_id)
                is_certain = number == 0 and self._target.question is not None
            except DeliveryError as error:
                if error.retryable:
                    raise
                ref, is_certain = None, False
            if ref is not None:
                await self._target.log.sent(number, ref)
                self._shown[number] = _Shown(ref, None)
            elif number in self._unsure and not is_certain:
                age = self._desk.clock.now() - self._target.turn.created_at
                self._is_doubtful = self._is_doubtful or age > _NONCE_HOLDS
        self._unsure.clear()
        self._sought.clear()

    async def _change_carrier(self) -> None:
        """Go on in a channel. What only the asker saw cannot be edited from there and is said again."""
        if isinstance(self._carrier, ChannelCarrier):
            raise DeliveryError("Discord no longer knows the channel", retryable=False)
        self._desk.pacer.leave(self._carrier.bucket, self)
        self._carrier = await self._fall_back()
        self._desk.pacer.join(self._carrier.bucket, self)
        if self._target.private:
            self._shown.clear()

    def _is_unwanted(self) -> bool:
        """The question was deleted before anything of the answer was seen."""
        question = self._target.question
        return question is not None and not self._shown and int(question.message) in self._desk.deleted

    async def _hint(self) -> str:
        """In a thread's first answer, where we read mentions only, how to go on."""
        target = self._target
        if self._desk.settings.message_content or target.place.kind is not PlaceKind.THREAD:
            return ""
        is_first = await said(target.place, target.asker, self._desk, most=3) < 3
        return say("show.mention_me", self._locale) if is_first else ""

    def _begin_typing(self, carrier: ChannelCarrier) -> None:
        self._typing = self._desk.spawn(_keep_typing(carrier), f"typing {self._target.turn.id}")

    def _stop_typing(self) -> None:
        if self._typing is not None:
            self._typing.cancel()
            self._typing = None


async def _laid_out(lay_out: Callable[[], Sequence[Part]], text: str) -> Sequence[Part]:
    """The messages; those of a short text are done before a thread would have begun."""
    return lay_out() if len(text) < _SHORT else await asyncio.to_thread(lay_out)


async def _keep_typing(carrier: ChannelCarrier) -> None:
    for _ in range(_TYPING_TIMES):
        try:
            await carrier.type()
        except DeliveryError as error:
            log.debug("typing not shown", error=str(error))
            if not error.retryable:
                return
        await asyncio.sleep(_TYPING_EVERY_S)
