"""Routes of users, guilds, channels and threads."""

from __future__ import annotations

from tests.servers.discord import payloads, permissions
from tests.servers.discord.errors import (
    ApiError,
    Form,
    missing_access,
    missing_permissions,
    unknown,
    wrong_channel_type,
)
from tests.servers.discord.model import PRIVATE_THREAD, PUBLIC_THREAD, Channel
from tests.servers.discord.rest import Answer, Api, Asked, Route


async def get_me(api: Api, asked: Asked) -> Answer:
    return 200, payloads.user(api.world.bot) | {"mfa_enabled": True, "verified": True, "email": None, "flags": 0}


async def get_user(api: Api, asked: Asked) -> Answer:
    user = api.world.users.get(asked.match["user_id"])
    if user is None:
        raise unknown("User")
    return 200, payloads.user(user)


async def get_my_guilds(api: Api, asked: Asked) -> Answer:
    return 200, [
        {
            "id": guild.id,
            "name": guild.name,
            "icon": None,
            "banner": None,
            "owner": False,
            "permissions": str(permissions.in_guild(guild.members[api.world.bot.id])),
            "features": [],
        }
        for guild in api.world.guilds.values()
    ]


async def open_direct(api: Api, asked: Asked) -> Answer:
    user = api.world.users.get(str(asked.body.json.get("recipient_id")))
    if user is None:
        raise unknown("User")
    if user is api.world.bot or user.bot:
        raise ApiError(400, 50007, "Cannot send messages to this user")
    return 200, payloads.channel(api.world.direct(user), api.world.bot)


async def get_guild(api: Api, asked: Asked) -> Answer:
    guild = api.guild(asked)
    data = payloads.guild_fields(guild)
    if asked.query.get("with_counts", "").lower() in ("true", "1"):
        data |= {"approximate_member_count": len(guild.members), "approximate_presence_count": len(guild.members)}
    return 200, data


async def get_channels(api: Api, asked: Asked) -> Answer:
    return 200, [payloads.channel(each, api.world.bot) for each in api.guild(asked).channels.values()]


async def get_roles(api: Api, asked: Asked) -> Answer:
    guild = api.guild(asked)
    return 200, [payloads.role(each, guild) for each in (guild.everyone, *guild.roles.values())]


async def get_member(api: Api, asked: Asked) -> Answer:
    guild = api.guild(asked)
    number = asked.match["user_id"]
    member = guild.members.get(api.world.bot.id if number == "@me" else number)
    if member is None:
        raise unknown("Member" if number in api.world.users else "User")
    return 200, payloads.member(member)


async def get_members(api: Api, asked: Asked) -> Answer:
    """The whole list needs the members intent in the portal."""
    guild = api.guild(asked)
    if not api.server.portal_members:
        raise missing_access()
    after, limit = int(asked.query.get("after", 0)), int(asked.query.get("limit", 1))
    found = [each for each in guild.members.values() if int(each.user.id) > after]
    return 200, [payloads.member(each) for each in sorted(found, key=lambda each: int(each.user.id))[:limit]]


async def get_channel(api: Api, asked: Asked) -> Answer:
    return 200, payloads.channel(api.channel(asked), api.world.bot)


async def active_threads(api: Api, asked: Asked) -> Answer:
    bot = api.world.bot
    threads = [each for each in api.guild(asked).threads.values() if not each.archived]
    seen = [each for each in threads if permissions.may(bot, each, "view_channel")]
    members = [payloads.thread_member(each, bot) for each in seen if bot in each.thread_members]
    return 200, {"threads": [payloads.channel(each, bot) for each in seen], "members": members}


async def thread_at_message(api: Api, asked: Asked) -> Answer:
    channel = _threadable(api, asked, "create_public_threads")
    message = api.message(asked, channel)
    if message.thread is not None:
        raise ApiError(400, 160004, "A thread has already been created for this message")
    thread = api.world.open_thread(channel, api.world.bot, _name(asked), message)
    return 201, payloads.channel(thread, api.world.bot)


async def thread_alone(api: Api, asked: Asked) -> Answer:
    kind = asked.body.json.get("type", PRIVATE_THREAD)
    wanted = "create_private_threads" if kind == PRIVATE_THREAD else "create_public_threads"
    channel = _threadable(api, asked, wanted)
    if kind not in (PUBLIC_THREAD, PRIVATE_THREAD):
        raise wrong_channel_type()
    thread = api.world.open_thread(channel, api.world.bot, _name(asked), kind=kind)
    return 201, payloads.channel(thread, api.world.bot)


def _threadable(api: Api, asked: Asked, permission: str) -> Channel:
    channel = api.channel(asked)
    if channel.guild is None or channel.is_thread or channel.holds_posts:
        raise wrong_channel_type()
    api.require(channel, permission)
    return channel


def _name(asked: Asked) -> str:
    form = Form()
    name = asked.body.json.get("name")
    if form.required("name", name):
        form.length("name", name, 1, 100)
    form.check()
    return str(name)


async def edit_channel(api: Api, asked: Asked) -> Answer:
    """A thread's name and whether it is archived; channels themselves are not the bot's to change.

    Whoever may write in a thread that is not locked may take it out of the archive.
    """
    channel = api.channel(asked)
    if not channel.is_thread:
        raise missing_permissions()
    data = asked.body.json
    if data == {"archived": False} and not channel.locked:
        api.require(channel, "send_messages_in_threads")
    elif channel.owner is not api.world.bot or channel.locked:
        api.require(channel, "manage_threads")
    if "name" in data:
        channel.name = _name(asked)
    api.world.archive(channel, archived=bool(data.get("archived", channel.archived)), locked=channel.locked)
    return 200, payloads.channel(channel, api.world.bot)


async def join_thread(api: Api, asked: Asked) -> Answer:
    channel = api.channel(asked)
    if not channel.is_thread:
        raise wrong_channel_type()
    api.world.join_thread(channel, api.world.bot)
    return 204, None


ROUTES = [
    Route("GET", "/users/@me", get_me),
    Route("GET", "/users/@me/guilds", get_my_guilds),
    Route("POST", "/users/@me/channels", open_direct),
    Route("GET", r"/users/{user_id:\d+}", get_user),
    Route("GET", "/guilds/{guild_id}", get_guild),
    Route("GET", "/guilds/{guild_id}/channels", get_channels),
    Route("GET", "/guilds/{guild_id}/roles", get_roles),
    Route("GET", "/guilds/{guild_id}/members", get_members),
    Route("GET", r"/guilds/{guild_id}/members/{user_id}", get_member),
    Route("GET", "/guilds/{guild_id}/threads/active", active_threads),
    Route("GET", "/channels/{channel_id}", get_channel),
    Route("PATCH", "/channels/{channel_id}", edit_channel),
    Route("POST", "/channels/{channel_id}/threads", thread_alone),
    Route("POST", r"/channels/{channel_id}/messages/{message_id:\d+}/threads", thread_at_message),
    Route("PUT", "/channels/{channel_id}/thread-members/@me", join_thread),
]
