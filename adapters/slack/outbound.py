"""Showing an answer where everybody sees it: streamed, then complete.

The first message of an answer in a thread grows as Slack's own stream, while the workspace's budget lasts; further
ones, and all where there is no stream, are posted and edited at the pace that is left. What was shown on the way never
decides what stands there at the end: `finish` brings every message to its last state, in as few requests as it takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from adapters.slack.asides import AsideReply
from adapters.slack.blocks import Part
from adapters.slack.errors import SlackRefused, Unsure
from adapters.slack.lines import say
from adapters.slack.pictures import Pictures
from adapters.slack.places import is_direct
from adapters.slack.posting import Label, Poster, Spot, is_gone
from adapters.slack.status import ACTIVE, Status
from adapters.slack.tasks import Tasks
from adapters.slack.words import parts_of, settled, silent
from bot.chat.reading import Reading
from bot.domain.conversation import DeliveryState, TurnStatus
from bot.domain.messages import Answer, MessageRef, Picture
from bot.errors import DeliveryError
from bot.ports import ReplyTarget

log = structlog.get_logger(__name__)

# The part that the pictures are, one message with all of them.
PICTURES = 1000

# An answer that is complete so soon after its first words is one post, and no stream is spent on it.
_GRACE_S = 0.3

# When a stream is looked for whose beginning was given up: Slack may have begun it all the same, a little later.
_LATE_S = (5.0, 30.0)

# Edits kept free for the last states of answers.
_KEPT_UPDATES = 15


@dataclass(slots=True)
class _Message:
    """One message of the answer. `streamed` is what a live stream has taken, `shown` what stands there if known."""

    ref: MessageRef
    shown: Part | None = None
    streamed: str | None = None


class SlackReply:
    """One answer in a thread, a direct message or a channel.

    `recipient` is the team and user that a stream in a channel is for (None: no stream there); `aside` shows the answer
    where the bot may not post, and refusals.
    """

    def __init__(
        self,
        target: ReplyTarget,
        spot: Spot,
        poster: Poster,
        pictures: Pictures,
        status: Status,
        *,
        recipient: tuple[str, str] | None,
        streams: bool,
        aside: AsideReply | None,
        reading: Reading,
        tasks: Tasks,
    ) -> None:
        self._target = target
        self._spot = spot
        self._poster = poster
        self._pictures = pictures
        self._status = status
        self._recipient = recipient
        self._streams = streams
        self._aside = aside
        self._reading = reading
        self._tasks = tasks
        self._latest = ""
        self._beginning: asyncio.Task[None] | None = None
        self._has_begun = bool(target.log.parts)
        self._in_hand = asyncio.Lock()
        self._messages: dict[int, _Message] = {}
        self._doubtful: set[int] = set()
        self._given_up: str | None = None
        self._last_split: tuple[str, list[str]] = ("", [])
        for delivery in target.log.parts:
            if delivery.state is DeliveryState.SENT and delivery.ref is not None:
                self._messages[delivery.part] = _Message(delivery.ref)
            elif delivery.state is DeliveryState.SENDING:
                self._doubtful.add(delivery.part)

    # --- on the way -------------------------------------------------------------------------------------------------

    async def waiting(self, position: int) -> None:
        """Show that the answer is on its way, and its place in a long line."""
        key = "status.in_line" if position >= 2 else "status.thinking"
        self._status.say(say(key, self._locale, position=position))
        if self._aside is not None and not self._spot.thread:
            # A channel has no status line: the one who called the command is told.
            await self._aside.waiting(position)

    async def show(self, text: str, note: str = "", preview: bytes | None = None) -> None:
        """Show the text so far, as far as the budget allows."""
        self._status.say("" if text.strip() else note)
        self._latest = text
        if self._has_begun:
            await self._advance()
        elif text.strip() and self._beginning is None:
            self._beginning = self._tasks.spawn(self._begin_soon(), f"begin {self._target.turn.id}")

    async def _begin_soon(self) -> None:
        await asyncio.sleep(_GRACE_S)
        self._has_begun = True
        await self._advance()

    async def _advance(self) -> None:
        async with self._in_hand:
            parts = await self._split(self._latest)
            for number, markdown in enumerate(parts[:-1]):
                await self._complete(number, Part(markdown, locale=self._locale))
            if parts:
                await self._grow(len(parts) - 1, parts[-1])

    async def _grow(self, number: int, markdown: str) -> None:
        message = self._messages.get(number)
        if message is None:
            await self._begin(number, markdown)
        elif message.streamed is not None:
            await self._append(message, settled(markdown))
        elif self._may_update():
            part = self._unfinished(markdown)
            if part != message.shown and await self._poster.update_now(message.ref, part, self._label(number)):
                message.shown = part

    async def _begin(self, number: int, markdown: str) -> None:
        if number in self._doubtful:
            # Something may stand there already: the last state looks for it.
            return
        if number == 0 and self._streams and await self._stream(number, settled(markdown)):
            return
        if self._may_update():
            await self._create(number, self._unfinished(markdown))

    async def _stream(self, number: int, text: str) -> bool:
        """Begin a stream; False when there can be none."""
        if not text:
            return True
        if not self._poster.client.pace.room("chat.startStream"):
            return False
        await self._target.log.sending(number)
        try:
            ref = await self._poster.start_stream(self._spot, text, self._recipient)
        except Unsure as error:
            self._doubtful.add(number)
            self._given_up = text if error.may_follow else None
            raise
        except SlackRefused as error:
            # No stream in this place: the answer is posted instead.
            log.info("no stream", turn=self._target.turn.id, error=str(error))
            self._streams = False
            return False
        if ref is None:
            return False
        await self._target.log.sent(number, ref)
        self._messages[number] = _Message(ref, streamed=text)
        return True

    async def _append(self, message: _Message, text: str) -> None:
        streamed = message.streamed or ""
        if len(text) <= len(streamed) or not text.startswith(streamed):
            return
        try:
            if await self._poster.append_stream(message.ref, text[len(streamed) :]):
                message.streamed = text
        except DeliveryError as error:
            # Dead, or nobody knows what it holds: the last state is brought by an edit.
            log.info("stream ended early", turn=self._target.turn.id, error=str(error))
            message.streamed = None

    def _may_update(self) -> bool:
        return self._poster.client.pace.room("chat.update") > _KEPT_UPDATES

    def _unfinished(self, markdown: str) -> Part:
        return Part(markdown, stop=True, locale=self._locale)

    # --- the last state ---------------------------------------------------------------------------------------------

    async def finish(self, answer: Answer) -> None:
        """Bring every message to its last state."""
        if self._beginning is not None and not self._has_begun:
            self._beginning.cancel()
        await self._status.end()
        async with self._in_hand:
            await self._finish(answer)

    async def _finish(self, answer: Answer) -> None:
        try:
            if self._aside is not None and await self._is_for_the_asker():
                await self._aside.refuse(answer)
                return
            await self._show_pictures(answer.pictures)
            parts = await self._parts(answer)
            for number, part in enumerate(parts):
                await self._complete(number, part)
            await self._drop_beyond(len(parts))
        except SlackRefused as error:
            if not error.is_not_here or (self._aside is not None and self._messages):
                raise
            log.info("cannot post here", turn=self._target.turn.id, error=error.code)
            if self._aside is None:
                await self._tell_directly(error)
                raise
            await self._aside.finish(answer)
        finally:
            await self._status.release()

    async def _tell_directly(self, error: SlackRefused) -> None:
        """Say what stands in the way where the asker can read it; a refusal of that too is only logged."""
        asker, channel = self._target.asker, self._spot.channel
        if asker.is_bot or is_direct(channel):
            return
        why = "archived" if error.code == "is_archived" else "restricted" if "restricted" in error.code else "outside"
        try:
            await self._poster.tell(asker.id, say(f"lost.{why}", self._locale, channel=f"<#{channel}>"))
        except DeliveryError as silence:
            log.warning("asker could not be told", turn=self._target.turn.id, error=str(silence))

    async def _is_for_the_asker(self) -> bool:
        """Whether a command came to nothing before anything of it was shown: others need not read why."""
        if self._spot.thread or self._messages or self._doubtful:
            return False
        view = await self._reading.view(self._target.turn.id, self._target.asker)
        return view is not None and view.turn.status in (TurnStatus.REFUSED, TurnStatus.FAILED)

    async def _parts(self, answer: Answer) -> list[Part]:
        """The answer's messages: the note and the buttons stand under the last one."""
        texts = await self._split(answer.text)
        if not texts and not (answer.note or answer.controls):
            return []
        parts = [Part(text, locale=self._locale) for text in texts or [""]]
        # Buttons cannot stand alone.
        question = "picture.pick" if len(answer.pictures) > 1 else "picture.like"
        note = answer.note or ("" if texts else say(question, self._locale))
        return [*parts[:-1], parts[-1].under_answer(answer, note)]

    async def _show_pictures(self, pictures: Sequence[Picture]) -> None:
        if not pictures or PICTURES in self._messages:
            return
        label = self._label(PICTURES)
        ref = await self._pictures.find(pictures, self._spot, label) if PICTURES in self._doubtful else None
        if ref is None:
            await self._target.log.sending(PICTURES)
            ref = await self._pictures.send(pictures, self._spot, label)
        await self._target.log.sent(PICTURES, ref)
        self._messages[PICTURES] = _Message(ref)

    async def _drop_beyond(self, count: int) -> None:
        """An earlier try may have been longer."""
        beyond = [number for number in self._messages if count <= number < PICTURES] if count else []
        for number in beyond:
            await self._poster.delete(self._messages.pop(number).ref)

    # --- one message ------------------------------------------------------------------------------------------------

    async def _complete(self, number: int, part: Part) -> None:
        message = self._messages.get(number)
        if message is None:
            await self._create(number, part)
        elif message.streamed is not None:
            await self._end_stream(number, message, part)
        elif message.shown != part:
            await self._update(number, message, part)

    async def _end_stream(self, number: int, message: _Message, part: Part) -> None:
        """End a stream with what it lacks; where it holds something else by now, or is dead, by an edit."""
        text, streamed = silent(part.markdown), message.streamed or ""
        message.streamed = None
        if not text.startswith(streamed):
            await self._poster.cut_stream(message.ref)
            await self._update(number, message, part)
            return
        session_status = ACTIVE if self._status.is_processing else None
        try:
            await self._poster.stop_stream(
                message.ref, text[len(streamed) :], part, self._label(number), session_status
            )
        except DeliveryError as error:
            log.info("stream ended early", turn=self._target.turn.id, error=str(error))
            await self._update(number, message, part)
            return
        message.shown = part
        self._status.is_processing = False

    async def _update(self, number: int, message: _Message, part: Part) -> None:
        try:
            await self._poster.update(message.ref, part, self._label(number))
        except DeliveryError as error:
            if not is_gone(error):
                raise
            # Someone deleted it, or it is too old to be edited: another takes its place.
            log.info("message not edited", turn=self._target.turn.id, error=str(error))
            del self._messages[number]
            await self._create(number, part)
            return
        message.shown = part

    async def _create(self, number: int, part: Part) -> None:
        if number in self._doubtful:
            self._doubtful.discard(number)
            found, part = await self._look_for(number, part)
            if found is not None:
                await self._target.log.sent(number, found)
                message = self._messages[number] = _Message(found)
                await self._update(number, message, part)
                return
        if self._aside is not None:
            await self._aside.hush()
            await self._aside.acknowledged()
        await self._target.log.sending(number)
        late = self._given_up if number == 0 else None
        ref = await self._poster.post(self._spot, part, self._label(number), may_repeat=late is not None)
        await self._target.log.sent(number, ref)
        self._messages[number] = _Message(ref, shown=part)
        if late is not None:
            self._tasks.spawn(self._take_back(late), f"take back {self._target.turn.id}")

    async def _take_back(self, text: str) -> None:
        """Take away the stream that was given up, should it have begun late: the answer is posted already."""
        self._given_up = None
        for pause in _LATE_S:
            await asyncio.sleep(pause)
            found = await self._poster.find_stream(self._spot, self._target.turn.created_at, text)
            if found is not None:
                await self._poster.cut_stream(found)
                await self._poster.delete(found)
                return

    async def _look_for(self, number: int, part: Part) -> tuple[MessageRef | None, Part]:
        """What an earlier try may have sent; marked as a possible repeat where nobody can look."""
        label = self._label(number)
        try:
            found = await self._poster.find(self._spot, label)
            if found is None and number == 0 and self._spot.thread:
                found = await self._poster.find_stream(self._spot, label.since)
        except SlackRefused as error:
            log.warning("cannot look for an earlier try", turn=label.turn, error=str(error))
            mark = say("repeat", self._locale)
            return None, replace(part, note="\n".join(filter(None, (part.note, mark))))
        return found, part

    async def _split(self, text: str) -> list[str]:
        """The text's messages; the last state is most often the one that was split before."""
        if text != self._last_split[0]:
            self._last_split = (text, await parts_of(text))
        return self._last_split[1]

    def _label(self, number: int) -> Label:
        return Label(self._target.turn.id, number, self._target.turn.created_at)

    @property
    def _locale(self) -> str:
        return self._target.asker.locale
