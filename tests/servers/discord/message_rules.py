"""What Discord accepts as a message, new or edited.

Source: https://discord.com/developers/docs/resources/message
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.servers.discord import component_rules, mentions
from tests.servers.discord.errors import Form, empty_message, invalid, too_large
from tests.servers.discord.model import (
    COMPONENTS_V2,
    EPHEMERAL,
    SUPPRESS_EMBEDS,
    SUPPRESS_NOTIFICATIONS,
    Json,
    Message,
)

CONTENT, EMBEDS, EMBED_TEXT, FILES, FILE_BYTES = 2_000, 10, 6_000, 10, 10 * 1024 * 1024

_EMBED_TEXTS = {"title": 256, "description": 4096, "footer.text": 2048, "author.name": 256}
_LEGACY = ("content", "embeds", "poll", "sticker_ids")


@dataclass(slots=True)
class Upload:
    """A file that came with a request, under `files[n]`."""

    filename: str
    data: bytes


@dataclass(slots=True)
class Body:
    """A request's message: the JSON and the files by their number."""

    json: Json
    uploads: dict[str, Upload] = field(default_factory=dict)

    def descriptions(self) -> dict[str, str | None]:
        """The alt texts of the uploads, by number."""
        return {str(each["id"]): each.get("description") for each in self.json.get("attachments") or []}


def check(body: Body, *, interaction: bool = False, prefix: str = "") -> None:
    """A new message.

    Raises:
        ApiError: as Discord would answer.
    """
    form = Form()
    data = body.json
    _check_files(body)
    flags = data.get("flags") or 0
    _check_flags(form, flags, interaction=interaction)
    _check_fields(form, data, v2=bool(flags & COMPONENTS_V2))
    nonce = data.get("nonce")
    if isinstance(nonce, str):
        form.length("nonce", nonce, 0, 25)
    _raise(form, prefix)
    if not _has_substance(body):
        raise empty_message()


def check_edit(body: Body, message: Message) -> None:
    """New fields of a message; what is not named stays.

    Raises:
        ApiError: as Discord would answer.
    """
    form = Form()
    data = body.json
    _check_files(body)
    v2 = bool(message.flags & COMPONENTS_V2 or (data.get("flags") or 0) & COMPONENTS_V2)
    if v2 and not message.flags & COMPONENTS_V2:
        # A message becomes one of components only when everything else is taken out of it in the same edit.
        data = {"content": message.content, "embeds": message.embeds} | data
    _check_fields(form, data, v2=v2)
    for number, each in enumerate(data.get("attachments") or []):
        known = str(each.get("id")) in {kept.id for kept in message.files} | set(body.uploads)
        if not known:
            form.wrong(f"attachments.{number}.id", "ATTACHMENT_NOT_FOUND", "Attachment not found")
    form.check()
    after = {
        "content": message.content,
        "embeds": message.embeds,
        "components": message.components,
        "attachments": [each.id for each in message.files],
    }
    after |= {key: value for key, value in data.items() if key in after}
    if not (str(after["content"] or "").strip() or after["embeds"] or after["components"] or after["attachments"]):
        raise empty_message()


def _raise(form: Form, prefix: str) -> None:
    if prefix and form.errors:
        form.errors = {prefix: form.errors}
    form.check()


def _has_substance(body: Body) -> bool:
    data = body.json
    if str(data.get("content") or "").strip() or body.uploads:
        return True
    return bool(data.get("embeds") or data.get("components") or data.get("sticker_ids") or data.get("poll"))


def _check_files(body: Body) -> None:
    if any(len(upload.data) > FILE_BYTES for upload in body.uploads.values()):
        raise too_large()
    if len(body.uploads) > FILES:
        raise invalid("attachments", "BASE_TYPE_MAX_LENGTH", f"Must be {FILES} or fewer in length.")


def _check_flags(form: Form, flags: int, *, interaction: bool) -> None:
    allowed = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | COMPONENTS_V2 | (EPHEMERAL if interaction else 0)
    if flags & ~allowed:
        form.wrong("flags", "MESSAGE_INVALID_FLAGS", "Invalid flags.")


def _check_fields(form: Form, data: Json, *, v2: bool) -> None:
    content = data.get("content")
    if v2:
        for name in _LEGACY:
            if data.get(name):
                text = f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
                form.wrong(name, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", text)
    form.length("content", content.strip() if isinstance(content, str) else content, 0, CONTENT)
    _check_embeds(form, data.get("embeds") or [])
    mentions.check(form, data.get("allowed_mentions"))
    for number, each in enumerate(data.get("attachments") or []):
        form.length(f"attachments.{number}.description", each.get("description"), 0, 1024)
    components = data.get("components")
    if components:
        component_rules.check(form, components, v2=v2)


def _check_embeds(form: Form, embeds: list[Json]) -> None:
    if len(embeds) > EMBEDS:
        form.wrong("embeds", "BASE_TYPE_MAX_LENGTH", f"Must be {EMBEDS} or fewer in length.")
    total = 0
    for number, embed in enumerate(embeds):
        path = f"embeds.{number}"
        for name, high in _EMBED_TEXTS.items():
            text = _at(embed, name)
            form.length(f"{path}.{name}", text, 0, high)
            total += len(text or "")
        fields = embed.get("fields") or []
        if len(fields) > 25:
            form.wrong(f"{path}.fields", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
        for index, each in enumerate(fields):
            for name, high in (("name", 256), ("value", 1024)):
                if form.required(f"{path}.fields.{index}.{name}", each.get(name)):
                    form.length(f"{path}.fields.{index}.{name}", each[name], 1, high)
                total += len(each.get(name) or "")
    if total > EMBED_TEXT:
        text = f"Embed size exceeds maximum size of {EMBED_TEXT}"
        form.wrong("embeds", "MAX_EMBED_SIZE_EXCEEDED", text)


def _at(embed: Json, path: str) -> Any:
    value: Any = embed
    for step in path.split("."):
        value = (value or {}).get(step)
    return value
