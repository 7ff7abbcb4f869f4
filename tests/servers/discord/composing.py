"""From a checked request body to a message, and to an edit of one."""

from __future__ import annotations

from typing import Any

from tests.servers.discord import permissions
from tests.servers.discord.drafts import Draft
from tests.servers.discord.message_rules import Body
from tests.servers.discord.model import COMPONENTS_V2, Attachment, Channel, Json, Message, User, walk
from tests.servers.discord.world import World


def draft(world: World, channel: Channel, body: Body) -> Draft:
    """What a new message of the bot is made of."""
    data = body.json
    return Draft(
        content=data.get("content") or "",
        files=uploads(world, channel, body),
        embeds=_embeds(data.get("embeds") or [], world.bot, channel),
        components=_numbered(data.get("components") or []),
        flags=data.get("flags") or 0,
        allowed=data.get("allowed_mentions"),
        nonce=data.get("nonce"),
    )


def edit(world: World, message: Message, body: Body) -> None:
    """Carry out an edit: fields that are not named stay."""
    data = body.json
    fields: dict[str, Any] = {}
    if "content" in data:
        fields["content"] = data["content"] or ""
    if "embeds" in data:
        fields["embeds"] = _embeds(data["embeds"] or [], world.bot, message.channel)
    if "components" in data:
        fields["components"] = _numbered(data["components"] or [])
    if data.get("flags") is not None:
        fields["flags"] = data["flags"] | message.flags & (COMPONENTS_V2 | 64 | 128)
    if "attachments" in data or body.uploads:
        fields["files"] = _kept(message, data) + uploads(world, message.channel, body)
    world.edit(message, data.get("allowed_mentions"), **fields)


def uploads(world: World, channel: Channel, body: Body) -> list[Attachment]:
    """The request's files, kept and given addresses."""
    alts = body.descriptions()
    return [
        world.attachment(channel, upload.filename, upload.data, alts.get(number))
        for number, upload in sorted(body.uploads.items(), key=lambda item: int(item[0]))
    ]


def _kept(message: Message, data: Json) -> list[Attachment]:
    if "attachments" not in data:
        return message.files
    named = {str(each["id"]) for each in data["attachments"] or []}
    return [each for each in message.files if each.id in named]


def _embeds(embeds: list[Json], author: User, channel: Channel) -> list[Json]:
    """Without the permission to embed, Discord leaves embeds out and says nothing."""
    if not permissions.may(author, channel, "embed_links"):
        return []
    return [{"type": "rich"} | embed for embed in embeds]


def _numbered(components: list[Json]) -> list[Json]:
    """Components as they come back: each with a number."""
    taken = {part["id"] for part in walk(components) if part.get("id")}
    free = (number for number in range(1, 1000) if number not in taken)
    for part in walk(components):
        if not part.get("id"):
            part["id"] = next(free)
    return components
