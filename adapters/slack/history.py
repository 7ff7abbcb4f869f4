"""Reading what was said: a place's talk for a summary, and what was missed while the bot was down."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator
from datetime import datetime
from itertools import islice
from typing import Any

import structlog
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack.client import PacedClient
from adapters.slack.errors import as_ours
from adapters.slack.identity import Me
from adapters.slack.inbound import Inbound
from adapters.slack.people import People
from adapters.slack.places import ref_of, time_of
from adapters.slack.words import people_in, said_in, written_in
from bot.chat.reading import Reading
from bot.domain.messages import HistoryMessage
from bot.domain.places import Person, Place, Platform, owning_place
from bot.errors import DeliveryError
from bot.ports import FoundPlace

log = structlog.get_logger(__name__)

Message = dict[str, Any]

_TALK = {None, "file_share", "thread_broadcast", "me_message", "bot_message"}
_PAGE = 200
# At most so many pages of a channel, and so many threads, are caught up with.
_MISSED_PAGES = 10
_MISSED_THREADS = 100
# Seconds that a name is waited for.
_NAME_S = 5.0
_CHANNELS = "public_channel,private_channel"
_KINDS = f"{_CHANNELS},mpim,im"
_MENTION = re.compile(r"<#([A-Z0-9]+)(?:\|[^>]*)?>")


class History:
    """Pages of channels and threads, as Slack gives them."""

    def __init__(self, client: PacedClient, me: Me, people: People, bot_name: str) -> None:
        self._client = client
        self._me = me
        self._people = people
        self._bot_name = bot_name

    async def of_place(self, place: Place, limit: int) -> AsyncIterator[HistoryMessage]:
        """The latest messages of a place, newest first, at most `limit`.

        A thread in which nobody has spoken yet but the one who began it with a question to the bot holds no talk: what
        people see there is the channel, and what the bot answered them.

        Raises:
            DeliveryError: the place cannot be read.
        """
        talk = self._of_thread(place, limit) if place.thread else self._of_channel(place, limit)
        async for message in talk:
            yield await self._told(message, place.channel)

    async def _of_thread(self, place: Place, limit: int) -> AsyncIterator[Message]:
        said: deque[Message] = deque(maxlen=limit)
        is_talk = False
        async for message in self.thread(place.channel, place.thread):
            if message.get("subtype") in _TALK:
                said.append(message)
                is_talk = is_talk or (message["ts"] != place.thread and message.get("user") != self._me.user)
        if is_talk or place.channel.startswith("D"):
            for message in reversed(said):
                yield message
            return
        answers = [message for message in said if message["ts"] != place.thread]
        async for message in self._of_channel(place, limit):
            while answers and float(answers[-1]["ts"]) > float(message["ts"]):
                yield answers.pop()
            yield message

    async def _of_channel(self, place: Place, limit: int) -> AsyncIterator[Message]:
        async for message in self.channel(place.channel, page=min(_PAGE, limit)):
            if limit <= 0:
                return
            if message.get("subtype") in _TALK:
                limit -= 1
                yield message

    async def channel(
        self, channel: str, *, oldest: str = "", page: int = _PAGE, pages: int = 1000
    ) -> AsyncIterator[Message]:
        """A channel's messages, newest first.

        Raises:
            DeliveryError: it cannot be read.
        """
        cursor = ""
        for _ in range(pages):
            with as_ours("conversations.history"):
                told = await self._client.conversations_history(
                    channel=channel, oldest=oldest or None, cursor=cursor or None, limit=page
                )
            for message in told["messages"]:
                yield message
            cursor = _next(told)
            if not cursor:
                return

    async def thread(self, channel: str, root: str, *, oldest: str = "", pages: int = 1000) -> AsyncIterator[Message]:
        """A thread's messages, oldest first, its root before all.

        Raises:
            DeliveryError: it cannot be read.
        """
        cursor = ""
        for _ in range(pages):
            with as_ours("conversations.replies"):
                told = await self._client.conversations_replies(
                    channel=channel, ts=root, oldest=oldest or None, cursor=cursor or None, limit=_PAGE
                )
            for message in told["messages"]:
                # Every page begins with the root.
                if not cursor or message["ts"] != root:
                    yield message
            cursor = _next(told)
            if not cursor:
                return

    async def channels(self) -> list[str]:
        """The channels that the bot is in.

        Raises:
            DeliveryError: they cannot be listed.
        """
        return [channel["id"] async for channel in self._conversations(_KINDS)]

    async def find_channel(self, name: str, near: Place, reader: Person) -> FoundPlace | None:
        """The channel of this name or mention among those that the reader is in, as far as the bot may see them.

        Raises:
            DeliveryError: Slack does not say.
        """
        mentioned = _MENTION.fullmatch(name)
        wanted = name.removeprefix("#").casefold()
        async for channel in self._conversations(_CHANNELS, user=reader.id):
            if channel["id"] == mentioned[1] if mentioned else channel["name"].casefold() == wanted:
                return FoundPlace(channel["name"], owning_place(Platform.SLACK, near.workspace, channel["id"]))
        return None

    async def open_direct(self, person: Person, near: Place) -> Place:
        """The direct message channel with a person.

        Raises:
            DeliveryError: Slack does not open it.
        """
        with as_ours("conversations.open"):
            told = await self._client.conversations_open(users=person.id)
        return owning_place(Platform.SLACK, near.workspace, told["channel"]["id"], direct=True)

    async def _conversations(self, types: str, user: str | None = None) -> AsyncIterator[dict[str, Any]]:
        """Those that the bot is in, or that another user is in."""
        cursor = ""
        while True:
            with as_ours("users.conversations"):
                told = await self._client.users_conversations(
                    types=types, user=user, exclude_archived=True, cursor=cursor or None, limit=_PAGE
                )
            for channel in told["channels"]:
                yield channel
            cursor = _next(told)
            if not cursor:
                return

    async def _told(self, message: Message, channel: str) -> HistoryMessage:
        by_us = message.get("user") == self._me.user or message.get("bot_id") == self._me.bot
        names = {user: await self._name(user) for user in people_in(written_in(message)) - {self._me.user}} | {
            self._me.user: self._bot_name
        }
        author = self._bot_name if by_us else message.get("username") or await self._name(message.get("user") or "")
        user = message.get("user")
        return HistoryMessage(
            ref_of(channel, message["ts"]),
            author,
            said_in(message, names, self._me.user),
            time_of(message["ts"]),
            by_bot=by_us,
            automated=bool(message.get("bot_id")) and not by_us,
            link=self._link(message, channel),
            person=f"{Platform.SLACK}/{user}" if user else "",
        )

    def _link(self, message: Message, channel: str) -> str:
        """A message's address, as chat.getPermalink would give it for a request each."""
        ts, root = message["ts"], message.get("thread_ts", message["ts"])
        query = f"?thread_ts={root}&cid={channel}" if root != ts else ""
        return f"{self._me.url}archives/{channel}/p{ts.replace('.', '')}{query}" if self._me.url else ""

    async def _name(self, user: str) -> str:
        """A name as Slack tells it: whoever reads is not in the haste that an event is in."""
        if not user:
            return "?"
        try:
            async with asyncio.timeout(_NAME_S):
                return (await self._people.profile(user)).person.name
        except (TimeoutError, DeliveryError) as error:
            log.info("user not known", user=user, error=type(error).__name__)
            return user


class CatchUp:
    """Hands what was missed to the same listener that hears it live; what is known already the core drops."""

    def __init__(self, history: History, inbound: Inbound, reading: Reading) -> None:
        self._history = history
        self._inbound = inbound
        self._reading = reading

    async def since(self, moment: datetime) -> None:
        """Read what people said after a moment, channel by channel, each oldest first."""
        oldest = f"{moment.timestamp():.6f}"
        places = await self._reading.places(Platform.SLACK)
        channels = list(dict.fromkeys([*[place.channel for place in places], *await self._listed()]))
        threads = {(place.channel, place.thread) for place in places[:_MISSED_THREADS] if place.thread}
        heard = 0
        for channel in channels:
            try:
                heard += await self._channel(channel, oldest, threads)
            except DeliveryError as error:
                log.warning("channel not caught up", channel=channel, error=str(error))
        for channel, root in islice(sorted(threads, key=lambda thread: thread[1], reverse=True), _MISSED_THREADS):
            try:
                heard += await self._thread(channel, root, oldest)
            except DeliveryError as error:
                log.warning("thread not caught up", channel=channel, thread=root, error=str(error))
        log.info("caught up", since=moment.isoformat(), channels=len(channels), threads=len(threads), messages=heard)

    async def _listed(self) -> list[str]:
        try:
            return await self._history.channels()
        except DeliveryError as error:
            log.warning("channels not listed", error=str(error))
            return []

    async def _channel(self, channel: str, oldest: str, threads: set[tuple[str, str]]) -> int:
        said = [message async for message in self._history.channel(channel, oldest=oldest, pages=_MISSED_PAGES)]
        for message in reversed(said):
            await self._inbound.on_message({**message, "channel": channel})
            if message.get("latest_reply", "0") > oldest:
                threads.add((channel, message["ts"]))
        return len(said)

    async def _thread(self, channel: str, root: str, oldest: str) -> int:
        heard = 0
        async for message in self._history.thread(channel, root, oldest=oldest, pages=_MISSED_PAGES):
            if message["ts"] > oldest and message["ts"] != root:
                await self._inbound.on_message({**message, "channel": channel})
                heard += 1
        return heard


def _next(told: AsyncSlackResponse) -> str:
    return str((told.get("response_metadata") or {}).get("next_cursor") or "")
