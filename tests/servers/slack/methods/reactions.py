"""reactions.*: the app's own reactions, and who reacted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.servers.slack.limits import TIER_2, TIER_3
from tests.servers.slack.methods.finding import TS, channel_to_read, message_at
from tests.servers.slack.views_of import message_view
from tests.servers.slack.webapi import ApiError, Args, Method
from tests.servers.slack.world import Message

if TYPE_CHECKING:
    from tests.servers.slack.server import SlackServer

NAME = re.compile(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?")


async def add(server: SlackServer, args: Args) -> dict[str, Any]:
    message, name = _reacted(server, args)
    if server.bot in message.reactions.get(name, []):
        raise ApiError("already_reacted")
    server.react(server.bot, message, name)
    return {}


async def remove(server: SlackServer, args: Args) -> dict[str, Any]:
    message, name = _reacted(server, args)
    if server.bot not in message.reactions.get(name, []):
        raise ApiError("no_reaction")
    server.unreact(server.bot, message, name)
    return {}


async def get(server: SlackServer, args: Args) -> dict[str, Any]:
    message = message_at(channel_to_read(server, args), args.need("timestamp"))
    return {"type": "message", "channel": message.channel.id, "message": message_view(server.world, message)}


def _reacted(server: SlackServer, args: Args) -> tuple[Message, str]:
    name = args.need("name").strip(":")
    if not NAME.fullmatch(name):
        raise ApiError("invalid_name")
    if not TS.fullmatch(args.need("timestamp")):
        raise ApiError("bad_timestamp")
    return message_at(channel_to_read(server, args), args.text("timestamp")), name


METHODS = {
    "reactions.add": Method(add, ("reactions:write",), TIER_3),
    "reactions.remove": Method(remove, ("reactions:write",), TIER_2),
    "reactions.get": Method(get, ("reactions:read",), TIER_3, takes_json=False),
}
