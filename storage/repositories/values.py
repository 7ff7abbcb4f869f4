"""Conversations and turns as rows, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Row

from bot.domain.conversation import Conversation, Timings, Turn, TurnStatus
from bot.domain.generation import PromptMessage, Role, SamplingParams
from bot.domain.messages import Attachment, Picture
from bot.domain.places import Place, PlaceKind, Platform
from storage.tables import turn

# Of a turn's row as it is read; a prompt stands last where it is read.
TURN_COLUMNS = [column for column in turn.c if column.name not in ("prompt", "prompt_erased")]
_NAMES = [*(column.name for column in TURN_COLUMNS), "prompt"]
PICTURE_COUNT = _NAMES.index("picture_count")

# By a plain look-up: an enumeration's own takes many times as long, and a long talk is hundreds of rows.
_ROLES = {role.value: role for role in Role}
_STATUSES = {status.value: status for status in TurnStatus}

# A turn that awaits its last state.
OPEN = tuple(status for status in TurnStatus if status.is_open)


def conversation_of(
    id_: str, _key: str, platform: str, workspace: str, channel: str, thread: str, kind: str, created_at: datetime
) -> Conversation:
    """The conversation of a row."""
    return Conversation(id_, Place(Platform(platform), workspace, channel, thread, PlaceKind(kind)), created_at)


def fields_of(turn: Turn) -> dict[str, Any]:
    """What of a turn may change from one state to the next, as columns; the prompt only where there is one."""
    fields: dict[str, Any] = {
        "author": turn.author,
        "author_name": turn.author_name,
        "text": turn.text,
        "status": turn.status,
        "origin": turn.origin,
        "aside": turn.aside,
        "private": turn.private,
        "note": turn.note,
        "locale": turn.locale,
        "release": turn.release,
        "sampling": None if turn.sampling is None else asdict(turn.sampling),
        "prompt_tokens": turn.prompt_tokens,
        "completion_tokens": turn.completion_tokens,
        "admitted_s": turn.timings.admitted,
        "first_piece_s": turn.timings.first_piece,
        "finished_s": turn.timings.finished,
        "attachments": [asdict(attachment) for attachment in turn.attachments],
        "picture_count": len(turn.pictures),
        "revises": turn.revises,
        "change": turn.change or None,
    }
    if turn.prompt is not None:
        # By hand: there may be hundreds, and asdict takes ten times as long.
        fields["prompt"] = [{"role": message.role, "content": message.content} for message in turn.prompt]
    return fields


def turn_from(row: Sequence[Any], pictures: Sequence[Picture] = ()) -> Turn:
    """The turn of the columns of `TURN_COLUMNS`, and of its prompt where that was read too."""
    return turn_of(dict(zip(_NAMES, row, strict=False)), pictures)


def turn_of(row: Mapping[str, Any], pictures: Sequence[Picture]) -> Turn:
    """The turn of a row; a row that was read without its prompt makes a turn without one."""
    prompt, sampling = row.get("prompt"), row["sampling"]
    return Turn(
        id=row["id"],
        conversation_id=row["conversation_id"],
        parent_id=row["parent_id"],
        role=_ROLES[row["role"]],
        author=row["author"],
        author_name=row["author_name"],
        text=row["text"],
        status=_STATUSES[row["status"]],
        created_at=row["created_at"],
        origin=row["origin"],
        aside=row["aside"],
        private=row["private"],
        note=row["note"],
        locale=row["locale"],
        release=row["release"],
        prompt=None if prompt is None else tuple(PromptMessage(Role(each["role"]), each["content"]) for each in prompt),
        sampling=None if sampling is None else _sampling(**{**sampling, "stop": tuple(sampling["stop"])}),
        prompt_tokens=row["prompt_tokens"],
        completion_tokens=row["completion_tokens"],
        timings=Timings(row["admitted_s"], row["first_piece_s"], row["finished_s"]),
        attachments=attachments_of(row["attachments"]),
        pictures=tuple(pictures),
        revises=row["revises"],
        change=row["change"] or "",
    )


# Most turns of a talk were written with the same.
_sampling = lru_cache(maxsize=256)(SamplingParams)


def attachments_of(stored: Iterable[Mapping[str, Any]]) -> tuple[Attachment, ...]:
    """Attachments as they are stored with a turn."""
    return tuple([Attachment(**attachment) for attachment in stored])


def picture_of(row: Row[Any]) -> Picture:
    """The picture of a row."""
    return Picture(row.id, row.file, row.alt, row.parameters)
