"""What the core asks Discord for: files, a place's history, a person's roles."""

from __future__ import annotations

import functools
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeVar

import discord

from adapters.discord.sending import persist
from adapters.discord.translating import SPOKEN, channel_id, history_message, place_of
from bot.domain.messages import Attachment, HistoryMessage
from bot.domain.places import Person, Place, Platform, owning_place
from bot.errors import DeliveryError
from bot.ports import FoundPlace

T = TypeVar("T")

Readable = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread | discord.DMChannel

_MENTION = re.compile(r"<#(\d+)>")

Named = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread

# Messages that Discord gives at once, at most.
_PAGE = 100


async def fetch(attachment: Attachment, client: discord.Client) -> bytes:
    """The bytes of a file; a message's file is looked up anew, since its address expires within a day.

    Raises:
        DeliveryError: it cannot be had.
    """
    if attachment.locator.startswith(("http://", "https://")):
        return await persist(lambda: client.http.get_from_cdn(attachment.locator))
    channel, message, file = map(int, attachment.locator.split("/"))
    found = await persist(lambda: client.get_partial_messageable(channel).fetch_message(message))
    for candidate in found.attachments:
        if candidate.id == file:
            return await persist(candidate.read)
    raise DeliveryError("the file is not under its message any more", retryable=False)


async def history(place: Place, limit: int, client: discord.Client) -> AsyncGenerator[HistoryMessage, None]:
    """The latest messages that people and bots wrote in a place, newest first.

    Raises:
        DeliveryError: the place cannot be read.
    """
    number = channel_id(place)
    cached = client.get_channel(number)
    channel = cached if isinstance(cached, Readable) else client.get_partial_messageable(number)
    if not _is_readable(channel):
        # Discord would say that there are no messages.
        raise DeliveryError("the bot lacks the permission Read Message History", retryable=False)
    me = client.user.id if client.user else 0
    before: discord.Message | None = None
    # Notices of Discord's own are dropped; where there is little else, reading ends.
    for _ in range(2 * limit // _PAGE + 2):
        page = await persist(functools.partial(_page, channel, before))
        for message in page:
            if message.type in SPOKEN and not message.flags.loading:
                yield history_message(message, me)
                limit -= 1
                if not limit:
                    return
        if len(page) < _PAGE:
            return
        before = page[-1]


def _is_readable(channel: Readable | discord.PartialMessageable) -> bool:
    """Whether the bot may read the history, as far as is known here."""
    if isinstance(channel, discord.DMChannel | discord.PartialMessageable):
        return True
    return channel.permissions_for(channel.guild.me).read_message_history


async def _page(
    channel: Readable | discord.PartialMessageable, before: discord.Message | None
) -> list[discord.Message]:
    return [message async for message in channel.history(limit=_PAGE, before=before)]


async def find_place(name: str, near: Place, reader: Person, client: discord.Client) -> FoundPlace | None:
    """The channel or thread of this name or mention in a server, where the reader may read its history.

    Raises:
        DeliveryError: Discord does not say.
    """
    guild = client.get_guild(int(near.workspace)) if near.workspace else None
    if guild is None:
        return None
    mentioned = _MENTION.fullmatch(name)
    wanted = mentioned[1] if mentioned else name.removeprefix("#").casefold()
    channels: list[Named] = [*guild.text_channels, *guild.voice_channels, *guild.stage_channels, *guild.threads]
    named = [each for each in channels if wanted in (str(each.id), each.name.casefold())]
    if not named:
        return None
    member = await _found(lambda: guild.fetch_member(int(reader.id)))
    if member is None:
        return None
    for channel in named:
        if await _may_read(member, channel):
            return FoundPlace(channel.name, await place_of(channel, client))
    return None


async def _may_read(member: discord.Member, channel: Named) -> bool:
    allowed = channel.permissions_for(member)
    if not (allowed.view_channel and allowed.read_message_history):
        return False
    if not isinstance(channel, discord.Thread) or not channel.is_private() or allowed.manage_threads:
        return True
    return await _found(lambda: channel.fetch_member(member.id)) is not None


async def _found(ask: Callable[[], Awaitable[T]]) -> T | None:
    """What Discord tells of someone; None where it knows nobody of that name there.

    Raises:
        DeliveryError: it does not say.
    """
    try:
        return await persist(ask)
    except DeliveryError as error:
        if isinstance(error.__cause__, discord.NotFound):
            return None
        raise


async def direct_place(person: Person, client: discord.Client) -> Place:
    """The direct message channel with a person.

    Raises:
        DeliveryError: Discord does not open it.
    """
    channel = await persist(lambda: client.create_dm(discord.Object(int(person.id))))
    return owning_place(Platform.DISCORD, "", str(channel.id), direct=True)


async def is_admin(person: Person, place: Place, client: discord.Client) -> bool:
    """Whether a person may administer or manage the server, as Discord says now; in direct channels nobody does.

    Raises:
        DeliveryError: Discord does not say.
    """
    guild = client.get_guild(int(place.workspace)) if place.workspace else None
    if guild is None:
        return False
    member = await _found(lambda: guild.fetch_member(int(person.id)))
    if member is None:
        return False
    return member.guild_permissions.administrator or member.guild_permissions.manage_guild
