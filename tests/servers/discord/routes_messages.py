"""Routes of messages, reactions and typing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from urllib.parse import unquote

import regex

from tests.servers.discord import composing, message_rules, payloads, permissions
from tests.servers.discord.errors import ApiError, invalid, unknown, unknown_emoji, wrong_channel_type
from tests.servers.discord.limits import Bucket, Refused
from tests.servers.discord.model import COMPONENTS_V2, Channel, Json, Message
from tests.servers.discord.rest import Answer, Api, Asked, Route

NONCE_SECONDS = 300.0
OLD_SECONDS = 3600.0
OLD_EDITS = Bucket("messages.edit-old", 3, 20.0)

# What a reaction may be: a custom emoji's name:id, or one emoji character with its modifiers.
_CUSTOM = regex.compile(r"^\w{2,32}:\d+$")
_EMOJI = regex.compile(r"^(?:\p{Emoji}[\p{Emoji_Modifier}\uFE0F\u20E3\u200D\p{Regional_Indicator}]*)+$")


def _shown(api: Api, message: Message) -> Json:
    return payloads.message(message, api.world.bot, content=api.reads_content)


async def create_message(api: Api, asked: Asked) -> Answer:
    channel = api.channel(asked)
    _may_send(api, channel)
    body = asked.body
    known = _same_nonce(api, channel, body.json)
    if known is not None:
        return 200, _shown(api, known)
    message_rules.check(body)
    if body.uploads:
        api.require(channel, "attach_files")
    draft = composing.draft(api.world, channel, body)
    reference = body.json.get("message_reference")
    if reference:
        draft.reply_to = _replied_to(api, channel, reference)
    message = api.world.post(channel, api.world.bot, draft)
    if message.nonce is not None and body.json.get("enforce_nonce"):
        api.server.nonces[(channel.id, str(message.nonce))] = (time.monotonic(), message)
    return 200, _shown(api, message)


def _may_send(api: Api, channel: Channel) -> None:
    api.require(channel, "send_messages_in_threads" if channel.is_thread else "send_messages")
    if channel.guild is None and any(each.closed_dms for each in channel.recipients):
        raise ApiError(403, 50007, "Cannot send messages to this user")
    if channel.holds_posts:
        raise ApiError(400, 50008, "Cannot send messages in a non-text channel")
    if channel.locked and not permissions.may(api.world.bot, channel, "manage_threads"):
        raise ApiError(403, 160005, "Thread is locked")
    if channel.is_thread and channel.parent is not None and channel.parent.holds_posts and not channel.history:
        text = "Cannot message this thread until after the post author has sent an initial message."
        raise ApiError(403, 40058, text)


def _same_nonce(api: Api, channel: Channel, data: Json) -> Message | None:
    """The message that the same nonce made a short while ago, when uniqueness is asked for."""
    if not data.get("enforce_nonce"):
        return None
    made, message = api.server.nonces.get((channel.id, str(data.get("nonce"))), (0.0, None))
    return message if message is not None and time.monotonic() - made < NONCE_SECONDS else None


def _replied_to(api: Api, channel: Channel, reference: Json) -> Message | None:
    message = api.world.messages.get(str(reference.get("message_id")))
    if message is None or message.channel is not channel or message.ephemeral_for is not None:
        if reference.get("fail_if_not_exists", True):
            raise invalid("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
        return None
    if message.system:
        text = "Cannot reply to a system message"
        raise invalid("message_reference", "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE", text)
    try:
        api.require(channel, "read_message_history")
    except ApiError as error:
        text = "Cannot reply without permission to read message history"
        raise ApiError(403, 160002, text) from error
    return message


async def edit_message(api: Api, asked: Asked) -> Answer:
    channel = api.channel(asked)
    message = api.message(asked, channel)
    if message.author is not api.world.bot:
        raise ApiError(403, 50005, "Cannot edit a message authored by another user")
    _check_old_edits(api, message)
    if channel.archived:
        raise ApiError(400, 50083, "Thread is archived")
    if message.flags & COMPONENTS_V2 and asked.body.json.get("flags") == 0:
        raise invalid("flags", "MESSAGE_FLAGS_COMPONENTS_V2", "IS_COMPONENTS_V2 cannot be taken away")
    message_rules.check_edit(asked.body, message)
    composing.edit(api.world, message, asked.body)
    return 200, _shown(api, message)


def _check_old_edits(api: Api, message: Message) -> None:
    """Messages older than an hour take few edits; the error comes as a 429 of its own code."""
    if time.time() - message.created_at.timestamp() < OLD_SECONDS:
        return
    try:
        api.server.limits.take(OLD_EDITS, message.channel.id, everywhere=False)
    except Refused as over:
        text = "Maximum number of edits to messages older than 1 hour reached. Try again later."
        raise ApiError(429, 30046, text, retry_after=round(over.retry_after, 3), **{"global": False}) from over


async def delete_message(api: Api, asked: Asked) -> Answer:
    channel = api.channel(asked)
    message = api.message(asked, channel)
    if message.author is not api.world.bot:
        api.require(channel, "manage_messages")
    api.world.delete(message)
    return 204, None


async def delete_messages(api: Api, asked: Asked) -> Answer:
    channel = api.channel(asked)
    api.require(channel, "manage_messages")
    wanted = [str(each) for each in asked.body.json.get("messages", [])]
    if not 2 <= len(wanted) <= 100:
        raise invalid("messages", "BASE_TYPE_BAD_LENGTH", "Must be between 2 and 100 in length.")
    found = [each for each in channel.history if each.id in wanted]
    if found:
        api.world.delete_many(found)
    return 204, None


async def get_message(api: Api, asked: Asked) -> Answer:
    channel = api.channel(asked)
    api.require(channel, "read_message_history")
    return 200, _shown(api, api.message(asked, channel))


async def get_messages(api: Api, asked: Asked) -> Answer:
    """Newest first; without the permission to read history an empty list, not an error."""
    channel = api.channel(asked)
    if channel.holds_posts:
        raise wrong_channel_type()
    limit = int(asked.query.get("limit", 50))
    if not 1 <= limit <= 100:
        raise invalid("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")
    try:
        api.require(channel, "read_message_history")
    except ApiError:
        return 200, []
    return 200, [_shown(api, each) for each in _page(channel.history, asked.query, limit)]


def _page(history: list[Message], query: Mapping[str, str], limit: int) -> list[Message]:
    if query.get("around"):
        at = int(query["around"])
        older = [each for each in history if int(each.id) < at][-(limit // 2) :]
        newer = [each for each in history if int(each.id) >= at][: limit - limit // 2]
        return (older + newer)[::-1]
    if query.get("after"):
        found = [each for each in history if int(each.id) > int(query["after"])][:limit]
    elif query.get("before"):
        found = [each for each in history if int(each.id) < int(query["before"])][-limit:]
    else:
        found = history[-limit:]
    return found[::-1]


async def add_reaction(api: Api, asked: Asked) -> Answer:
    channel = api.channel(asked)
    message = api.message(asked, channel)
    api.require(channel, "read_message_history")
    emoji = _emoji(asked)
    if emoji not in message.reactions:
        api.require(channel, "add_reactions")
    api.world.react(message, api.world.bot, emoji)
    return 204, None


async def remove_reaction(api: Api, asked: Asked) -> Answer:
    channel = api.channel(asked)
    message = api.message(asked, channel)
    who = asked.match.get("user_id", "@me")
    user = api.world.bot if who == "@me" else api.world.users.get(who)
    if user is None:
        raise unknown("User")
    if user is not api.world.bot:
        api.require(channel, "manage_messages")
    api.world.unreact(message, user, _emoji(asked))
    return 204, None


async def get_reactions(api: Api, asked: Asked) -> Answer:
    channel = api.channel(asked)
    message = api.message(asked, channel)
    users = message.reactions.get(_emoji(asked), [])
    return 200, [payloads.user(each) for each in users]


def _emoji(asked: Asked) -> str:
    emoji = unquote(asked.match["emoji"])
    if not _CUSTOM.match(emoji) and not _EMOJI.match(emoji):
        raise unknown_emoji()
    return emoji


async def type_in(api: Api, asked: Asked) -> Answer:
    channel = api.channel(asked)
    api.require(channel, "send_messages_in_threads" if channel.is_thread else "send_messages")
    api.world.type(channel, api.world.bot)
    return 204, None


_MESSAGES = "/channels/{channel_id}/messages"
_MESSAGE = _MESSAGES + r"/{message_id:\d+}"
_REACTION = _MESSAGE + "/reactions/{emoji}"
_REACTIONS = Bucket("reactions", 1, 0.25)

ROUTES = [
    Route("POST", _MESSAGES, create_message, Bucket("messages.create", 5, 5.0)),
    Route("GET", _MESSAGES, get_messages, Bucket("messages.list", 5, 1.0)),
    Route("POST", _MESSAGES + "/bulk-delete", delete_messages, Bucket("messages.bulk-delete", 1, 1.0)),
    Route("GET", _MESSAGE, get_message, Bucket("messages.get", 5, 1.0)),
    Route("PATCH", _MESSAGE, edit_message, Bucket("messages.edit", 5, 5.0)),
    Route("DELETE", _MESSAGE, delete_message, Bucket("messages.delete", 5, 1.0)),
    Route("PUT", _REACTION + "/@me", add_reaction, _REACTIONS),
    Route("DELETE", _REACTION + "/@me", remove_reaction, _REACTIONS),
    Route("DELETE", _REACTION + r"/{user_id:\d+}", remove_reaction, _REACTIONS),
    Route("GET", _REACTION, get_reactions, Bucket("reactions.get", 5, 1.0)),
    Route("POST", "/channels/{channel_id}/typing", type_in, Bucket("typing", 5, 5.0)),
]
