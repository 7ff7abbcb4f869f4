"""chat.*: what the app posts, changes and takes back. Streams have a room of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.servers.slack.limits import GENEROUS, POSTING, TIER_3, TIER_4
from tests.servers.slack.methods.finding import (
    channel_named,
    channel_to_post_in,
    channel_to_read,
    message_at,
    thread_at,
    user_named,
)
from tests.servers.slack.views_of import message_view
from tests.servers.slack.webapi import ApiError, Args, Method, message_blocks
from tests.servers.slack.world import Message

if TYPE_CHECKING:
    from tests.servers.slack.server import SlackServer

POST_LENGTH = 40_000
UPDATE_LENGTH = 4_000
MARKDOWN_LENGTH = 12_000


def check_markdown(args: Args) -> str | None:
    """The markdown_text of a request.

    Raises:
        ApiError: it is too long, or comes together with text or blocks.
    """
    if "markdown_text" not in args:
        return None
    if args.text("text") or "blocks" in args:
        raise ApiError("markdown_text_conflict")
    if len(args.text("markdown_text")) > MARKDOWN_LENGTH:
        raise ApiError("msg_too_long")
    return args.text("markdown_text")


def _said(server: SlackServer, args: Args) -> dict[str, Any]:
    """What a posting request says."""
    markdown, blocks = check_markdown(args), message_blocks(server, args)
    text = args.text("text")
    attachments = args.json("attachments", "invalid_attachments") or []
    if not (text.strip() or markdown or blocks or attachments):
        raise ApiError("no_text")
    if len(text) > POST_LENGTH:
        server.world.violation(f"a text of {len(text)} characters was cut at {POST_LENGTH}")
        args.warnings.append("message_truncated")
        text = text[:POST_LENGTH]
    metadata = args.json("metadata", "invalid_metadata_format")
    said = {"raw": text, "markdown": markdown, "blocks": blocks or [], "attachments": attachments, "metadata": metadata}
    if any(key in args for key in ("username", "icon_emoji", "icon_url")) and (
        "chat:write.customize" not in server.scopes
    ):
        raise ApiError("missing_scope", needed="chat:write.customize", provided=",".join(sorted(server.scopes)))
    return said


async def post_message(server: SlackServer, args: Args) -> dict[str, Any]:
    channel = channel_to_post_in(server, args)
    said = _said(server, args)
    thread_ts = thread_at(server, channel, args.text("thread_ts")) if "thread_ts" in args else None
    message = Message(channel, server.world.now_ts(), server.bot, thread_ts=thread_ts, **said)
    if thread_ts and args.flag("reply_broadcast"):
        message.subtype = "thread_broadcast"
    server.publish(message)
    return {"channel": channel.id, "ts": message.ts, "message": message_view(server.world, message)}


async def update(server: SlackServer, args: Args) -> dict[str, Any]:
    channel = channel_named(server, args.need("channel"))
    message = message_at(channel, args.need("ts"))
    if message.author is not server.bot:
        raise ApiError("cant_update_message")
    server.end_expired(message)
    if message.stream is not None and message.stream.state == "in_progress":
        raise ApiError("streaming_state_conflict")
    if len(args.text("text")) > UPDATE_LENGTH:
        raise ApiError("msg_too_long")
    markdown, blocks = check_markdown(args), message_blocks(server, args)
    if not any(key in args for key in ("text", "markdown_text", "blocks", "attachments", "metadata", "file_ids")):
        raise ApiError("no_text")
    before = message_view(server.world, message)
    if "text" in args or "markdown_text" in args:
        message.raw, message.markdown = args.text("text"), markdown
    if blocks is not None:
        # Blocks that a request leaves out stay; an empty list takes them away.
        message.blocks, message.blocks_beneath = blocks, False
    if "attachments" in args:
        message.attachments = args.json("attachments", "invalid_attachments")
    message.edited = {"user": server.bot.id, "ts": server.world.now_ts()}
    server.republish(message, before)
    view = message_view(server.world, message)
    return {"channel": channel.id, "ts": message.ts, "text": view["text"], "message": view}


async def delete(server: SlackServer, args: Args) -> dict[str, Any]:
    channel = channel_named(server, args.need("channel"))
    message = message_at(channel, args.need("ts"))
    if message.author is not server.bot:
        raise ApiError("cant_delete_message")
    server.withdraw(message)
    return {"channel": channel.id, "ts": message.ts}


async def post_ephemeral(server: SlackServer, args: Args) -> dict[str, Any]:
    channel = channel_to_post_in(server, args)
    user = user_named(server, args.need("user"))
    if user not in channel.members:
        raise ApiError("user_not_in_channel")
    said = _said(server, args)
    thread_ts = thread_at(server, channel, args.text("thread_ts")) if "thread_ts" in args else None
    message = Message(channel, server.world.now_ts(), server.bot, thread_ts=thread_ts, ephemeral_for=user, **said)
    server.show_to(user, message)
    server.interactions.came_back(message)
    return {"message_ts": message.ts}


async def get_permalink(server: SlackServer, args: Args) -> dict[str, Any]:
    channel = channel_to_read(server, args)
    message = message_at(channel, args.need("message_ts"))
    link = f"https://{server.team.domain}.slack.com/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.reply_to is not None:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


METHODS = {
    "chat.postMessage": Method(post_message, ("chat:write",), POSTING),
    "chat.update": Method(update, ("chat:write",), TIER_3),
    "chat.delete": Method(delete, ("chat:write",), TIER_3),
    "chat.postEphemeral": Method(post_ephemeral, ("chat:write",), TIER_4),
    "chat.getPermalink": Method(get_permalink, (), GENEROUS, takes_json=False),
}
