"""Reading what people said while the bot was away, and handing it to the core as if it had just been said.

The core knows what it has taken up already, so reading too much is safe; what is read is bounded by age and number.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import discord
import structlog

from adapters.discord.desk import Desk
from adapters.discord.inbound import Inbound
from adapters.discord.sending import persist
from adapters.discord.translating import channel_id
from bot.domain.places import Place, PlaceKind, Platform
from bot.errors import DeliveryError

log = structlog.get_logger(__name__)

# Read again a little of what should be known: clocks differ, and a dead socket is noticed late.
OVERLAP = timedelta(seconds=120)
# Messages read in one channel, archived threads read, and channels read at the same time.
_MOST_MESSAGES = 500
_MOST_CLOSED = 50
_AT_ONCE = 4

_Spoken = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread
Channel = _Spoken | discord.PartialMessageable


async def catch_up(client: discord.Client, inbound: Inbound, desk: Desk, since: datetime, shard: int | None) -> None:
    """Hand over every message by people since then, as far back as the settings allow.

    Args:
        since: when the bot last heard anything.
        shard: read only what this shard would have heard; None reads everything.
    """
    oldest = desk.clock.now() - timedelta(hours=desk.settings.catch_up_hours)
    after = max(since - OVERLAP, oldest)
    places = await desk.core.reading.places(Platform.DISCORD)
    channels = [
        *_guild_channels(client, after, shard),
        *_closed_threads(client, places, shard),
        *_direct_channels(client, places, shard),
    ]
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
        spoken: list[_Spoken] = [*guild.text_channels, *guild.voice_channels, *guild.stage_channels, *guild.threads]
        for channel in spoken:
            allowed = channel.permissions_for(guild.me)
            may_read = allowed.view_channel and allowed.read_message_history
            if may_read and (channel.last_message_id or 0) > first:
                yield channel


def _closed_threads(client: discord.Client, places: Sequence[Place], shard: int | None) -> Iterable[Channel]:
    """The threads that the bot was spoken to in last and that Discord tells no more of: archived ones."""
    for place in [place for place in places if place.kind is PlaceKind.THREAD][:_MOST_CLOSED]:
        guild = client.get_guild(int(place.workspace))
        if guild is None or (shard is not None and guild.shard_id != shard):
            continue
        if guild.get_thread(channel_id(place)) is None and guild.get_channel(int(place.channel)) is not None:
            yield client.get_partial_messageable(channel_id(place), guild_id=guild.id)


def _direct_channels(client: discord.Client, places: Sequence[Place], shard: int | None) -> Iterable[Channel]:
    """The direct channels that the bot was spoken to in; Discord lists none, and all belong to the first shard."""
    direct = (channel_id(place) for place in places if place.kind is PlaceKind.DIRECT)
    return [] if shard else [client.get_partial_messageable(channel) for channel in direct]


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
