"""conversations.*: which there are, who is in them, and what was said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.servers.slack.limits import TIER_2, TIER_3, TIER_4
from tests.servers.slack.methods.finding import channel_named, channel_to_read, page, user_named
from tests.servers.slack.views_of import channel_view, message_view
from tests.servers.slack.webapi import ApiError, Args, Method, invalid_arguments, need_scope
from tests.servers.slack.world import CHANNEL, SCOPE_KIND, Channel, Message

if TYPE_CHECKING:
    from tests.servers.slack.server import SlackServer

READ = tuple(f"{kind}:read" for kind in SCOPE_KIND.values())
HISTORY = tuple(f"{kind}:history" for kind in SCOPE_KIND.values())
TYPES = {"public_channel": "channel", "private_channel": "group", "mpim": "mpim", "im": "im"}


async def info(server: SlackServer, args: Args) -> dict[str, Any]:
    channel = channel_named(server, args.need("channel"))
    need_scope(server.scopes, (f"{channel.scope_kind}:read",))
    return {"channel": channel_view(channel, server.bot)}


async def list_(server: SlackServer, args: Args) -> dict[str, Any]:
    return _listed(server, args, list(server.world.channels.values()))


async def users_conversations(server: SlackServer, args: Args) -> dict[str, Any]:
    who = user_named(server, args.text("user")) if "user" in args else server.bot
    return _listed(server, args, [channel for channel in server.world.channels.values() if who in channel.members])


def _listed(server: SlackServer, args: Args, channels: list[Channel]) -> dict[str, Any]:
    kinds = []
    for name in (args.text("types") or "public_channel").split(","):
        if name not in TYPES:
            raise ApiError("invalid_types")
        kinds.append(TYPES[name])
        need_scope(server.scopes, (f"{SCOPE_KIND[TYPES[name]]}:read",))
    wanted = [
        channel
        for channel in channels
        if channel.kind in kinds
        and (channel.kind == CHANNEL or server.bot in channel.members)
        and not (args.flag("exclude_archived") and channel.archived)
    ]
    shown, metadata = page(wanted, args)
    return {"channels": [channel_view(channel, server.bot) for channel in shown], **metadata}


async def members(server: SlackServer, args: Args) -> dict[str, Any]:
    channel = channel_named(server, args.need("channel"))
    need_scope(server.scopes, (f"{channel.scope_kind}:read",))
    shown, metadata = page(channel.members, args)
    return {"members": [member.id for member in shown], **metadata}


async def open_(server: SlackServer, args: Args) -> dict[str, Any]:
    if "channel" in args:
        channel = channel_named(server, args.text("channel"))
    else:
        names = args.need("users").split(",")
        if len(names) != 1:
            raise invalid_arguments("only direct messages with one user are served here")
        channel = server.world.dm_of(user_named(server, names[0]), server.bot)
    whole = channel_view(channel, server.bot) if args.flag("return_im") else {"id": channel.id}
    return {"channel": whole}


async def join(server: SlackServer, args: Args) -> dict[str, Any]:
    channel = channel_named(server, args.need("channel"))
    if channel.kind != CHANNEL:
        raise ApiError("method_not_supported_for_channel_type")
    if channel.archived:
        raise ApiError("is_archived")
    if server.bot not in channel.members:
        channel.members.append(server.bot)
    return {"channel": channel_view(channel, server.bot)}


async def history(server: SlackServer, args: Args) -> dict[str, Any]:
    """Newest first; replies in threads are left out unless they were sent to the channel as well."""
    channel = channel_to_read(server, args)
    need_scope(server.scopes, (f"{channel.scope_kind}:history",))
    said = [
        message for message in channel.messages if message.reply_to is None or message.subtype == "thread_broadcast"
    ]
    shown, metadata = page(list(reversed(_between(said, args))), args, most=999)
    more = bool(metadata["response_metadata"]["next_cursor"])
    return {**_messages(server, shown), "has_more": more, "pin_count": 0, **(metadata if more else {})}


async def replies(server: SlackServer, args: Args) -> dict[str, Any]:
    """Oldest first, the root at the head of the first page."""
    channel = channel_to_read(server, args)
    need_scope(server.scopes, (f"{channel.scope_kind}:history",))
    root = channel.find(args.need("ts"))
    if root is None:
        raise ApiError("thread_not_found")
    if root.reply_to is not None:
        # Asked with a reply's time stamp, Slack gives that reply alone.
        return {**_messages(server, [root]), "has_more": False}
    shown, metadata = page([root, *_between(root.replies, args)], args, default=1000)
    more = bool(metadata["response_metadata"]["next_cursor"])
    return {**_messages(server, shown), "has_more": more, **(metadata if more else {})}


def _messages(server: SlackServer, messages: list[Message]) -> dict[str, Any]:
    return {"messages": [message_view(server.world, message) for message in messages]}


def _between(messages: list[Message], args: Args) -> list[Message]:
    """Those after `oldest` and before `latest`; the two themselves only with `inclusive`."""
    try:
        oldest, latest = float(args.text("oldest") or 0), float(args.text("latest") or "inf")
    except ValueError as error:
        raise ApiError("invalid_ts_oldest") from error
    if args.flag("inclusive"):
        return [message for message in messages if oldest <= float(message.ts) <= latest]
    return [message for message in messages if oldest < float(message.ts) < latest]


METHODS = {
    "conversations.info": Method(info, READ, TIER_3, takes_json=False),
    "conversations.list": Method(list_, READ, TIER_2, takes_json=False),
    "users.conversations": Method(users_conversations, READ, TIER_3, takes_json=False),
    "conversations.members": Method(members, READ, TIER_4, takes_json=False),
    "conversations.open": Method(open_, ("im:write", "mpim:write"), TIER_3),
    "conversations.join": Method(join, ("channels:join",), TIER_3),
    "conversations.history": Method(history, HISTORY, TIER_3, takes_json=False),
    "conversations.replies": Method(replies, HISTORY, TIER_3, takes_json=False),
}
