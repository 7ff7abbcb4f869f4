"""What the core asks Discord for: files, a place's history, a person's roles."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import discord

from adapters.discord.sending import Expired, Gone, persist
from adapters.discord.translating import SPOKEN, channel_id, history_message
from bot.domain.messages import Attachment, HistoryMessage
from bot.domain.places import Person, Place
from bot.errors import DeliveryError

T = TypeVar("T")

Readable = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread | discord.DMChannel

# Messages that Discord gives at once, at most.
_PAGE = 100


async def fetch(attachment: Attachment, client: discord.Client) -> bytes:
    """The bytes of a file; a message's file is looked up anew, since its address expires within a day.

    Raises:
        DeliveryError: it cannot be had.
    """
    if attachment.locator.startswith(("http://", "https://")):
        return await _asked(lambda: client.http.get_from_cdn(attachment.locator))
    channel, message, file = map(int, attachment.locator.split("/"))
    found = await _asked(lambda: client.get_partial_messageable(channel).fetch_message(message))
    for candidate in found.attachments:
        if candidate.id == file:
            return await _asked(candidate.read)
    raise DeliveryError("the file is not under its message any more", retryable=False)


async def history(place: Place, limit: int, client: discord.Client) -> AsyncIterator[HistoryMessage]:
    """The latest messages that people and bots wrote in a place, newest first.

    Raises:
        DeliveryError: the place cannot be read.
    """
    number = channel_id(place)
    cached = client.get_channel(number)
    channel = cached if isinstance(cached, Readable) else client.get_partial_messageable(number)
    me = client.user.id if client.user else 0
    before: discord.Message | None = None
    # Notices of Discord's own are dropped; where there is little else, reading ends.
    for _ in range(2 * limit // _PAGE + 2):
        page = await _asked(functools.partial(_page, channel, before))
        for message in page:
            if message.type in SPOKEN and not message.flags.loading:
                yield history_message(message, me)
                limit -= 1
                if not limit:
                    return
        if len(page) < _PAGE:
            return
        before = page[-1]


async def _page(
    channel: Readable | discord.PartialMessageable, before: discord.Message | None
) -> list[discord.Message]:
    return [message async for message in channel.history(limit=_PAGE, before=before)]


async def is_admin(person: Person, place: Place, client: discord.Client) -> bool:
    """Whether a person may administer or manage the server, as Discord says now; in direct channels nobody does.

    Raises:
        DeliveryError: Discord does not say.
    """
    guild = client.get_guild(int(place.workspace)) if place.workspace else None
    if guild is None:
        return False
    try:
        member = await _asked(lambda: guild.fetch_member(int(person.id)))
    except DeliveryError as error:
        if isinstance(error.__cause__, discord.NotFound):
            return False
        raise
    return member.guild_permissions.administrator or member.guild_permissions.manage_guild


async def _asked(request: Callable[[], Awaitable[T]]) -> T:
    try:
        return await persist(request)
    except (Gone, Expired) as error:
        raise DeliveryError("it is not there any more", retryable=False) from error
