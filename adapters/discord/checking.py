"""Live checks for `doctor` and `connect`: what Discord itself says of token, intents, commands, servers, a channel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import discord

from adapters.discord import client as listening
from adapters.discord import commands
from adapters.discord.connecting import PERMISSIONS, invite_link, readable
from adapters.discord.lifecycle import MISSING_INTENT, WITHOUT_CONTENT, point_at, refusal_of
from adapters.discord.sending import told
from bot.domain.findings import Finding
from bot.errors import DeliveryError
from bot.settings import DiscordSettings

# Seconds within which the gateway should have greeted us.
_GREETING_S = 20.0

_ERRORS = (discord.DiscordException, aiohttp.ClientError, OSError)


async def check(settings: DiscordSettings, *, channel: str = "") -> AsyncIterator[Finding]:
    """Look at everything, one finding after the other; what needs a token stops with the first that is wrong.

    Args:
        channel: the id of a channel or thread in which the bot should be able to write.
    """
    if not settings.token:
        yield Finding("Discord token", False, "DISCORD_TOKEN is not set: step 2 of make connect-discord.")
        return
    point_at(settings)
    client = _Probe(intents=listening.intents_for(message_content=settings.message_content))
    async with client:
        try:
            await client.login(settings.token)
        except discord.LoginFailure:
            yield Finding("Discord token", False, refusal_of(settings.token))
            return
        except _ERRORS as error:
            yield Finding("Discord", False, f"{told(error)}. See https://discordstatus.com and DISCORD_API_URL.")
            return
        assert client.user is not None
        yield Finding("Discord token", True, f"is that of {client.user.name} ({client.user.id})")
        for look in (_endpoint(client), _intents(client, settings), await _commands(client), await _servers(client)):
            yield look
        connection = asyncio.create_task(client.connect())
        try:
            greeting = await _gateway(client, connection)
            yield greeting
            if channel and greeting.well:
                yield await _channel(client, channel)
        finally:
            connection.cancel()
            await asyncio.gather(connection, return_exceptions=True)


class _Probe(discord.AutoShardedClient):
    """A client that listens for the greeting only."""

    def __init__(self, *, intents: discord.Intents) -> None:
        super().__init__(
            intents=intents,
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            guild_ready_timeout=listening.SERVERS_S,
        )
        self.greeted = asyncio.Event()

    async def on_connect(self) -> None:
        self.greeted.set()


def _endpoint(client: _Probe) -> Finding:
    address = client.application.interactions_endpoint_url if client.application else None
    if address is None:
        return Finding("Discord commands' way", True, "over the gateway")
    return Finding(
        "Discord commands' way",
        False,
        "The application has an Interactions Endpoint URL, so no command or button reaches this bot. Empty that field "
        "in the developer portal under General Information.",
    )


def _intents(client: _Probe, settings: DiscordSettings) -> Finding:
    if not settings.message_content:
        return Finding("Discord message content", True, WITHOUT_CONTENT)
    flags = client.application_flags
    granted = flags.gateway_message_content or flags.gateway_message_content_limited
    return Finding("Discord message content", granted, "the intent is switched on" if granted else MISSING_INTENT)


async def _commands(client: _Probe) -> Finding:
    try:
        known = await commands.registered(client)
    except DeliveryError as error:
        return Finding("Discord commands", False, str(error))
    if commands.same(known, commands.payloads()):
        return Finding("Discord commands", True, f"all {len(known)} are registered")
    if not known:
        return Finding("Discord commands", True, "they are registered when the bot starts for the first time: make run")
    return Finding("Discord commands", False, "Those of another version are registered: start the bot once (make run).")


async def _servers(client: _Probe) -> Finding:
    try:
        names = [guild.name async for guild in client.fetch_guilds(limit=200, with_counts=False)]
    except _ERRORS as error:
        return Finding("Discord servers", False, told(error))
    if names:
        return Finding("Discord servers", True, f"the bot is in {len(names)}: {', '.join(names[:5])}")
    link = invite_link(str(client.application_id))
    return Finding("Discord servers", False, f"The bot is in no server yet. A server's admin lets it in at {link}")


async def _gateway(client: _Probe, connection: asyncio.Task[None]) -> Finding:
    """Whether the gateway greets us."""
    greeting = asyncio.create_task(client.greeted.wait())
    await asyncio.wait([connection, greeting], timeout=_GREETING_S, return_when=asyncio.FIRST_COMPLETED)
    greeting.cancel()
    if client.greeted.is_set():
        return Finding("Discord events", True, "the gateway lets the bot in")
    if not connection.done():
        return Finding("Discord events", False, "The gateway does not answer. See https://discordstatus.com.")
    error = connection.exception()
    text = MISSING_INTENT if isinstance(error, discord.PrivilegedIntentsRequired) else str(error)
    return Finding("Discord events", False, text)


async def _channel(client: _Probe, number: str) -> Finding:
    """Whether the bot may do in a channel what it needs to, by what the gateway tells of its servers."""
    subject = f"Discord channel {number}"
    if not number.isdecimal():
        return Finding(
            subject, False, "A channel is named by a number: switch on Developer Mode, then Copy Channel ID."
        )
    await client.wait_until_ready()
    channel = client.get_channel(int(number))
    if not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        return Finding(subject, False, "There is no such channel in the servers that the bot is in.")
    if isinstance(channel, discord.Thread) and channel.locked:
        return Finding(subject, False, f"#{channel.name} is locked: a moderator can unlock it.")
    allowed = channel.permissions_for(channel.guild.me)
    missing = [readable(name) for name, needed in _needed_in(channel) if needed and not getattr(allowed, name)]
    if missing:
        remedy = f"The bot lacks {', '.join(missing)} in #{channel.name}: give its role these permissions."
        return Finding(subject, False, remedy)
    return Finding(subject, True, f"the bot may write in #{channel.name}")


def _needed_in(channel: discord.abc.GuildChannel | discord.Thread) -> discord.Permissions:
    """What the bot needs there; the text of a voice channel is for those who may join it."""
    is_spoken_in = isinstance(channel, discord.VoiceChannel | discord.StageChannel)
    return PERMISSIONS | discord.Permissions(connect=True) if is_spoken_in else PERMISSIONS
