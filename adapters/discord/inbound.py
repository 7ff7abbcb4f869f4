"""Messages, edits, deletions and reactions as what the core is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import discord
import structlog

from adapters.discord.carrying import ASKER
from adapters.discord.desk import Desk, Remembered, last_locale, said
from adapters.discord.sending import Unrepliable, persist
from adapters.discord.translating import SPOKEN, attachments_of, mentions, person_of, place_of, ref_of, words
from bot.chat.faults import sentence
from bot.domain.messages import DeleteMessage, IncomingMessage, MessageRef, RateReply, ThreadOpened
from bot.domain.places import Person, Place, PlaceKind, Platform
from bot.domain.ratings import RatingSource
from bot.errors import DeliveryError, InklingError, StorageError

log = structlog.get_logger(__name__)


class Inbound:
    """The door for everything that people do in the talk itself."""

    def __init__(self, client: discord.Client, desk: Desk) -> None:
        self._client = client
        self._desk = desk
        self._threads_begun: set[int] = set()
        # What turns of an earlier process tell of people's languages, by person and place.
        self._told_before = Remembered()

    @property
    def _me(self) -> int:
        assert self._client.user is not None
        return self._client.user.id

    async def message(self, message: discord.Message) -> None:
        """A message was written, now or while the bot was away."""
        if not self._is_by_person(message) or message.type not in SPOKEN:
            return
        await self._hand_over(message)

    async def edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """A message was edited. Discord also calls it an edit when a link gets its preview."""
        message = event.message
        if "content" not in event.data or message.edited_at is None:
            return
        if self._is_by_person(message) and message.type in SPOKEN:
            await self._hand_over(message, edited=True)

    async def thread(self, thread: discord.Thread) -> None:
        """A thread was begun, in which the bot may greet whoever began it. Writing there makes the bot a member."""
        if thread.owner_id == self._me or not _may_write(thread):
            return
        try:
            owner = await persist(lambda: thread.guild.fetch_member(thread.owner_id))
            place = await place_of(thread, self._client)
            by = await self._person(owner, place, thread.guild)
            at = thread.created_at or self._desk.clock.now()
            await self._desk.core.greet(ThreadOpened(f"thread/{thread.id}", place, by, at))
        except InklingError as error:
            log.warning("thread not greeted", thread=thread.id, error=str(error))

    async def delete(self, channel: int, messages: set[int]) -> None:
        """Messages were deleted."""
        for message in messages:
            self._desk.deleted[message] = ""
            await self._desk.core.delete(DeleteMessage(ref_of(channel, message)))

    async def react(self, event: discord.RawReactionActionEvent, *, removed: bool) -> None:
        """A reaction was added or taken back: a vote, if it is a voting one under an answer of the bot's."""
        verdict = self._desk.reactions.verdict(event.emoji.name or "")
        if verdict is None or event.user_id == self._me:
            return
        if event.message_author_id not in (None, self._me) or (event.member and event.member.bot):
            return
        by = Person(Platform.DISCORD, str(event.user_id), event.member.display_name if event.member else "")
        vote = RateReply(
            ref_of(event.channel_id, event.message_id),
            by,
            None if removed else verdict,
            RatingSource.REACTION,
            self._desk.clock.now(),
            only=verdict if removed else None,
        )
        await self._desk.core.rate(vote)

    # --- from a message to an event ---------------------------------------------------------------------------------

    def _is_by_person(self, message: discord.Message) -> bool:
        return not message.author.bot and message.webhook_id is None

    async def _incoming(self, message: discord.Message, *, edited: bool = False) -> IncomingMessage:
        place = await place_of(message.channel, self._client)
        by = await self._person(message.author, place, message.guild)
        assert message.edited_at is not None or not edited
        version = f":{message.edited_at.timestamp()}" if edited and message.edited_at else ""
        return IncomingMessage(
            event_id=f"{message.id}{version}",
            place=place,
            ref=ref_of(message.channel.id, message.id),
            by=by,
            text=words(message, self._me),
            at=message.created_at,
            mentions_bot=mentions(message, self._me),
            reply_to=await self._answered(message, place, by),
            attachments=attachments_of(message),
            edited=edited,
        )

    async def _person(self, user: discord.User | discord.Member, place: Place, guild: discord.Guild | None) -> Person:
        """Who speaks, in the language that Discord shows them where it told us, else in that of the server.

        It tells with commands and buttons only; what it told an earlier process is seen by what was said in this place.
        """
        person = person_of(user, str(guild.preferred_locale) if guild else "en")
        seen = self._desk.locales.get(user.id)
        if seen is None:
            key = (user.id, place)
            if key not in self._told_before:
                self._told_before[key] = await self._last_locale(place, person)
            seen = self._told_before[key]
        return replace(person, locale=seen or person.locale)

    async def _last_locale(self, place: Place, person: Person) -> str:
        try:
            return await last_locale(place, person, self._desk)
        except StorageError as error:
            # Whoever speaks is answered, or told that storage fails, in the server's language.
            log.warning("language not looked up", person=person.key, error=type(error).__name__)
            return ""

    async def _answered(self, message: discord.Message, place: Place, by: Person) -> MessageRef | None:
        """The message replied to; for a thread's first message the one that the thread was opened on."""
        reference = message.reference
        if reference is not None and reference.message_id and message.type is discord.MessageType.reply:
            return ref_of(reference.channel_id, reference.message_id)
        if place.kind is not PlaceKind.THREAD or message.channel.id in self._threads_begun:
            return None
        if await said(place, by, self._desk, most=1):
            self._threads_begun.add(message.channel.id)
            return None
        return ref_of(int(place.channel), message.channel.id)

    # --- to the core ------------------------------------------------------------------------------------------------

    async def _hand_over(self, message: discord.Message, *, edited: bool = False) -> None:
        incoming = None
        try:
            incoming = await self._incoming(message, edited=edited)
            if edited:
                await self._desk.core.edit(incoming)
            else:
                await self._desk.core.accept(incoming)
        except InklingError as error:
            log.warning("message not taken", message=message.id, error=type(error).__name__)
            if incoming is not None and (incoming.mentions_bot or incoming.place.kind is PlaceKind.DIRECT):
                await self._excuse(message, sentence(error, incoming.by.locale))

    async def _excuse(self, message: discord.Message, text: str) -> None:
        reply = {"reference": message.to_reference(fail_if_not_exists=False)}
        try:
            try:
                await self._say(message, text, reply)
            except Unrepliable:
                await self._say(message, text, {})
        except DeliveryError as error:
            log.warning("person could not be told", message=message.id, error=str(error))

    async def _say(self, message: discord.Message, text: str, more: dict[str, Any]) -> None:
        await persist(lambda: message.channel.send(text, allowed_mentions=ASKER, **more))


def _may_write(thread: discord.Thread) -> bool:
    if thread.parent is None:
        return False
    allowed = thread.permissions_for(thread.guild.me)
    return allowed.view_channel and allowed.send_messages_in_threads
