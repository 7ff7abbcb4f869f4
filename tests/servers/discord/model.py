"""What exists on the pretend Discord: users, guilds, channels, messages.

Plain state and questions about it; `world` changes it, `payloads` writes it as Discord's JSON.
"""

from __future__ import annotations

import time
from bisect import insort
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.servers.discord import permissions

if TYPE_CHECKING:
    from tests.servers.discord.webhooks import Webhook
    from tests.servers.discord.world import World

Json = dict[str, Any]

EPOCH_MS = 1_420_070_400_000  # the first second of 2015, where snowflakes begin

TYPING_SECONDS = 10.0

TEXT, DIRECT, VOICE, ANNOUNCEMENT, STAGE, FORUM, MEDIA = 0, 1, 2, 5, 13, 15, 16
ANNOUNCEMENT_THREAD, PUBLIC_THREAD, PRIVATE_THREAD = 10, 11, 12

# Message types: an ordinary one, a reply, a slash command's answer, a thread's first line, a context menu's answer.
DEFAULT, THREAD_CREATED, REPLY, CHAT_INPUT, THREAD_STARTER, CONTEXT_MENU = 0, 18, 19, 20, 21, 23

SUPPRESS_EMBEDS, HAS_THREAD, EPHEMERAL, LOADING, SUPPRESS_NOTIFICATIONS, COMPONENTS_V2 = 4, 32, 64, 128, 4096, 1 << 15


class Snowflakes:
    """Makes ids that sort by time."""

    def __init__(self) -> None:
        self._step = 0

    def make(self, ago: float = 0.0) -> str:
        """A new id, as if made `ago` seconds before now."""
        self._step += 1
        return str((int((time.time() - ago) * 1000) - EPOCH_MS) << 22 | self._step & 0x3FFFFF)


def made_at(snowflake: str) -> datetime:
    """The time in an id."""
    return datetime.fromtimestamp(((int(snowflake) >> 22) + EPOCH_MS) / 1000, UTC)


@dataclass(eq=False, slots=True)
class User:
    """An account: a person's or a bot's."""

    id: str
    name: str
    bot: bool = False
    locale: str = "en-US"
    closed_dms: bool = False

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    def __repr__(self) -> str:
        return f"<User {self.name}>"


@dataclass(eq=False, slots=True)
class Role:
    """A guild's role; @everyone has the guild's id."""

    id: str
    name: str
    permissions: int
    managed_by: User | None = None
    mentionable: bool = False

    @property
    def mention(self) -> str:
        return f"<@&{self.id}>"


@dataclass(eq=False, slots=True)
class Member:
    """A user in a guild."""

    user: User
    guild: Guild
    roles: list[Role]
    joined_at: datetime


@dataclass(eq=False, slots=True)
class Guild:
    """A server, as people call it."""

    world: World
    id: str
    name: str
    owner: User
    everyone: Role
    locale: str = "en-US"
    roles: dict[str, Role] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    threads: dict[str, Channel] = field(default_factory=dict)

    def add_channel(self, name: str, kind: int = TEXT) -> Channel:
        """A new channel that everybody sees, of text unless told: also VOICE, ANNOUNCEMENT, STAGE, FORUM, MEDIA."""
        return self.world.add_channel(self, name, kind)

    def add_role(self, name: str, *granted: str, mentionable: bool = False) -> Role:
        """A new role with these permissions, by their names."""
        return self.world.add_role(self, name, permissions.bits(*granted), mentionable=mentionable)

    def remove_bot(self) -> None:
        """Kick the bot out."""
        self.world.remove_bot(self)

    def give(self, user: User, role: Role) -> None:
        """Give a member a role."""
        self.world.set_roles(self, user, [*self.members[user.id].roles, role])

    def take(self, user: User, role: Role) -> None:
        """Take a role from a member."""
        self.world.set_roles(self, user, [each for each in self.members[user.id].roles if each is not role])


@dataclass(eq=False, slots=True)
class Overwrite:
    """What a channel allows and denies to a role (kind 0) or a member (kind 1)."""

    id: str
    kind: int
    allow: int = 0
    deny: int = 0


@dataclass(eq=False, slots=True)
class Channel:
    """A channel with messages (also a voice channel's), one that holds posts, a thread or a direct channel.

    `messages` are those of people and bots as everybody sees them, oldest first; `history` has Discord's own notes
    (thread begun) as well.
    """

    world: World
    id: str
    name: str
    kind: int
    guild: Guild | None = None
    parent: Channel | None = None
    recipients: list[User] = field(default_factory=list)
    owner: User | None = None
    starter: Message | None = None
    archived: bool = False
    locked: bool = False
    latest_post: str | None = None
    overwrites: dict[str, Overwrite] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    history: list[Message] = field(default_factory=list)
    thread_members: list[User] = field(default_factory=list)
    count_sent: int = 0
    typed_at: dict[User, float] = field(default_factory=dict)

    @property
    def is_thread(self) -> bool:
        return self.parent is not None

    @property
    def holds_posts(self) -> bool:
        """Whether it is a forum or a media channel: threads only, and no messages of its own."""
        return self.kind in (FORUM, MEDIA)

    @property
    def mention(self) -> str:
        return f"<#{self.id}>"

    @property
    def typing(self) -> list[User]:
        """Who is seen typing."""
        return [user for user, since in self.typed_at.items() if time.monotonic() - since < TYPING_SECONDS]

    def bot_may(self, **allowed: bool) -> None:
        """Set what the bot may do here, by the names of permissions; `view_channel=False` hides the channel from it."""
        self.world.overwrite(self, self.world.bot, allowed)

    def add_webhook(self, name: str) -> Webhook:
        """An incoming webhook that posts here under this name."""
        return self.world.add_webhook(self, name)

    def archive(self, *, locked: bool = False) -> None:
        """Archive this thread, as Discord does after a time without messages."""
        self.world.archive(self, locked=locked)

    def keep(self, message: Message) -> None:
        """Put a message where its time puts it."""
        message.position = self.count_sent
        insort(self.history, message, key=_order)
        if not message.system:
            insort(self.messages, message, key=_order)
        self.count_sent += 1

    def drop(self, message: Message) -> None:
        """Take a message out."""
        self.history.remove(message)
        if message in self.messages:
            self.messages.remove(message)

    def __repr__(self) -> str:
        return f"<Channel {self.name or 'dm'}>"


def _order(message: Message) -> int:
    return int(message.id)


@dataclass(eq=False, slots=True)
class Attachment:
    """A file and where it can be fetched."""

    id: str
    filename: str
    data: bytes
    content_type: str
    url: str
    description: str | None = None
    ephemeral: bool = False
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Button:
    """A button as people see it."""

    label: str
    custom_id: str | None
    url: str | None
    style: int
    disabled: bool


@dataclass(eq=False, slots=True)
class Message:
    """A message and everything that became of it.

    `states` are its texts over time, `pinged` whom it notified, `reactions` who reacted by emoji, and
    `ephemeral_for` the only person who sees it.
    """

    id: str
    channel: Channel
    author: User
    content: str = ""
    kind: int = DEFAULT
    flags: int = 0
    files: list[Attachment] = field(default_factory=list)
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    reply_to: Message | None = None
    reference: Json | None = None
    mentions: list[User] = field(default_factory=list)
    mention_roles: list[Role] = field(default_factory=list)
    mention_everyone: bool = False
    pinged: list[User] = field(default_factory=list)
    reactions: dict[str, list[User]] = field(default_factory=dict)
    nonce: str | int | None = None
    webhook: Webhook | None = None
    interaction: Json | None = None
    ephemeral_for: User | None = None
    edited_at: datetime | None = None
    pinned: bool = False
    deleted: bool = False
    thread: Channel | None = None
    position: int = 0
    states: list[str] = field(default_factory=list)

    @property
    def created_at(self) -> datetime:
        return made_at(self.id)

    @property
    def system(self) -> bool:
        """Whether Discord wrote it."""
        return self.kind in (THREAD_CREATED, THREAD_STARTER)

    @property
    def loading(self) -> bool:
        """Whether it is only "thinking …" so far."""
        return bool(self.flags & LOADING)

    @property
    def text(self) -> str:
        """What people read: the content, or the text displays of a message of components."""
        if not self.flags & COMPONENTS_V2:
            return self.content
        return "\n".join(part["content"] for part in walk(self.components) if part["type"] == 10)

    @property
    def buttons(self) -> list[Button]:
        """All buttons, in order."""
        return [
            Button(
                part.get("label") or part.get("emoji", {}).get("name", ""),
                part.get("custom_id"),
                part.get("url"),
                part["style"],
                part.get("disabled", False),
            )
            for part in walk(self.components)
            if part["type"] == 2
        ]

    @property
    def menus(self) -> list[list[str]]:
        """What each menu offers, by its labels."""
        return [[_label(held) for held in part["options"]] for part in walk(self.components) if part["type"] == 3]

    @property
    def rows(self) -> list[list[str]]:
        """What stands in each row: the labels of its buttons, or those of what its menu offers."""
        rows = [part["components"] for part in self.components if part["type"] == 1]
        return [[_label(part) for held in row for part in held.get("options", [held])] for row in rows]

    def __repr__(self) -> str:
        return f"<Message {self.author.name}: {self.text[:60]!r}>"


def _label(part: Json) -> str:
    return part.get("label") or (part.get("emoji") or {}).get("name", "")


def walk(components: list[Json]) -> list[Json]:
    """All components, nested ones after the one that holds them."""
    found: list[Json] = []
    for component in components:
        found.append(component)
        found.extend(walk(component.get("components", [])))
        for key in ("accessory", "component"):
            if key in component:
                found.extend(walk([component[key]]))
    return found
