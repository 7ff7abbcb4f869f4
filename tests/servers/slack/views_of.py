"""How the API shows messages, users, channels and files: the dictionaries of answers and events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.servers.slack.world import CHANNEL, GROUP, IM, MPIM, Channel, File, Message, World

if TYPE_CHECKING:
    from tests.servers.slack.users import User


def message_view(world: World, message: Message) -> dict[str, Any]:
    """A message as in conversations.history; of a deleted root of a thread, its tombstone."""
    if message.deleted:
        return _tombstone(message)
    author = message.author
    view: dict[str, Any] = {"type": "message", "ts": message.ts, "text": message.raw, "team": world.team.id}
    if author.classic:
        view |= {"subtype": "bot_message", "username": author.name, "bot_id": author.bot_id}
    else:
        view["user"] = author.id
    if author.is_bot and not author.classic:
        view |= {"bot_id": author.bot_id, "app_id": author.app_id, "bot_profile": _bot_profile(author, world)}
    if message.subtype:
        view["subtype"] = message.subtype
    if message.subtype == "thread_broadcast" and message.reply_to is not None:
        view["root"] = message_view(world, message.reply_to)
    if blocks := message.blocks or message.user_blocks:
        view["blocks"] = blocks
    if message.markdown:
        view["text"] = message.markdown
    if message.stream is not None:
        view["streaming_state"] = message.stream.state
    for key in ("attachments", "edited", "metadata"):
        if value := getattr(message, key):
            view[key] = value
    if message.files:
        view |= {"files": [file_view(file) for file in message.files], "upload": False}
        view.setdefault("subtype", "file_share")
    return view | _thread_view(message) | _reactions_view(message)


def _tombstone(message: Message) -> dict[str, Any]:
    told = {"type": "message", "subtype": "tombstone", "user": "USLACKBOT", "hidden": True}
    return told | {"text": "This message was deleted.", "ts": message.ts, "thread_ts": message.ts}


def _bot_profile(author: User, world: World) -> dict[str, Any]:
    profile = {"id": author.bot_id, "app_id": author.app_id, "name": author.name, "team_id": world.team.id}
    return profile | {"deleted": False}


def _thread_view(message: Message) -> dict[str, Any]:
    if message.thread_ts and message.thread_ts != message.ts:
        parent = message.reply_to
        shown = {"thread_ts": message.thread_ts}
        return shown | ({"parent_user_id": parent.author.id} if parent else {})
    if not (replies := message.replies):
        return {}
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users": list(dict.fromkeys(reply.author.id for reply in replies)),
        "latest_reply": replies[-1].ts,
    }


def _reactions_view(message: Message) -> dict[str, Any]:
    told = [
        {"name": name, "users": [user.id for user in users], "count": len(users)}
        for name, users in message.reactions.items()
        if users
    ]
    return {"reactions": told} if told else {}


def file_view(file: File) -> dict[str, Any]:
    """A file as in files.info; the bytes are behind url_private."""
    name = file.name
    kind = name.rpartition(".")[2].lower() if "." in name else "text"
    view = {
        "id": file.id,
        "name": name,
        "title": file.title or name,
        "mimetype": file.mimetype,
        "filetype": kind,
        "user": file.owner.id,
        "size": len(file.data),
        "mode": "hosted",
        "is_external": False,
        "url_private": file.url,
        "url_private_download": f"{file.url}?download=1",
        "shares": {"public": {channel: [{"ts": ts}] for channel, ts in file.shares.items()}},
        "channels": list(file.shares),
    }
    return view | ({"alt_txt": file.alt_text} if file.alt_text else {})


def user_view(world: World, user: User, *, locale: bool = False) -> dict[str, Any]:
    """A user as in users.info; the locale only on request."""
    view: dict[str, Any] = {
        "id": user.id,
        "team_id": user.team,
        "name": user.name.lower(),
        "deleted": user.deleted,
        "real_name": user.name,
        "tz": user.tz,
        "tz_offset": 0,
        "profile": {"real_name": user.name, "display_name": user.name, "team": user.team},
        "is_admin": user.admin,
        "is_owner": user.owner,
        "is_primary_owner": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": user.is_bot,
        "is_app_user": False,
    }
    if user.is_bot:
        view["profile"] |= {"bot_id": user.bot_id, "api_app_id": user.app_id}
    if user.team != world.team.id:
        # Slack tells less of strangers: no language.
        return view | {"is_stranger": True}
    if world.enterprise_id is not None:
        view["enterprise_user"] = {"id": user.id, "enterprise_id": world.enterprise_id, "teams": [world.team.id]}
    return view | ({"locale": user.locale} if locale else {})


def channel_view(channel: Channel, bot: User) -> dict[str, Any]:
    """A conversation as in conversations.info."""
    if channel.kind == IM:
        other = next(member for member in channel.members if member is not bot)
        return {"id": channel.id, "is_im": True, "user": other.id, "is_archived": False, "is_open": True}
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind == CHANNEL,
        "is_group": channel.kind == GROUP,
        "is_mpim": channel.kind == MPIM,
        "is_im": False,
        "is_private": channel.kind != CHANNEL,
        "is_archived": channel.archived,
        "is_member": bot in channel.members,
        "is_general": channel.name == "general",
        "num_members": len(channel.members),
        "topic": {"value": ""},
        "purpose": {"value": ""},
    }
