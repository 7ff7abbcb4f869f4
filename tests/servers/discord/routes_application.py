"""Routes of the application: what it is, its commands, and where its gateway is."""

from __future__ import annotations

from typing import Any

from tests.servers.discord import command_rules, payloads
from tests.servers.discord.errors import ApiError, missing_access, unknown
from tests.servers.discord.intents import application_flags
from tests.servers.discord.limits import Bucket
from tests.servers.discord.model import Json
from tests.servers.discord.rest import Answer, Api, Asked, Route

CREATIONS_A_DAY = 200
_GLOBAL = ""
_OWN_FIELDS = ("id", "application_id", "version", "guild_id")


async def get_application(api: Api, asked: Asked) -> Answer:
    bot = api.world.bot
    return 200, {
        "id": bot.id,
        "name": bot.name,
        "icon": None,
        "description": "",
        "summary": "",
        "type": None,
        "bot": payloads.user(bot),
        "bot_public": True,
        "bot_require_code_grant": False,
        "owner": payloads.user(api.world.owner),
        "team": None,
        "verify_key": "0" * 64,
        "flags": application_flags(api.server.portal),
        "tags": [],
        "redirect_uris": [],
        "interactions_endpoint_url": api.server.interactions_endpoint_url,
        "role_connections_verification_url": None,
        "approximate_guild_count": len(api.world.guilds),
        "approximate_user_install_count": 0,
        "integration_types_config": {"0": {}},
    }


async def get_commands(api: Api, asked: Asked) -> Answer:
    return 200, list(api.server.commands.get(_scope(api, asked), {}).values())


async def put_commands(api: Api, asked: Asked) -> Answer:
    """A bulk overwrite: what is not in it is gone, what is in it by name keeps its id."""
    scope = _scope(api, asked)
    wanted: Any = asked.body.json
    command_rules.check_all(wanted)
    old = api.server.commands.get(scope, {})
    api.server.command_syncs += 1
    if _bare(wanted) == _bare(list(old.values())) and old:
        api.server.violation("the commands were overwritten with what they already were")
    new: dict[str, Json] = {}
    for command in wanted:
        kept = _find(old, command)
        if kept is None:
            _count_creation(api)
        identity = kept["id"] if kept else api.world.ids.make()
        new[identity] = _stored(api, command, identity, scope, kept)
    api.server.commands[scope] = new
    return 200, list(new.values())


async def post_command(api: Api, asked: Asked) -> Answer:
    """One command: a new one, or the one of its name replaced."""
    scope = _scope(api, asked)
    command = asked.body.json
    command_rules.check_all([command])
    kept = _find(api.server.commands.setdefault(scope, {}), command)
    if kept is None:
        _count_creation(api)
    identity = kept["id"] if kept else api.world.ids.make()
    stored = api.server.commands[scope][identity] = _stored(api, command, identity, scope, kept)
    return (200 if kept else 201), stored


async def delete_command(api: Api, asked: Asked) -> Answer:
    commands = api.server.commands.get(_scope(api, asked), {})
    if asked.match["command_id"] not in commands:
        raise unknown("application command")
    del commands[asked.match["command_id"]]
    return 204, None


async def gateway(api: Api, asked: Asked) -> Answer:
    return 200, {"url": api.server.gateway_url}


async def gateway_bot(api: Api, asked: Asked) -> Answer:
    return 200, {
        "url": api.server.gateway_url,
        "shards": 1,
        "session_start_limit": {
            "total": 1000,
            "remaining": api.server.gateway.identifies_left,
            "reset_after": 86_400_000,
            "max_concurrency": 1,
        },
    }


def _scope(api: Api, asked: Asked) -> str:
    if asked.match["application_id"] != api.world.bot.id:
        raise ApiError(403, 20012, "You are not authorized to perform this action on this application")
    guild = asked.match.get("guild_id", _GLOBAL)
    if guild and guild not in api.world.guilds:
        raise missing_access()
    return guild


def _find(commands: dict[str, Json], like: Json) -> Json | None:
    kind = like.get("type", command_rules.SLASH)
    return next((each for each in commands.values() if (each["name"], each["type"]) == (like["name"], kind)), None)


def _stored(api: Api, command: Json, identity: str, scope: str, kept: Json | None) -> Json:
    """A command as Discord gives it back: with its ids, its version and every default written out."""
    stored: Json = {
        "id": identity,
        "application_id": api.world.bot.id,
        "version": api.world.ids.make(),
        "type": command_rules.SLASH,
        "default_member_permissions": None,
        "dm_permission": True,
        "contexts": None,
        "integration_types": [0],
        "nsfw": False,
        "name_localizations": None,
        "description_localizations": None,
        "description": "",
    } | {key: value for key, value in command.items() if value is not None}
    if scope:
        stored["guild_id"] = scope
    if kept is not None and _bare([stored]) == _bare([kept]):
        stored["version"] = kept["version"]
    return stored


def _bare(commands: list[Json]) -> list[Json]:
    """Commands without what Discord adds, to be compared."""
    defaults: tuple[Any, ...] = (None, False, True, "", [], [0], {})
    bare = [
        {key: value for key, value in each.items() if key not in _OWN_FIELDS and value not in defaults}
        | {"type": each.get("type", command_rules.SLASH)}
        for each in commands
    ]
    return sorted(bare, key=lambda each: (each["type"], each["name"]))


def _count_creation(api: Api) -> None:
    api.server.commands_created += 1
    if api.server.commands_created > CREATIONS_A_DAY:
        raise ApiError(400, 30034, "Max number of daily application command creates has been reached (200)")


_COMMANDS = "/applications/{application_id}/commands"
_OF_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"
_WRITES = Bucket("commands.put", 5, 20.0)

ROUTES = [
    Route("GET", "/oauth2/applications/@me", get_application),
    Route("GET", "/applications/@me", get_application),
    *(
        Route(method, path + more, handler, bucket)
        for path in (_COMMANDS, _OF_GUILD)
        for method, more, handler, bucket in (
            ("GET", "", get_commands, Bucket("commands.get")),
            ("PUT", "", put_commands, _WRITES),
            ("POST", "", post_command, _WRITES),
            ("DELETE", r"/{command_id:\d+}", delete_command, _WRITES),
        )
    ),
    Route("GET", "/gateway", gateway),
    Route("GET", "/gateway/bot", gateway_bot),
]
