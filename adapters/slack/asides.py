"""Answers that only one person sees, and answers where the bot may not post: no streams, no edits, one go.

A response_url serves five times in thirty minutes; then an ephemeral message does, and last a direct message.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field, replace

import structlog

from adapters.slack.blocks import Part
from adapters.slack.errors import SlackRefused
from adapters.slack.lines import say
from adapters.slack.places import ref_of
from adapters.slack.posting import Label, Poster, Spot
from adapters.slack.tasks import Tasks
from adapters.slack.words import parts_of
from bot.domain.conversation import DeliveryState
from bot.domain.messages import Answer, Control, MessageRef
from bot.ports import Clock, ReplyTarget

log = structlog.get_logger(__name__)

_USES = 5
_LIFETIME_S = 30 * 60.0
_SOON_S = 3.0
_ACK_TRAVELS_S = 0.1
_ACK_PATIENCE_S = 3.0


@dataclass(slots=True)
class Interaction:
    """What a command, a shortcut or a button came with: an address to answer at, for a while."""

    response_url: str
    until: float
    uses: int = _USES
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)

    def is_open(self, now: float) -> bool:
        """Whether it can still be answered at its address."""
        return bool(self.response_url) and self.uses > 0 and now < self.until


class Interactions:
    """Those of the last half hour, by the event that they became."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, Interaction] = {}

    def keep(self, event_id: str, response_url: str) -> None:
        """Remember one, before the core hears of it."""
        now = self._clock.monotonic()
        self._known = {key: known for key, known in self._known.items() if known.until > now}
        self._known[event_id] = Interaction(response_url, now + _LIFETIME_S)

    def acknowledged(self, event_id: str) -> None:
        """Its listener is through: the acknowledgement arrives in a moment, and what follows will stand below it."""
        known = self._known.get(event_id)
        if known is not None:
            asyncio.get_running_loop().call_later(_ACK_TRAVELS_S, known.acknowledged.set)

    def of(self, event_id: str) -> Interaction | None:
        """The one of an event, if this process has seen it."""
        return self._known.get(event_id)


class AsideReply:
    """One answer shown to the asker alone, or by `in_channel` to everyone through the response_url."""

    def __init__(
        self,
        target: ReplyTarget,
        poster: Poster,
        interaction: Interaction | None,
        clock: Clock,
        tasks: Tasks,
        *,
        bot_name: str,
        in_channel: bool = False,
    ) -> None:
        self._target = target
        self._poster = poster
        self._interaction = interaction
        self._clock = clock
        self._tasks = tasks
        self._bot_name = bot_name
        self._in_channel = in_channel
        # As an earlier try left it.
        self._known = {delivery.part: delivery.state for delivery in target.log.parts}
        self._soon: asyncio.Task[None] | None = None

    async def waiting(self, position: int) -> None:
        """Say once that it takes a moment, if it does."""
        if self._soon is None and self._interaction is not None:
            self._soon = self._tasks.spawn(self._say_soon(self._interaction), f"working {self._target.turn.id}")

    async def show(self, text: str, note: str = "", preview: bytes | None = None) -> None:
        """Nothing can be shown on the way."""
        await self.waiting(0)

    async def acknowledged(self) -> None:
        """Wait until what was asked is shown to everybody, so that the answer stands below it."""
        if self._interaction is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(_ACK_PATIENCE_S):
                await self._interaction.acknowledged.wait()

    async def refuse(self, answer: Answer) -> None:
        """Tell the asker alone that nothing comes of it."""
        self._in_channel = False
        await self.finish(answer)

    async def hush(self) -> None:
        """The answer is there: no need to say that it takes a moment."""
        if self._soon is not None:
            self._soon.cancel()
            await asyncio.gather(self._soon, return_exceptions=True)

    async def finish(self, answer: Answer) -> None:
        """Show everything, in order; what was shown before is left out."""
        await self.hush()
        for number, part in enumerate(await self._parts(answer)):
            state = self._known.get(number)
            if state is DeliveryState.SENT:
                continue
            if state is DeliveryState.SENDING:
                mark = say("repeat", self._locale)
                part = replace(part, note="\n".join(filter(None, (part.note, mark))))
            await self._target.log.sending(number)
            await self._target.log.sent(number, await self._send(number, part))

    async def _parts(self, answer: Answer) -> list[Part]:
        texts = await parts_of(answer.text) or [""]
        missing = say("not_here", self._locale, name=self._bot_name) if answer.pictures else ""
        note = "\n".join(filter(None, (answer.note, missing))) or ("" if texts[0] else "…")
        parts = [Part(text, locale=self._locale) for text in texts]
        seen = replace(answer, pictures=(), controls=answer.controls - {Control.PICK})
        return [*parts[:-1], parts[-1].under_answer(seen, note, self._carrier(len(parts) - 1))]

    async def _send(self, number: int, part: Part) -> MessageRef:
        """The first way that works; the answer's name where its message has none."""
        question = self._target.question
        here = Spot(self._target.place.channel, self._target.place.thread)
        if self._interaction is not None and self._interaction.is_open(self._clock.monotonic()):
            try:
                await self._respond(self._interaction, part.text, part)
                return ref_of(here.channel, self._carrier(number))
            except SlackRefused as error:
                log.info("response_url is used up", turn=self._target.turn.id, error=str(error))
        if question is not None:
            try:
                await self._poster.whisper(here, self._target.asker.id, part.text, part)
                return ref_of(here.channel, self._carrier(number))
            except SlackRefused as error:
                log.info("cannot whisper here", turn=self._target.turn.id, error=str(error))
        label = Label(self._target.turn.id, number, self._target.turn.created_at)
        # A message like any other: it is known by its time stamp.
        return await self._poster.post(Spot(self._target.asker.id), replace(part, carrier=""), label)

    async def _say_soon(self, interaction: Interaction) -> None:
        await asyncio.sleep(_SOON_S)
        if interaction.uses > 1:
            interaction.uses -= 1
            await self._poster.respond(interaction.response_url, say("working", self._locale))

    async def _respond(self, interaction: Interaction, text: str, part: Part) -> None:
        interaction.uses -= 1
        await self._poster.respond(interaction.response_url, text, part, in_channel=self._in_channel)

    def _carrier(self, number: int) -> str:
        """How an answer's part is named that has no time stamp of its own."""
        return f"turn:{self._target.turn.id}:{number}"

    @property
    def _locale(self) -> str:
        return self._target.asker.locale
