"""chat.startStream, appendStream, stopStream: answers that grow while people watch.

Lifetime and size are what others report (about five minutes, about ten thousand bytes); Slack does not document them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.servers.slack.blocks import checked
from tests.servers.slack.limits import TIER_2, TIER_4
from tests.servers.slack.methods.agents import set_session_status
from tests.servers.slack.methods.chat import MARKDOWN_LENGTH
from tests.servers.slack.methods.finding import channel_named, channel_to_post_in, message_at, thread_at
from tests.servers.slack.views_of import message_view
from tests.servers.slack.webapi import ApiError, Args, Method, invalid_arguments, message_blocks
from tests.servers.slack.world import IM, Message, Stream

if TYPE_CHECKING:
    from tests.servers.slack.server import SlackServer

CHUNKS = {"markdown_text", "task_update", "plan_update", "blocks"}
TASK_STATES = {"pending", "in_progress", "complete", "error"}


async def start(server: SlackServer, args: Args) -> dict[str, Any]:
    channel = channel_to_post_in(server, args)
    thread_ts = thread_at(server, channel, args.need("thread_ts"))
    if channel.kind != IM:
        for name in ("recipient_team_id", "recipient_user_id"):
            if not args.text(name):
                raise ApiError(f"missing_{name}")
    recipient = args.text("recipient_user_id") or None
    if recipient is not None and recipient not in server.world.users:
        raise ApiError("user_not_found")
    text, chunks = _streamed(args)
    stream = Stream(time.monotonic(), recipient=recipient)
    message = Message(channel, server.world.now_ts(), server.bot, thread_ts=thread_ts, markdown="", stream=stream)
    message.blocks_beneath = True
    _grow(server, message, text, chunks)
    server.publish(message)
    return {"channel": channel.id, "ts": message.ts}


async def append(server: SlackServer, args: Args) -> dict[str, Any]:
    message = _streaming(server, args)
    if message.stream is not None and message.stream.state == "stopped":
        raise ApiError("stopped_by_user")
    text, chunks = _streamed(args)
    if not text and not chunks:
        raise invalid_arguments("missing required field: markdown_text")
    _grow(server, message, text, chunks)
    message.changed()
    return {"channel": message.channel.id, "ts": message.ts}


async def stop(server: SlackServer, args: Args) -> dict[str, Any]:
    message = _streaming(server, args)
    text, chunks = _streamed(args)
    blocks = message_blocks(server, args)
    before = message_view(server.world, message)
    _grow(server, message, text, chunks)
    if message.stream is not None:
        message.stream.state = "completed"
    # The stream's own content stays above these.
    message.blocks = [*message.blocks, *(blocks or [])]
    message.metadata = args.json("metadata", "invalid_metadata_format")
    if status := args.text("session_status"):
        set_session_status(server.world.session(message.channel, message.root_ts), status)
    server.republish(message, before)
    return {"channel": message.channel.id, "ts": message.ts, "message": message_view(server.world, message)}


def _streaming(server: SlackServer, args: Args) -> Message:
    """The message that a request streams into; one stopped by a person may still be ended by the app.

    Raises:
        ApiError: it is not the app's, or streams no longer.
    """
    message = message_at(channel_named(server, args.need("channel")), args.need("ts"))
    if message.author is not server.bot:
        raise ApiError("message_not_owned_by_app")
    server.end_expired(message)
    if message.stream is None or message.stream.state not in ("in_progress", "stopped"):
        raise ApiError("message_not_in_streaming_state")
    return message


def _streamed(args: Args) -> tuple[str, list[dict[str, Any]]]:
    """The text that a request adds, and its chunks."""
    text = args.text("markdown_text")
    chunks = args.json("chunks", "invalid_chunks") or []
    for chunk in chunks:
        if not isinstance(chunk, dict) or chunk.get("type") not in CHUNKS:
            raise ApiError("invalid_chunks")
        if chunk["type"] == "task_update" and (not chunk.get("id") or chunk.get("status") not in TASK_STATES):
            raise ApiError("invalid_chunks")
        if chunk["type"] == "markdown_text":
            text += chunk["text"]
    if len(text) > MARKDOWN_LENGTH:
        raise ApiError("msg_too_long")
    return text, chunks


def _grow(server: SlackServer, message: Message, text: str, chunks: list[dict[str, Any]]) -> None:
    """Add to a stream; one that would grow too large dies as it is."""
    whole = (message.markdown or "") + text
    if message.stream is not None and len(whole.encode()) > server.rules.stream_bytes:
        message.stream.state = "overflowed"
        server.changed()
        raise ApiError("msg_too_long")
    message.markdown = whole
    for chunk in chunks:
        if chunk["type"] == "blocks":
            message.blocks += checked(chunk["blocks"], lambda: server.world.new_id("b"))
        elif chunk["type"] != "markdown_text" and message.stream is not None:
            message.stream.chunks.append(chunk)


METHODS = {
    "chat.startStream": Method(start, ("chat:write",), TIER_2),
    "chat.appendStream": Method(append, ("chat:write",), TIER_4),
    "chat.stopStream": Method(stop, ("chat:write",), TIER_2),
}
