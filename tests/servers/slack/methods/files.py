"""files.*: uploads in three steps, and what a file is. The message with the file comes a moment after the answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.servers.slack.limits import TIER_3, TIER_4
from tests.servers.slack.methods.finding import channel_to_post_in, thread_at
from tests.servers.slack.views_of import file_view
from tests.servers.slack.webapi import ApiError, Args, Method, invalid_arguments, message_blocks
from tests.servers.slack.world import Channel, File, Message

if TYPE_CHECKING:
    from tests.servers.slack.server import SlackServer

SHARING_S = 0.05


async def get_upload_url(server: SlackServer, args: Args) -> dict[str, Any]:
    name, length = args.need("filename"), args.number("length", 0)
    if length <= 0:
        raise invalid_arguments("length must be more than 0")
    file = server.new_file(name, b"", server.bot, alt_text=args.text("alt_txt"))
    file.expected = length
    return {"upload_url": f"{server.url}/upload/v1/{file.id}", "file_id": file.id}


async def complete_upload(server: SlackServer, args: Args) -> dict[str, Any]:
    files = []
    for told in args.json("files", "invalid_arguments") or []:
        file = server.world.files.get(told.get("id", ""))
        if file is None or file.owner is not server.bot or not file.data:
            raise ApiError("file_not_found")
        file.title = told.get("title") or file.name
        files.append(file)
    if not files:
        raise invalid_arguments("missing required field: files")
    named = args.text("channel_id") or args.text("channels")
    for channel_id in filter(None, named.split(",")):
        channel = channel_to_post_in(server, Args({"channel": channel_id}))
        thread_ts = thread_at(server, channel, args.text("thread_ts")) if "thread_ts" in args else None
        message = Message(channel, "", server.bot, args.text("initial_comment"), thread_ts, files=list(files))
        message.blocks = message_blocks(server, args) or []
        server.deliveries.spawn(_share(server, channel, message))
    return {"files": [{"id": file.id, "title": file.title} for file in files]}


async def _share(server: SlackServer, channel: Channel, message: Message) -> None:
    await asyncio.sleep(SHARING_S)
    message.ts = server.world.now_ts()
    for file in message.files:
        file.shares[channel.id] = message.ts
    server.publish(message)


async def info(server: SlackServer, args: Args) -> dict[str, Any]:
    return {"file": file_view(_file(server, args)), "comments": []}


async def delete(server: SlackServer, args: Args) -> dict[str, Any]:
    file = _file(server, args)
    if file.owner is not server.bot:
        raise ApiError("cant_delete_file")
    del server.world.files[file.id]
    return {}


def _file(server: SlackServer, args: Args) -> File:
    file = server.world.files.get(args.need("file"))
    if file is None:
        raise ApiError("file_not_found")
    return file


METHODS = {
    "files.getUploadURLExternal": Method(get_upload_url, ("files:write",), TIER_4, takes_json=False),
    "files.completeUploadExternal": Method(complete_upload, ("files:write",), TIER_4),
    "files.info": Method(info, ("files:read",), TIER_4, takes_json=False),
    "files.delete": Method(delete, ("files:write",), TIER_3),
}
