"""Discord's objects as the core's values: places, people, the words of a message, its files."""

from __future__ import annotations

import re
from collections.abc import Mapping

import discord

from adapters.discord.sending import persist
from bot.chat.addressing import looks_like_command
from bot.domain.messages import Attachment, HistoryMessage, MessageRef
from bot.domain.places import Person, Place, Platform, owning_place

# What people write; all other types are Discord's own notices (joins, pins, boosts …).
SPOKEN = (
    discord.MessageType.default,
    discord.MessageType.reply,
    discord.MessageType.chat_input_command,
    discord.MessageType.context_menu_command,
)

_REFERENCE = re.compile(r"<(?:(@!?|@&|#)(\d+)|a?(:\w+:)\d+|(/[^:>]+):\d+)>")


def ref_of(channel: int, message: int) -> MessageRef:
    """How the core names a message of Discord's."""
    return MessageRef(Platform.DISCORD, str(channel), str(message))


def channel_id(place: Place) -> int:
    """The channel or thread that Discord knows a place by."""
    return int(place.thread or place.channel)


async def place_of(channel: object, client: discord.Client) -> Place:
    """The place of a channel, thread or direct channel; one that is not cached is asked for.

    Raises:
        DeliveryError: Discord does not tell.
    """
    if isinstance(channel, discord.Thread):
        guild, parent = str(channel.guild.id), str(channel.parent_id)
        return owning_place(Platform.DISCORD, guild, parent, thread=str(channel.id))
    if isinstance(channel, discord.abc.GuildChannel):
        return owning_place(Platform.DISCORD, str(channel.guild.id), str(channel.id))
    if isinstance(channel, discord.PartialMessageable) and channel.guild_id is not None:
        return await place_of(await persist(lambda: client.fetch_channel(channel.id)), client)
    assert isinstance(channel, discord.DMChannel | discord.PartialMessageable)
    return owning_place(Platform.DISCORD, "", str(channel.id), direct=True)


def person_of(user: discord.User | discord.Member, locale: str) -> Person:
    """A user as the core knows people, by the name that others see."""
    return Person(Platform.DISCORD, str(user.id), user.display_name, locale, is_bot=user.bot)


def mentions(message: discord.Message, me: int) -> bool:
    """Whether a message mentions the bot, itself or by the role that Discord made for it."""
    own_role = message.guild.self_role if message.guild else None
    return any(user.id == me for user in message.mentions) or (
        own_role is not None and own_role in message.role_mentions
    )


def words(message: discord.Message, me: int = 0) -> str:
    """A message's words as people see them: names in place of ids, and the bot's own mention left out at the edges.

    Those of a forum's post begin with its title.
    """
    text = message.content or "\n".join(snapshot.content for snapshot in message.message_snapshots)
    own_role = message.guild.self_role if message.guild else None
    own = f"<(?:@!?{me}{f'|@&{own_role.id}' if own_role else ''})>"
    text = re.sub(rf"^(?:\s*{own})+[\s,:，：]*|(?:\s*{own})+\s*$", "", text)
    text = named(text, {user.id: user.display_name for user in message.mentions}, message.guild)
    title = _title(message)
    return f"{title}\n\n{text}".strip() if title and not looks_like_command(text) else text


def _title(message: discord.Message) -> str:
    """The title above a post in a forum or media channel: its first message has the thread's own id."""
    channel = message.channel
    if not isinstance(channel, discord.Thread) or channel.id != message.id:
        return ""
    return channel.name if isinstance(channel.parent, discord.ForumChannel) else ""


def named(text: str, people: Mapping[int, str], guild: discord.Guild | None) -> str:
    """A text with names in place of Discord's ids, where they are known."""

    def name(found: re.Match[str]) -> str:
        mark, number, emoji, command = found.groups()
        if mark is None:
            return emoji or command
        if mark == "#":
            channel = guild.get_channel_or_thread(int(number)) if guild else None
            return f"#{channel.name}" if channel else found.group()
        if mark == "@&":
            role = guild.get_role(int(number)) if guild else None
            return f"@{role.name}" if role else found.group()
        return f"@{people[int(number)]}" if int(number) in people else found.group()

    return _REFERENCE.sub(name, text)


def attachments_of(message: discord.Message) -> tuple[Attachment, ...]:
    """A message's files, located by the message: their addresses expire."""
    where = f"{message.channel.id}/{message.id}"
    return tuple(attachment_of(file, f"{where}/{file.id}") for file in message.attachments)


def attachment_of(file: discord.Attachment, locator: str) -> Attachment:
    """A file as the core knows files."""
    return Attachment(file.filename, file.content_type or "application/octet-stream", file.size, locator)


def history_message(message: discord.Message, me: int) -> HistoryMessage:
    """A message as it is read for a summary."""
    author = message.author
    by_bot = author.id == me
    return HistoryMessage(
        ref_of(message.channel.id, message.id),
        author.display_name,
        words(message),
        message.created_at,
        by_bot=by_bot,
        automated=not by_bot and (author.bot or message.webhook_id is not None),
        link=message.jump_url,
        person=f"{Platform.DISCORD}/{author.id}",
    )
