"""auth.test, apps.*, team.info, bots.info: who the app is and where it is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.servers.slack.limits import GENEROUS, TIER_3
from tests.servers.slack.manifest import problems
from tests.servers.slack.webapi import ApiError, Args, Method

if TYPE_CHECKING:
    from tests.servers.slack.server import SlackServer


async def auth_test(server: SlackServer, args: Args) -> dict[str, Any]:
    team, bot = server.team, server.bot
    return {
        "url": f"https://{team.domain}.slack.com/",
        "team": team.name,
        "user": bot.name,
        "team_id": team.id,
        "user_id": bot.id,
        "bot_id": bot.bot_id,
        "is_enterprise_install": server.world.is_enterprise_install,
    } | ({"enterprise_id": server.world.enterprise_id} if server.world.enterprise_id else {})


async def connections_open(server: SlackServer, args: Args) -> dict[str, Any]:
    if not server.socket_mode:
        raise ApiError("socket_mode_not_enabled")
    return {"url": f"{server.sockets_url}?ticket={server.sockets.ticket()}&app_id={server.world.app_id}"}


async def manifest_validate(server: SlackServer, args: Args) -> dict[str, Any]:
    found = problems(args.json("manifest", "invalid_manifest") or {})
    if found:
        raise ApiError("invalid_manifest", errors=found)
    return {}


async def team_info(server: SlackServer, args: Args) -> dict[str, Any]:
    team = server.team
    return {
        "team": {"id": team.id, "name": team.name, "domain": team.domain, "url": f"https://{team.domain}.slack.com/"}
    }


async def bots_info(server: SlackServer, args: Args) -> dict[str, Any]:
    wanted = args.text("bot") or server.bot.bot_id
    bot = next((user for user in server.world.users.values() if user.is_bot and user.bot_id == wanted), None)
    if bot is None:
        raise ApiError("bot_not_found")
    told = {"id": bot.bot_id, "deleted": False, "name": bot.name, "app_id": bot.app_id, "user_id": bot.id}
    return {"bot": told}


METHODS = {
    "auth.test": Method(auth_test, (), GENEROUS, token="any"),
    # Documented as tier 1, and yet Slack's own clients reconnect far more often.
    "apps.connections.open": Method(connections_open, ("connections:write",), GENEROUS, token="app"),
    # A real one wants an app configuration token; the bot's stands in for it here.
    "apps.manifest.validate": Method(manifest_validate, (), TIER_3, token="any"),
    "team.info": Method(team_info, ("team:read",), TIER_3, takes_json=False),
    "bots.info": Method(bots_info, ("users:read",), TIER_3, takes_json=False),
}
