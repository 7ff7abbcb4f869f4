"""Interactions: what a person sets off, what the bot is sent, and what comes back to the person.

The three seconds to answer and the fifteen minutes of the token are Discord's:
https://discord.com/developers/docs/interactions/receiving-and-responding
"""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.servers.discord import payloads, permissions
from tests.servers.discord.gateway import Gateway
from tests.servers.discord.message_rules import FILE_BYTES
from tests.servers.discord.model import Channel, Json, Message, User, walk
from tests.servers.discord.world import World

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
ANSWER_SECONDS = 3.0
TOKEN_SECONDS = 900.0


class Choice(NamedTuple):
    """A choice that autocomplete offers."""

    name: str
    value: str | int | float


@dataclass(frozen=True, slots=True)
class Field:
    """An input of a modal."""

    custom_id: str
    label: str
    kind: int
    required: bool
    min_length: int
    max_length: int
    value: str


@dataclass(eq=False, slots=True)
class Modal:
    """A modal that opened, and the act that opened it."""

    opened_by: Act
    title: str
    custom_id: str
    components: list[Json]

    @property
    def fields(self) -> list[Field]:
        """The inputs, in order."""
        found: list[Field] = []
        labels = {id(part["component"]): part["label"] for part in walk(self.components) if "component" in part}
        for part in walk(self.components):
            if part.get("custom_id") is None:
                continue
            found.append(
                Field(
                    part["custom_id"],
                    part.get("label") or labels.get(id(part), ""),
                    part["type"],
                    part.get("required", True),
                    part.get("min_length") or 0,
                    part.get("max_length") or 4000,
                    part.get("value") or "",
                )
            )
        return found


@dataclass(eq=False, slots=True)
class Act:
    """A command called, a button pressed, a modal submitted, and what the person saw of it.

    `replies` are the messages that came back, ephemeral ones too; `acked_after` the seconds until the bot answered;
    `failed` the line that Discord shows when it did not.
    """

    id: str
    token: str
    kind: int
    user: User
    channel: Channel
    data: Json
    source: Message | None = None
    parent: Act | None = None
    sent_at: float = 0.0
    delivered: bool = False
    acked_after: float | None = None
    failed: str | None = None
    replies: list[Message] = field(default_factory=list)
    original: Message | None = None
    modal: Modal | None = None
    choices: list[Choice] | None = None
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def reply(self) -> Message:
        """The first message that came back."""
        return self.replies[0]

    def metadata(self) -> Json:
        """The `interaction_metadata` of its messages."""
        guild = self.channel.guild
        data: Json = {
            "id": self.id,
            "type": self.kind,
            "user": payloads.user(self.user),
            "authorizing_integration_owners": {"0": guild.id if guild else "0"},
        }
        if self.kind == COMPONENT and self.source is not None:
            data["interacted_message_id"] = self.source.id
        if self.kind == MODAL_SUBMIT and self.parent is not None:
            data["triggering_interaction_metadata"] = self.parent.metadata()
        if self.kind == COMMAND and "target_id" in self.data:
            data["target_message_id"] = self.data["target_id"]
        return data


class Interactions:
    """Sends interactions and finds them again by what the bot answers with."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        self.token_seconds = TOKEN_SECONDS
        self._world = world
        self._gateway = gateway
        self._by_id: dict[str, Act] = {}
        self._by_token: dict[str, Act] = {}

    async def send(
        self,
        kind: int,
        user: User,
        channel: Channel,
        data: Json,
        source: Message | None = None,
        parent: Act | None = None,
    ) -> Act:
        """Set an interaction off and wait for its answer, at most the three seconds that the bot has."""
        act = Act(self._world.ids.make(), secrets.token_urlsafe(120), kind, user, channel, data, source, parent)
        self._by_id[act.id] = self._by_token[act.token] = act
        act.sent_at = time.monotonic()
        act.delivered = bool(self._gateway.connected)
        if self._gateway.interact(self._payload(act)):
            try:
                await asyncio.wait_for(act.answered.wait(), ANSWER_SECONDS)
            except TimeoutError:
                act.failed = "The application did not respond"
        else:
            await asyncio.sleep(0)
            act.failed = "The application did not respond"
        self._world.changed()
        return act

    def by_id(self, number: str, token: str) -> Act | None:
        """The act that may still be answered; an answer that comes late to one delivered at once is a violation."""
        act = self._by_id.get(number)
        if act is None or act.token != token:
            return None
        if time.monotonic() - act.sent_at <= ANSWER_SECONDS:
            return act
        if act.delivered:
            self._world.violation("an interaction was answered after its three seconds")
        return None

    def by_token(self, token: str) -> Act | None:
        """The act of a token, however old."""
        return self._by_token.get(token)

    def is_over(self, act: Act) -> bool:
        """Whether its token is too old."""
        return time.monotonic() - act.sent_at > self.token_seconds

    def _payload(self, act: Act) -> Json:
        bot, channel, guild = self._world.bot, act.channel, act.channel.guild
        granted = str(permissions.in_channel(act.user, channel))
        data: Json = {
            "id": act.id,
            "application_id": bot.id,
            "type": act.kind,
            "token": act.token,
            "version": 1,
            "channel_id": channel.id,
            "channel": payloads.channel(channel, bot) | {"permissions": granted},
            "app_permissions": str(permissions.in_channel(bot, channel)),
            "locale": act.user.locale,
            "entitlements": [],
            "entitlement_sku_ids": [],
            "authorizing_integration_owners": {"0": guild.id if guild else "0"},
            "context": 0 if guild else 1,
            "attachment_size_limit": FILE_BYTES,
            "data": act.data,
        }
        if guild is None:
            data["user"] = payloads.user(act.user)
        else:
            data |= {
                "guild_id": guild.id,
                "guild": {"id": guild.id, "locale": guild.locale, "features": []},
                "guild_locale": guild.locale,
                "member": payloads.member(guild.members[act.user.id]) | {"permissions": granted},
            }
        if act.source is not None:
            data["message"] = payloads.message(act.source, bot, content=True)
        return data
