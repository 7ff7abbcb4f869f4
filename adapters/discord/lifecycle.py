"""The platform: from settings to a listening bot, and back in two stages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime

import aiohttp
import discord
import structlog
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from adapters.discord import asking, commands, opening
from adapters.discord.client import Client
from adapters.discord.desk import Desk
from adapters.discord.pacing import REQUESTS
from adapters.discord.sending import told
from bot.chat.dispatch import Core
from bot.domain.messages import Attachment, HistoryMessage
from bot.domain.places import Person, Place, Platform
from bot.errors import DeliveryError, SettingsError
from bot.ports import Clock, FoundPlace, Reply, ReplyTarget
from bot.settings import DiscordSettings

log = structlog.get_logger(__name__)

# Seconds that the start waits for Discord before it goes on without; connecting is tried further.
_START_S = 30.0
# Seconds between two new logins: at first, and at most.
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 300.0

_PORTAL = "the developer portal (https://discord.com/developers/applications)"
WRONG_TOKEN = (
    f"DISCORD_TOKEN: Discord does not accept this token. Copy it again, or reset it, in {_PORTAL} under Bot → Reset "
    "Token, and put it into .env."
)
NO_TOKEN_AT_ALL = (
    "DISCORD_TOKEN: this is no bot token, which has three parts with dots between them; maybe it is the client secret "
    f"or the public key. Copy the token in {_PORTAL} under Bot → Reset Token, and put it into .env."
)
MISSING_INTENT = (
    "DISCORD_MESSAGE_CONTENT: the message content intent is not switched on for this bot. Switch it on in "
    f"{_PORTAL} under Bot → Privileged Gateway Intents → Message Content Intent, or set DISCORD_MESSAGE_CONTENT=false "
    "to go without it."
)
WITHOUT_CONTENT = (
    "DISCORD_MESSAGE_CONTENT is false: mentions, pinging replies, direct messages and commands are answered, but "
    "threads are not followed where nobody mentions the bot, and what others said cannot be summed up."
)
# What Discord closes the gateway with when it does not accept the token.
_AUTHENTICATION_FAILED = 4004


def refusal_of(token: str) -> str:
    """What to say of a token that Discord does not accept."""
    return WRONG_TOKEN if token.count(".") == 2 and " " not in token else NO_TOKEN_AT_ALL


def point_at(settings: DiscordSettings) -> None:
    """Let the library speak to the addresses of the settings; it knows one pair of them for the whole process."""
    Route.BASE = settings.api_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.gateway_url)


class DiscordPlatform:
    """The bot on Discord. `rate` is how many requests it makes in a time; empty for a server without limits."""

    def __init__(self, settings: DiscordSettings, clock: Clock, rate: str = REQUESTS) -> None:
        self._settings = settings
        self._clock = clock
        self._rate = rate
        self._connected = asyncio.Event()
        self._desk: Desk | None = None
        self._client: Client | None = None
        self._connection: asyncio.Task[None] | None = None
        self._is_starting = True
        self._is_closing = False

    @property
    def name(self) -> Platform:
        """Which platform this is."""
        return Platform.DISCORD

    @property
    def pace(self) -> float:
        """Seconds between two states that an answer offers; `pacing` says which of them are shown."""
        return 0.5

    # --- lifecycle --------------------------------------------------------------------------------------------------

    async def start(self, core: Core) -> None:
        """Log in, register commands, listen. When Discord is out of reach, go on trying after this has returned.

        Raises:
            SettingsError: Discord does not accept the token, or an intent is not switched on.
        """
        point_at(self._settings)
        self._desk = Desk.of(core, self._settings, self._clock, self._rate, self._connected)
        since = await core.reading.last_heard(Platform.DISCORD)
        if not self._settings.message_content:
            log.warning(WITHOUT_CONTENT)
        self._connection = asyncio.create_task(self._stay_connected(since), name="Discord")
        listening = asyncio.create_task(self._connected.wait())
        try:
            await asyncio.wait([self._connection, listening], timeout=_START_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            listening.cancel()
            self._is_starting = False
        if self._connection.done():
            await self._connection
        elif not self._connected.is_set():
            log.warning("Discord is out of reach; trying further")

    async def stop_listening(self) -> None:
        """Leave the gateway; answers in flight are still shown."""
        if self._client is not None:
            await self._client.leave_gateway()

    async def close(self) -> None:
        """Let go of every connection."""
        self._is_closing = True
        if self._client is not None:
            await self._client.close()
        tasks = [*([self._connection] if self._connection else []), *(self._desk.tasks if self._desk else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _stay_connected(self, since: datetime | None) -> None:
        """Connect, and connect anew with a growing wait when the library gives up; a wrong setting ends the start."""
        wait = _FIRST_WAIT_S
        while True:
            begun = self._clock.monotonic()
            try:
                await self._connect(since)
                if self._is_closing:
                    # A shard that is on its way back swallows the cancellation.
                    return
                log.warning("Discord closed the connection")
            except SettingsError as error:
                if self._is_starting and not self._connected.is_set():
                    raise
                log.error("Discord does not let the bot in", reason=str(error))
            except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
                log.warning("Discord was lost", error=told(error))
            if self._clock.monotonic() - begun > _LONGEST_WAIT_S:
                wait = _FIRST_WAIT_S
            if self._connected.is_set():
                since = self._clock.now()
            await asyncio.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT_S)

    async def _connect(self, since: datetime | None) -> None:
        """One login, for as long as it lasts."""
        assert self._desk is not None
        async with Client(self._desk, since) as client:
            try:
                await client.login(self._settings.token)
                self._client = client
                await self._sync(client)
                await client.connect()
            except discord.LoginFailure as error:
                raise SettingsError(refusal_of(self._settings.token)) from error
            except discord.PrivilegedIntentsRequired as error:
                raise SettingsError(MISSING_INTENT) from error
            except discord.ConnectionClosed as error:
                if error.code == _AUTHENTICATION_FAILED:
                    raise SettingsError(refusal_of(self._settings.token)) from error
                raise

    async def _sync(self, client: Client) -> None:
        try:
            await commands.sync(client)
        except DeliveryError as error:
            # The commands of an earlier start still stand; mentions work without any.
            log.error("commands not registered", error=str(error))

    async def _ready(self) -> tuple[Client, Desk]:
        """The client, once it has been connected."""
        await self._connected.wait()
        assert self._desk is not None
        assert self._client is not None
        return self._client, self._desk

    # --- what the core asks -----------------------------------------------------------------------------------------

    async def open_reply(self, target: ReplyTarget) -> Reply:
        """Begin to show an answer, or take up one that an earlier process began."""
        client, desk = await self._ready()
        return await opening.open_reply(target, client, desk)

    async def fetch(self, attachment: Attachment) -> bytes:
        """The bytes of a file that a person attached."""
        client, _ = await self._ready()
        return await asking.fetch(attachment, client)

    async def discard(self, attachments: Sequence[Attachment]) -> None:
        """Files stay with Discord; no copies are kept."""

    async def history(self, place: Place, *, limit: int) -> AsyncGenerator[HistoryMessage, None]:
        """The latest messages of a place, newest first."""
        client, _ = await self._ready()
        async for message in asking.history(place, limit, client):
            yield message

    async def find_place(self, name: str, near: Place, reader: Person) -> FoundPlace | None:
        """A channel of the server by name or mention, where this person may read it."""
        client, _ = await self._ready()
        return await asking.find_place(name, near, reader, client)

    async def direct_place(self, person: Person, near: Place) -> Place | None:
        """The direct message channel with a person."""
        client, _ = await self._ready()
        return await asking.direct_place(person, client)

    async def is_admin(self, person: Person, place: Place) -> bool:
        """Whether a person administers or manages the server; where Discord does not say, nobody does."""
        client, _ = await self._ready()
        try:
            return await asking.is_admin(person, place, client)
        except DeliveryError as error:
            log.error("roles not known", person=person.key, error=str(error))
            return False
