"""Reading what people said while the bot was away, and handing it to the core as if it had just been said.

The core knows what it has taken up already, so reading too much is safe; what is read is bounded by age and number.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

import discord
import structlog

from adapters.discord.desk import Desk
from adapters.discord.inbound import Inbound
from adapters.discord.sending import persist
from adapters.discord.translating import channel_id
from bot.domain.places import PlaceKind, Platform
from bot.errors import DeliveryError

log = structlog.get_logger(__name__)

# Read again a little of what should be known: clocks differ, and a dead socket is noticed late.
OVERLAP = timedelta(seconds=120)
# Messages read in one channel, and channels read at the same time.
_MOST_MESSAGES = 500
_AT_ONCE = 4

Channel = discord.TextChannel | discord.VoiceChannel | discord.Thread | discord.PartialMessageable


async def catch_up(client: discord.Client, inbound: Inbound, desk: Desk, since: datetime, shard: int | None) -> None:
    """Hand over every message by people since then, as far back as the settings allow.

    Args:
        since: when the bot last heard anything.
        shard: read only what this shard would have heard; None reads everything.
    """
    oldest = desk.clock.now() - timedelta(hours=desk.settings.catch_up_hours)
    after = max(since - OVERLAP, oldest)
    channels = [*_guild_channels(client, after, shard), *await _direct_channels(client, desk, shard)]
    turns = asyncio.Semaphore(_AT_ONCE)

    async def read(channel: Channel) -> int:
        async with turns:
            return await _read(channel, inbound, after)

    counts = await asyncio.gather(*map(read, channels))
    log.info("caught up", channels=len(channels), messages=sum(counts), after=after.isoformat())


def _guild_channels(client: discord.Client, after: datetime, shard: int | None) -> Iterable[Channel]:
    """Channels and threads with newer messages, which the bot may read."""
    first = discord.utils.time_snowflake(after)
    for guild in client.guilds:
        if shard is not None and guild.shard_id != shard:
            continue
        channels: list[discord.TextChannel | discord.VoiceChannel | discord.Thread] = []
        for channel in (*channels, *guild.text_channels, *guild.voice_channels, *guild.threads):
            allowed = channel.permissions_for(guild.me)
            may_read = allowed.view_channel and allowed.read_message_history
            if may_read and (channel.last_message_id or 0) > first:
                yield channel


async def _direct_channels(client: discord.Client, desk: Desk, shard: int | None) -> Iterable[Channel]:
    """The direct channels that the bot was spoken to in; Discord lists none, and all belong to the first shard."""
    if shard:
        return []
    places = await desk.core.reading.places(Platform.DISCORD)
    direct = (channel_id(place) for place in places if place.kind is PlaceKind.DIRECT)
    return [client.get_partial_messageable(channel) for channel in direct]


async def _read(channel: Channel, inbound: Inbound, after: datetime) -> int:
    async def messages() -> list[discord.Message]:
        history = channel.history(limit=_MOST_MESSAGES, after=after, oldest_first=True)
        return [message async for message in history]

    try:
        missed = await persist(messages)
    except DeliveryError as error:
        log.warning("channel not caught up", channel=channel.id, error=str(error))
        return 0
    for message in missed:
        await inbound.message(message)
    return len(missed)
