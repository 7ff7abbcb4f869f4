"""The state of the pretend Discord and every change to it; each change is told to the gateway's sessions.

Whether somebody may make a change is decided before (`rest`, `people`); here it happens.
"""

from __future__ import annotations

import mimetypes
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import quote

from tests.servers.discord import mentions, payloads, permissions
from tests.servers.discord.drafts import Draft
from tests.servers.discord.intents import Intent
from tests.servers.discord.model import (
    ANNOUNCEMENT,
    ANNOUNCEMENT_THREAD,
    DEFAULT,
    DIRECT,
    LOADING,
    PUBLIC_THREAD,
    REPLY,
    TEXT,
    THREAD_CREATED,
    THREAD_STARTER,
    Attachment,
    Channel,
    Guild,
    Json,
    Member,
    Message,
    Overwrite,
    Role,
    Snowflakes,
    User,
)
from tests.servers.discord.webhooks import Webhook

BOT_ID = "1040000000000000001"  # always the same, and with it the token: a .env stays good

FILE_LIFE = 24 * 3600  # seconds that an attachment's address is good for

Files = Sequence[tuple[str, bytes]]


class Publisher(Protocol):
    """Where changes are told: the gateway."""

    def publish(self, name: str, intent: Intent, data: Json, channel: Channel | None = None) -> None: ...

    def publish_message(self, name: str, message: Message) -> None: ...


class World:
    """Everything there is. `changed` is called after each change, `violation` with what must never happen."""

    def __init__(self, bot_name: str, changed: Callable[[], None], violation: Callable[[str], None]) -> None:
        self.ids = Snowflakes()
        self.changed = changed
        self.violation = violation
        self.publisher: Publisher
        self.origin = ""
        self.bot = User(BOT_ID, bot_name, bot=True)
        self.owner = User(self.ids.make(), "Owner")
        self.users: dict[str, User] = {self.bot.id: self.bot, self.owner.id: self.owner}
        self.guilds: dict[str, Guild] = {}
        self.channels: dict[str, Channel] = {}
        self.messages: dict[str, Message] = {}
        self.files: dict[str, Attachment] = {}

    # --- places ---

    def add_guild(self, name: str, locale: str = "en-US") -> Guild:
        """A guild with everybody in it, the bot as well."""
        number = self.ids.make()
        everyone = Role(number, "@everyone", permissions.EVERYONE)
        guild = Guild(self, number, name, self.owner, everyone, locale)
        for user in self.users.values():
            guild.members[user.id] = Member(user, guild, [], datetime.now(UTC))
        managed = Role(self.ids.make(), self.bot.name, 0, managed_by=self.bot)
        guild.roles[managed.id] = managed
        guild.members[self.bot.id].roles.append(managed)
        self.guilds[number] = guild
        self.publisher.publish("GUILD_CREATE", Intent.GUILDS, self.guild_create(guild))
        return guild

    def guild_create(self, guild: Guild, *, all_members: bool = False) -> Json:
        return payloads.guild_create(guild, self.bot, all_members=all_members)

    def join(self, guild: Guild, user: User) -> None:
        """A user becomes a member."""
        guild.members[user.id] = Member(user, guild, [], datetime.now(UTC))
        data = payloads.member(guild.members[user.id]) | {"guild_id": guild.id}
        self.publisher.publish("GUILD_MEMBER_ADD", Intent.GUILD_MEMBERS, data)
        self.changed()

    def remove_bot(self, guild: Guild) -> None:
        """The bot is kicked out of a guild."""
        del guild.members[self.bot.id], self.guilds[guild.id]
        self.publisher.publish("GUILD_DELETE", Intent.GUILDS, {"id": guild.id})
        self.changed()

    def add_channel(self, guild: Guild, name: str, kind: int = TEXT) -> Channel:
        channel = Channel(self, self.ids.make(), name, kind, guild)
        self.channels[channel.id] = guild.channels[channel.id] = channel
        self.publisher.publish("CHANNEL_CREATE", Intent.GUILDS, payloads.channel(channel, self.bot))
        self.changed()
        return channel

    def direct(self, user: User) -> Channel:
        """The direct channel of a user and the bot; made when there is none yet."""
        for channel in self.channels.values():
            if channel.kind == DIRECT and user in channel.recipients:
                return channel
        channel = Channel(self, self.ids.make(), "", DIRECT, recipients=[user, self.bot])
        self.channels[channel.id] = channel
        return channel

    def add_role(self, guild: Guild, name: str, granted: int, *, mentionable: bool = False) -> Role:
        role = Role(self.ids.make(), name, granted, mentionable=mentionable)
        guild.roles[role.id] = role
        data = {"guild_id": guild.id, "role": payloads.role(role, guild)}
        self.publisher.publish("GUILD_ROLE_CREATE", Intent.GUILDS, data)
        return role

    def set_roles(self, guild: Guild, user: User, roles: list[Role]) -> None:
        member = guild.members[user.id]
        member.roles = roles
        # The bot hears of its own member without the members intent.
        intent = Intent.GUILDS if user is self.bot else Intent.GUILD_MEMBERS
        self.publisher.publish("GUILD_MEMBER_UPDATE", intent, payloads.member(member) | {"guild_id": guild.id})
        self.changed()

    def overwrite(self, channel: Channel, user: User, allowed: Mapping[str, bool]) -> None:
        """Allow or deny a member permissions in a channel."""
        own = channel.overwrites.setdefault(user.id, Overwrite(user.id, 1))
        for name, allow in allowed.items():
            bit = permissions.BITS[name]
            own.allow = own.allow | bit if allow else own.allow & ~bit
            own.deny = own.deny & ~bit if allow else own.deny | bit
        self.publisher.publish("CHANNEL_UPDATE", Intent.GUILDS, payloads.channel(channel, self.bot))
        self.changed()

    def add_webhook(self, channel: Channel, name: str) -> Webhook:
        return Webhook(self.ids.make(), name, channel)

    # --- threads ---

    def open_thread(
        self, parent: Channel, author: User, name: str, starter: Message | None = None, kind: int = PUBLIC_THREAD
    ) -> Channel:
        """A thread; one begun at a message has the message's id and that message as its first line."""
        number = starter.id if starter is not None else self.ids.make()
        kind = ANNOUNCEMENT_THREAD if parent.kind == ANNOUNCEMENT else kind
        thread = Channel(self, number, name, kind, parent.guild, parent, owner=author, starter=starter)
        assert parent.guild is not None
        self._begin_thread(thread, author)
        pointer: Json = {"type": 0, "channel_id": parent.id, "guild_id": parent.guild.id}
        if starter is not None:
            starter.thread = thread
            self.publisher.publish_message("MESSAGE_UPDATE", starter)
            pointer["message_id"] = starter.id
            self.post(thread, author, Draft(kind=THREAD_STARTER, reply_to=starter, reference=pointer, allowed={}))
        else:
            pointer["channel_id"] = thread.id
            self.post(parent, author, Draft(content=name, kind=THREAD_CREATED, reference=pointer, allowed={}))
        self.changed()
        return thread

    def open_post(self, forum: Channel, author: User, title: str, draft: Draft) -> Message:
        """A post in a forum or media channel: a thread whose first message has its id; the forum itself gets none."""
        post = Channel(self, self.ids.make(), title, PUBLIC_THREAD, forum.guild, forum, owner=author)
        forum.latest_post = post.id
        self._begin_thread(post, author)
        draft.number = post.id
        return self.post(post, author, draft)

    def _begin_thread(self, thread: Channel, author: User) -> None:
        thread.thread_members.append(author)
        assert thread.guild is not None
        self.channels[thread.id] = thread.guild.threads[thread.id] = thread
        data = payloads.channel(thread, self.bot) | {"newly_created": True}
        self.publisher.publish("THREAD_CREATE", Intent.GUILDS, data, thread)

    def archive(self, thread: Channel, *, archived: bool = True, locked: bool = False) -> None:
        """Archive a thread, or take it out again."""
        thread.archived, thread.locked = archived, locked
        self.publisher.publish("THREAD_UPDATE", Intent.GUILDS, payloads.channel(thread, self.bot), thread)
        self.changed()

    def join_thread(self, thread: Channel, user: User) -> None:
        """A user becomes a member of a thread; the bot hears only of itself."""
        if user in thread.thread_members:
            return
        thread.thread_members.append(user)
        if user is not self.bot:
            return
        assert thread.guild is not None
        data = {
            "id": thread.id,
            "guild_id": thread.guild.id,
            "member_count": len(thread.thread_members),
            "added_members": [payloads.thread_member(thread, user)],
        }
        self.publisher.publish("THREAD_MEMBERS_UPDATE", Intent.GUILDS, data, thread)

    # --- messages ---

    def attachment(self, channel: Channel, filename: str, data: bytes, description: str | None = None) -> Attachment:
        """A file kept for a message, with the address that serves it for a day."""
        number = self.ids.make()
        name = quote(filename.replace(" ", "_"))
        expires = int(datetime.now(UTC).timestamp()) + FILE_LIFE
        url = f"{self.origin}/attachments/{channel.id}/{number}/{name}?ex={expires:x}&is=0&hm=0"
        kind = mimetypes.guess_type(filename)[0] or "application/octet-stream"
        if kind.startswith("text/"):
            kind += "; charset=utf-8"
        width, height = _size(data)
        kept = Attachment(number, filename, data, kind, url, description, width=width, height=height)
        self.files[number] = kept
        return kept

    def expire_files(self) -> None:
        """Let every address given so far be too old; a message fetched anew has a fresh one."""
        for kept in self.files.values():
            kept.url = kept.url.partition("?")[0] + f"?ex={int(datetime.now(UTC).timestamp()) + FILE_LIFE:x}&is=1&hm=0"

    def post(self, channel: Channel, author: User, draft: Draft) -> Message:
        """A new message."""
        if draft.reply_to is not None and draft.kind == DEFAULT:
            draft.kind = REPLY
            draft.reference = _pointer(draft.reply_to)
        message = Message(
            draft.number or self.ids.make(draft.ago),
            channel,
            author,
            draft.content.strip(),
            draft.kind,
            draft.flags,
            draft.files,
            draft.embeds,
            draft.components,
            draft.reply_to,
            draft.reference,
            nonce=draft.nonce,
            webhook=draft.webhook,
            interaction=draft.interaction,
            ephemeral_for=draft.ephemeral_for,
        )
        message.states.append(message.text)
        self.messages[message.id] = message
        self._mention(message, draft.allowed, draft.reply_to)
        if message.ephemeral_for is None:
            self._show(message)
        self.changed()
        return message

    def _show(self, message: Message) -> None:
        """Put a message where everybody sees it."""
        channel = message.channel
        if channel.is_thread and not message.system:
            if channel.archived:
                self.archive(channel, archived=False)
            self.join_thread(channel, message.author)
            if self.bot in message.mentions:
                self.join_thread(channel, self.bot)
        channel.keep(message)
        channel.typed_at.pop(message.author, None)
        self.publisher.publish_message("MESSAGE_CREATE", message)

    def _mention(self, message: Message, allowed: Json | None, reply_to: Message | None) -> None:
        found = mentions.read(message.text, message.channel, message.author, reply_to, allowed)
        message.mentions, message.mention_roles = found.users, found.roles
        message.mention_everyone = found.everyone
        message.pinged += [user for user in found.pinged if user not in message.pinged]
        if message.author is self.bot and found.everyone:
            self.violation(f"message {message.id} of the bot pinged @everyone")
        if message.author is self.bot and found.roles:
            self.violation(f"message {message.id} of the bot pinged a role")

    def edit(self, message: Message, allowed: Json | None = None, **fields: Any) -> None:
        """Replace fields of a message (content, embeds, components, files, flags); its mentions are read anew."""
        for name, value in fields.items():
            setattr(message, name, value)
        message.content = message.content.strip()
        first = message.loading
        message.flags &= ~LOADING
        if not first:
            message.edited_at = datetime.now(UTC)
        message.states.append(message.text)
        self._mention(message, allowed, message.reply_to if message.kind == REPLY else None)
        self._updated(message)

    def touch(self, message: Message, **fields: Any) -> None:
        """Change what is no edit by its author (an unfurled link, a pin): the text and the edit's time stay."""
        for name, value in fields.items():
            setattr(message, name, value)
        self._updated(message)

    def _updated(self, message: Message) -> None:
        if message.ephemeral_for is None:
            self.publisher.publish_message("MESSAGE_UPDATE", message)
        self.changed()

    def delete(self, message: Message) -> None:
        """Take a message away."""
        self._forget(message)
        if message.ephemeral_for is None:
            data = {"id": message.id} | _where(message.channel)
            self.publisher.publish("MESSAGE_DELETE", _messages(message.channel), data, message.channel)
        self.changed()

    def delete_many(self, messages: Sequence[Message]) -> None:
        """Take several messages of a channel away at once."""
        for message in messages:
            self._forget(message)
        channel = messages[0].channel
        data = {"ids": [message.id for message in messages]} | _where(channel)
        self.publisher.publish("MESSAGE_DELETE_BULK", _messages(channel), data, channel)
        self.changed()

    def _forget(self, message: Message) -> None:
        message.deleted = True
        del self.messages[message.id]
        if message.ephemeral_for is None:
            message.channel.drop(message)

    # --- small acts ---

    def react(self, message: Message, user: User, emoji: str) -> None:
        """Add a reaction; a second one alike is nothing."""
        users = message.reactions.setdefault(emoji, [])
        if user in users:
            return
        users.append(user)
        data = self._reaction(message, user, emoji) | {"message_author_id": message.author.id, "burst_colors": []}
        guild = message.channel.guild
        if guild is not None:
            data["member"] = payloads.member(guild.members[user.id])
        self.publisher.publish("MESSAGE_REACTION_ADD", _reactions(message.channel), data, message.channel)
        self.changed()

    def unreact(self, message: Message, user: User, emoji: str) -> None:
        """Take a reaction back."""
        users = message.reactions.get(emoji, [])
        if user not in users:
            return
        users.remove(user)
        if not users:
            del message.reactions[emoji]
        data = self._reaction(message, user, emoji)
        self.publisher.publish("MESSAGE_REACTION_REMOVE", _reactions(message.channel), data, message.channel)
        self.changed()

    def _reaction(self, message: Message, user: User, emoji: str) -> Json:
        data = {"user_id": user.id, "message_id": message.id, "emoji": payloads.emoji(emoji), "burst": False, "type": 0}
        return data | _where(message.channel)

    def type(self, channel: Channel, user: User) -> None:
        """A user is typing, for ten seconds or until they say something."""
        channel.typed_at[user] = time.monotonic()
        intent = Intent.DIRECT_MESSAGE_TYPING if channel.guild is None else Intent.GUILD_MESSAGE_TYPING
        data = {"user_id": user.id, "timestamp": int(datetime.now(UTC).timestamp())} | _where(channel)
        if channel.guild is not None:
            data["member"] = payloads.member(channel.guild.members[user.id])
        self.publisher.publish("TYPING_START", intent, data, channel)
        self.changed()


def _pointer(message: Message) -> Json:
    pointer: Json = {"type": 0, "message_id": message.id, "channel_id": message.channel.id}
    if message.channel.guild is not None:
        pointer["guild_id"] = message.channel.guild.id
    return pointer


def _where(channel: Channel) -> Json:
    where: Json = {"channel_id": channel.id}
    if channel.guild is not None:
        where["guild_id"] = channel.guild.id
    return where


def _messages(channel: Channel) -> Intent:
    return Intent.DIRECT_MESSAGES if channel.guild is None else Intent.GUILD_MESSAGES


def _reactions(channel: Channel) -> Intent:
    return Intent.DIRECT_MESSAGE_REACTIONS if channel.guild is None else Intent.GUILD_MESSAGE_REACTIONS


def _size(data: bytes) -> tuple[int | None, int | None]:
    """Width and height of a PNG; nothing of anything else."""
    if data[:8] != b"\x89PNG\r\n\x1a\n" or len(data) < 24:
        return None, None
    width, height = struct.unpack(">II", data[16:24])
    return width, height
