"""What the app is told of the workspace, as Events API payloads, if it subscribed and holds the scope.

Message events come in the order of Slack's habits, not ours: a mention and its twin in either order.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.servers.slack.manifest import EVENT_SCOPES
from tests.servers.slack.views_of import message_view
from tests.servers.slack.world import IM, Channel, Message, World

if TYPE_CHECKING:
    from tests.servers.slack.users import User

Event = dict[str, Any]
MESSAGE_EVENTS = {"channel": "message.channels", "group": "message.groups", "im": "message.im", "mpim": "message.mpim"}


class Events:
    """Turns what happened into events and hands them to `deliver`."""

    def __init__(self, world: World, bot: User, deliver: Callable[[dict[str, Any]], None]) -> None:
        self._world = world
        self._bot = bot
        self._deliver = deliver

    # --- messages ---------------------------------------------------------------------------------------------------

    def said(self, message: Message) -> None:
        """A new message: its event, and with a mention of the bot the app_mention beside it, in either order."""
        channel = message.channel
        told = {"type": "message", **self._message_event(message)}
        events = [(MESSAGE_EVENTS[channel.kind], told)]
        if self._mentions_bot(message):
            mention = {key: value for key, value in told.items() if key not in ("channel_type", "subtype")}
            events.append(("app_mention", {**mention, "type": "app_mention"}))
            self._world.random.shuffle(events)
        for subscription, event in events:
            self._tell(subscription, event, channel)

    def changed(self, message: Message, before: Event, *, edited_by_person: bool = False) -> None:
        """A message changed; `before` is its view until now. Editing a mention sends app_mention again."""
        event = self._hidden("message_changed", message.channel)
        event |= {"message": message_view(self._world, message), "previous_message": before}
        self._tell(MESSAGE_EVENTS[message.channel.kind], event, message.channel)
        if edited_by_person and self._mentions_bot(message):
            mention = {**self._message_event(message), "type": "app_mention", "event_ts": event["ts"]}
            mention.pop("channel_type")
            mention.pop("subtype", None)
            self._tell("app_mention", mention, message.channel)

    def deleted(self, message: Message, before: Event) -> None:
        event = self._hidden("message_deleted", message.channel)
        event |= {"deleted_ts": message.ts, "previous_message": before}
        self._tell(MESSAGE_EVENTS[message.channel.kind], event, message.channel)

    def tombstoned(self, message: Message, before: Event) -> None:
        """A thread's root was deleted: Slack keeps its place and says message_changed."""
        event = self._hidden("message_changed", message.channel)
        event |= {"message": message_view(self._world, message), "previous_message": before}
        self._tell(MESSAGE_EVENTS[message.channel.kind], event, message.channel)

    # --- everything else --------------------------------------------------------------------------------------------

    def reacted(self, message: Message, user: User, name: str, *, added: bool, item_user: bool = True) -> None:
        kind = "reaction_added" if added else "reaction_removed"
        item = {"type": "message", "channel": message.channel.id, "ts": message.ts}
        event: Event = {"type": kind, "user": user.id, "reaction": name, "item": item}
        # Messages without a user (classic bots) have no item_user either.
        if item_user and not message.author.classic:
            event["item_user"] = message.author.id
        self._tell(kind, event | {"event_ts": self._world.now_ts()}, message.channel)

    def home_opened(self, user: User, channel: Channel, tab: str) -> None:
        event: Event = {"type": "app_home_opened", "user": user.id, "channel": channel.id, "tab": tab}
        if tab == "home" and user.id in self._world.home_views:
            event["view"] = self._world.home_views[user.id]
        self._tell("app_home_opened", event | {"event_ts": self._world.now_ts()})

    def context_changed(self, channel: Channel | None) -> None:
        entity = {"type": "slack#/types/channel_id", "value": channel.id if channel else "", "team_id": ""}
        context = {"entities": [entity | {"team_id": self._world.team.id}]} if channel else {}
        event = {"type": "app_context_changed", "context": context, "event_ts": self._world.now_ts()}
        self._tell("app_context_changed", event)

    def session_stopped(self, user: User, channel: Channel, thread_ts: str, streaming: list[str]) -> None:
        event = {
            "type": "agent_session_stopped",
            "user": user.id,
            "channel": channel.id,
            "thread_ts": thread_ts,
            "streaming_message_ts": streaming,
            "event_ts": self._world.now_ts(),
        }
        self._tell("agent_session_stopped", event)

    def joined(self, user: User, channel: Channel) -> None:
        event = {"type": "member_joined_channel", "user": user.id, "channel": channel.id}
        event |= {"channel_type": channel.id[0], "team": self._world.team.id, "event_ts": self._world.now_ts()}
        self._tell("member_joined_channel", event, channel)

    # --- how it is told ---------------------------------------------------------------------------------------------

    def _mentions_bot(self, message: Message) -> bool:
        """Mentions in direct messages are not told as app_mention."""
        return message.channel.kind != IM and self._bot.mention in message.raw and message.author is not self._bot

    def _message_event(self, message: Message) -> Event:
        view = message_view(self._world, message)
        return {**view, "channel": message.channel.id, "event_ts": message.ts, "channel_type": message.channel.kind}

    def _hidden(self, subtype: str, channel: Channel) -> Event:
        ts = self._world.now_ts()
        told = {"type": "message", "subtype": subtype, "hidden": True, "channel": channel.id, "ts": ts, "event_ts": ts}
        return told | {"channel_type": channel.kind}

    def _tell(self, subscription: str, event: Event, channel: Channel | None = None) -> None:
        scope = EVENT_SCOPES[subscription]
        may = scope is None or scope in self._world.scopes
        is_there = channel is None or self._bot in channel.members
        if subscription in self._world.events and may and is_there:
            self._deliver(self._wrapped(event))

    def _wrapped(self, event: Event) -> dict[str, Any]:
        world = self._world
        authorization = {"enterprise_id": world.enterprise_id, "team_id": world.team.id, "user_id": self._bot.id}
        return {
            "token": world.verification_token,
            "team_id": world.team.id,
            "context_team_id": world.team.id,
            "enterprise_id": world.enterprise_id,
            "context_enterprise_id": world.enterprise_id,
            "api_app_id": world.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": world.new_id("Ev"),
            "event_time": int(time.time()),
            "authorizations": [authorization | {"is_bot": True, "is_enterprise_install": False}],
            "is_ext_shared_channel": False,
            "event_context": f"4-{world.new_id('ctx')}",
        }
