"""Finding what a request names, with Slack's errors where it is not there or not the app's."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from tests.servers.slack.webapi import ApiError, Args
from tests.servers.slack.world import CHANNEL, Channel, Message

if TYPE_CHECKING:
    from tests.servers.slack.server import SlackServer
    from tests.servers.slack.users import User

T = TypeVar("T")
TS = re.compile(r"\d{1,10}\.\d{6}")


def channel_named(server: SlackServer, name: str) -> Channel:
    """A channel that the app may know of, by id; also #name, or a user's id for the direct channel.

    Raises:
        ApiError: channel_not_found, also for private ones without the app.
    """
    if name in server.world.users and name != server.bot.id:
        return server.world.dm_of(server.world.users[name], server.bot)
    by_name = {f"#{channel.name}": channel for channel in server.world.channels.values()}
    channel = server.world.channels.get(name) or by_name.get(name)
    if channel is None or (channel.kind != CHANNEL and server.bot not in channel.members):
        raise ApiError("channel_not_found")
    return channel


def channel_to_post_in(server: SlackServer, args: Args) -> Channel:
    """The channel of a posting request, where the app may post."""
    channel = channel_named(server, args.need("channel"))
    if server.bot not in channel.members and "chat:write.public" not in server.scopes:
        raise ApiError("not_in_channel")
    if channel.archived:
        raise ApiError("is_archived")
    if channel.read_only:
        raise ApiError("restricted_action_read_only_channel")
    return channel


def channel_to_read(server: SlackServer, args: Args) -> Channel:
    channel = channel_named(server, args.need("channel"))
    if server.bot not in channel.members:
        raise ApiError("not_in_channel")
    return channel


def message_at(channel: Channel, ts: str) -> Message:
    message = channel.find(ts)
    if message is None or message.deleted:
        raise ApiError("message_not_found")
    return message


def thread_at(server: SlackServer, channel: Channel, thread_ts: str) -> str:
    """The root's time stamp of the thread that a request names.

    Raises:
        ApiError: no message is there.
    """
    if not TS.fullmatch(thread_ts):
        raise ApiError("invalid_thread_ts")
    message = channel.find(thread_ts)
    if message is None:
        raise ApiError("thread_not_found")
    if message.reply_to is not None:
        server.world.violation(f"thread_ts {thread_ts} is a reply's, not its root's")
    return message.root_ts


def user_named(server: SlackServer, user_id: str) -> User:
    user = server.world.users.get(user_id)
    if user is None:
        raise ApiError("user_not_found")
    return user


def page(items: Sequence[T], args: Args, *, default: int = 100, most: int = 1000) -> tuple[list[T], dict[str, Any]]:
    """One page of a list and the metadata that names the next."""
    limit = args.number("limit", default)
    if not 1 <= limit <= most:
        raise ApiError("invalid_limit")
    start = _offset(args.text("cursor"))
    rest = start + limit
    cursor = base64.b64encode(f"next:{rest}".encode()).decode() if rest < len(items) else ""
    return list(items[start:rest]), {"response_metadata": {"next_cursor": cursor}}


def _offset(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.b64decode(cursor, validate=True).decode().removeprefix("next:"))
    except ValueError as error:
        raise ApiError("invalid_cursor") from error
