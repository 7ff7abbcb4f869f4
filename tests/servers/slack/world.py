"""What there is in the pretend workspace: its team, channels, messages, files, sessions, and what was seen of the app.

Plain state and the questions it answers; who may change it, and who is told, lives in the rooms around it.
"""

from __future__ import annotations

import itertools
import random
import time
from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.servers.slack.manifest import ALL_EVENTS, ALL_SCOPES
from tests.servers.slack.text import (
    as_read,
    notes_of_blocks,
    pinged_by_blocks,
    pinged_by_markdown,
    pinged_by_mrkdwn,
    read_of_blocks,
)

if TYPE_CHECKING:
    from tests.servers.slack.users import User

# The kinds of conversation, as events call them, and the scopes' names for them.
CHANNEL, GROUP, MPIM, IM = "channel", "group", "mpim", "im"
SCOPE_KIND = {CHANNEL: "channels", GROUP: "groups", MPIM: "mpim", IM: "im"}


@dataclass(slots=True)
class Rules:
    """Slack's times and sizes, seconds and characters; a test may shorten a wait, not soften a rule."""

    ack_limit_s: float = 3.0
    retry_delays_s: tuple[float, ...] = (0.0, 60.0, 300.0)
    trigger_lifetime_s: float = 3.0
    response_url_lifetime_s: float = 1800.0
    response_url_uses: int = 5
    stream_lifetime_s: float = 300.0
    stream_bytes: int = 10_000
    connections: int = 10


@dataclass(eq=False, slots=True)
class Team:
    """The workspace."""

    id: str
    name: str = "Team"
    domain: str = "team"


@dataclass(eq=False, slots=True)
class File:
    """A file; `shares` maps a channel's id to the time stamp of the message that carries it."""

    id: str
    name: str
    owner: User
    url: str
    data: bytes = b""
    title: str = ""
    alt_text: str = ""
    mimetype: str = "application/octet-stream"
    expected: int = 0
    shares: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Button:
    """Something in a message that people can press or choose; `option` is the choice's value in menus."""

    label: str
    action_id: str
    block_id: str
    kind: str
    value: str | None = None
    option: dict[str, Any] | None = None
    url: str | None = None


@dataclass(eq=False, slots=True)
class Stream:
    """A message being streamed: "in_progress", and at its end "completed", "expired", "overflowed" or "stopped"."""

    started: float
    state: str = "in_progress"
    recipient: str | None = None
    chunks: list[dict[str, Any]] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Session:
    """An agent session: the statuses it went through, the loading text of assistant.threads.setStatus, its title."""

    states: list[str] = field(default_factory=list)
    loading: list[str] = field(default_factory=list)
    title: str = ""

    @property
    def status(self) -> str:
        return self.states[-1] if self.states else ""


@dataclass(eq=False)
class Message:
    """One message as everybody (or, ephemeral, one person) sees it. `raw` is the text as the API gives it."""

    channel: Channel
    ts: str
    author: User
    raw: str = ""
    thread_ts: str | None = None
    markdown: str | None = None
    blocks: list[dict[str, Any]] = field(default_factory=list)
    user_blocks: list[dict[str, Any]] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    reactions: dict[str, list[User]] = field(default_factory=dict)
    subtype: str | None = None
    edited: dict[str, str] | None = None
    attachments: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, Any] | None = None
    stream: Stream | None = None
    blocks_beneath: bool = False
    ephemeral_for: User | None = None
    deleted: bool = False
    states: list[str] = field(default_factory=list)
    pinged: set[str] = field(default_factory=set)

    @property
    def text(self) -> str:
        """What people read: blocks take the place of the text; those of a stream stand beneath it."""
        read = read_of_blocks(self.blocks)
        if self.blocks and not self.blocks_beneath:
            return read
        said = self.markdown or as_read(self.raw)
        return f"{said}\n{read}" if read else said

    @property
    def notes(self) -> str:
        """The small print beneath the text (context blocks)."""
        return notes_of_blocks(self.blocks)

    @property
    def buttons(self) -> list[Button]:
        return [button for block in self.blocks for button in buttons_of(block)]

    @property
    def reply_to(self) -> Message | None:
        """The root of the thread that this message is a reply in."""
        if self.thread_ts is None or self.thread_ts == self.ts:
            return None
        return self.channel.find(self.thread_ts)

    @property
    def replies(self) -> list[Message]:
        """The messages of its thread, oldest first."""
        return self.channel.threads.get(self.ts, [])

    @property
    def root_ts(self) -> str:
        return self.thread_ts or self.ts

    def changed(self) -> None:
        """Note the state that people see now, and whom it may have notified."""
        if not self.states or self.states[-1] != self.text:
            self.states.append(self.text)
        self.pinged |= pinged_by_mrkdwn(self.raw) | pinged_by_blocks(self.blocks)
        if self.markdown:
            self.pinged |= pinged_by_markdown(self.markdown)


@dataclass(eq=False)
class Channel:
    """A conversation. `messages` is what everybody there sees, in order, threads included."""

    id: str
    name: str
    kind: str = CHANNEL
    members: list[User] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    archived: bool = False
    read_only: bool = False
    suggested_prompts: list[dict[str, str]] = field(default_factory=list)
    by_ts: dict[str, Message] = field(default_factory=dict)
    threads: dict[str, list[Message]] = field(default_factory=dict)

    @property
    def mention(self) -> str:
        return f"<#{self.id}>"

    @property
    def scope_kind(self) -> str:
        return SCOPE_KIND[self.kind]

    def find(self, ts: str) -> Message | None:
        return self.by_ts.get(ts)

    def add(self, message: Message) -> None:
        insort(self.messages, message, key=_time_of)
        self.by_ts[message.ts] = message
        if message.thread_ts and message.thread_ts != message.ts:
            insort(self.threads.setdefault(message.thread_ts, []), message, key=_time_of)

    def remove(self, message: Message) -> None:
        """Take a message out of sight. The root of a thread keeps its place: people go on there."""
        message.deleted = True
        self.messages.remove(message)
        if not message.replies:
            del self.by_ts[message.ts]
        if message.thread_ts and message.thread_ts != message.ts:
            self.threads[message.thread_ts].remove(message)


def _time_of(message: Message) -> float:
    return float(message.ts)


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it came: the verb, the path, the answer's status and the arguments; `error` is Slack's."""

    method: str
    path: str
    status: int
    body: dict[str, Any]
    at: float
    error: str | None = None

    @property
    def api(self) -> str:
        """The Web API method's name, empty for other requests."""
        return self.path.removeprefix("/api/") if self.path.startswith("/api/") else ""


class World:
    """The workspace and its only app, with the names and times that Slack gives out."""

    def __init__(self, seed: int = 0) -> None:
        self.random = random.Random(seed)
        self.rules = Rules()
        self.team = Team("T0TEAM00001")
        # An Enterprise Grid organisation that the workspace is part of, and whether the app is installed for all of it.
        self.enterprise_id: str | None = None
        self.is_enterprise_install = False
        self.app_id = "A0APP000001"
        self.verification_token = "verification-token"
        self.scopes: set[str] = set(ALL_SCOPES)
        self.app_scopes: set[str] = {"connections:write"}
        self.events: set[str] = set(ALL_EVENTS)
        self.commands: dict[str, dict[str, Any]] | None = None
        self.shortcuts: list[dict[str, Any]] | None = None
        self.is_agent = True
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, File] = {}
        self.sessions: dict[tuple[str, str], Session] = {}
        self.home_views: dict[str, dict[str, Any]] = {}
        self.requests: list[Seen] = []
        self.violations: list[str] = []
        self._names = itertools.count(1)
        self._last_ts = 0

    def new_id(self, prefix: str) -> str:
        """An id as Slack forms them; they count up, so that a run can be repeated."""
        return f"{prefix}0{next(self._names):09X}"

    def now_ts(self, ago: float = 0) -> str:
        """A time stamp that no other message has, of so many seconds ago."""
        self._last_ts = max(self._last_ts + 1, int(time.time() * 1_000_000))
        at = self._last_ts - int(ago * 1_000_000)
        return f"{at // 1_000_000}.{at % 1_000_000:06d}"

    def violation(self, text: str) -> None:
        """Note what a real Slack would punish or what shows a fault of the app."""
        self.violations.append(text)

    def session(self, channel: Channel, thread_ts: str) -> Session:
        return self.sessions.setdefault((channel.id, thread_ts), Session())

    def dm_of(self, user: User, bot: User) -> Channel:
        """The direct channel of a user and the bot, made when there is none."""
        for channel in self.channels.values():
            if channel.kind == IM and set(channel.members) == {user, bot}:
                return channel
        dm = Channel(self.new_id("D"), "directmessage", IM, [user, bot])
        self.channels[dm.id] = dm
        return dm


def buttons_of(block: dict[str, Any]) -> Iterable[Button]:
    """What can be pressed in a block: buttons, both sides of feedback buttons, the choices of menus."""
    accessory = block.get("accessory")
    elements: Sequence[dict[str, Any]] = [*block.get("elements", ()), *([accessory] if accessory else ())]
    if block.get("type") not in ("actions", "context_actions", "section"):
        return
    for element in elements:
        kind, action_id, block_id = element.get("type", ""), element.get("action_id", ""), block["block_id"]
        match kind:
            case "button":
                yield Button(
                    element["text"]["text"], action_id, block_id, kind, element.get("value"), url=element.get("url")
                )
            case "icon_button":
                yield Button(element["text"]["text"], action_id, block_id, kind, element.get("value"))
            case "feedback_buttons":
                for side in (element["positive_button"], element["negative_button"]):
                    yield Button(side["text"]["text"], action_id, block_id, kind, side["value"])
            case "overflow" | "static_select":
                for option in element["options"]:
                    yield Button(option["text"]["text"], action_id, block_id, kind, option.get("value"), option)
