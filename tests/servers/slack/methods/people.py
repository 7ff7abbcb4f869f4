"""users.*: who people are; the locale only on request, as Slack has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.servers.slack.limits import TIER_2, TIER_4
from tests.servers.slack.methods.finding import page, user_named
from tests.servers.slack.views_of import user_view
from tests.servers.slack.webapi import Args, Method

if TYPE_CHECKING:
    from tests.servers.slack.server import SlackServer


async def info(server: SlackServer, args: Args) -> dict[str, Any]:
    user = user_named(server, args.need("user"))
    return {"user": user_view(server.world, user, locale=args.flag("include_locale"))}


async def list_(server: SlackServer, args: Args) -> dict[str, Any]:
    shown, metadata = page(list(server.world.users.values()), args)
    locale = args.flag("include_locale")
    return {"members": [user_view(server.world, user, locale=locale) for user in shown], **metadata}


METHODS = {
    "users.info": Method(info, ("users:read",), TIER_4, takes_json=False),
    "users.list": Method(list_, ("users:read",), TIER_2, takes_json=False),
}
