"""Conversations and turns as rows, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
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

_NO_TIMES = Timings()

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
        "sampling": None if turn.sampling is None else _sampling_fields(turn.sampling),
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
    """The turn of the columns of `TURN_COLUMNS`, and of its prompt where that was read too.

    Unpacked at once and not by name: a long talk is hundreds of rows for each answer.
    """
    id_, conversation_id, parent_id, _root, role, author, author_name, text, status, created_at, *rest = row
    origin, aside, private, note, locale, release, sampling, prompt_tokens, completion_tokens, *rest = rest
    admitted, first_piece, finished, attachments, _picture_count, revises, change, *prompt = rest
    return Turn(
        id=id_,
        conversation_id=conversation_id,
        parent_id=parent_id,
        role=_ROLES[role],
        author=author,
        author_name=author_name,
        text=text,
        status=_STATUSES[status],
        created_at=created_at,
        origin=origin,
        aside=aside,
        private=private,
        note=note,
        locale=locale,
        release=release,
        prompt=_prompt_of(prompt[0]) if prompt else None,
        sampling=None if sampling is None else _sampling(**{**sampling, "stop": tuple(sampling["stop"])}),
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        timings=_NO_TIMES if admitted is finished is None else Timings(admitted, first_piece, finished),
        attachments=attachments_of(attachments) if attachments else (),
        pictures=tuple(pictures),
        revises=revises,
        change=change or "",
    )


def turn_of(row: Mapping[str, Any], pictures: Sequence[Picture]) -> Turn:
    """The turn of a row by its columns' names; one that was read without its prompt makes a turn without one."""
    return turn_from([row.get(name) for name in _NAMES], pictures)


def _prompt_of(stored: Sequence[Mapping[str, str]] | None) -> tuple[PromptMessage, ...] | None:
    return None if stored is None else tuple(PromptMessage(Role(each["role"]), each["content"]) for each in stored)


# Most turns of a talk were written with the same.
_sampling = lru_cache(maxsize=256)(SamplingParams)
_sampling_fields: Callable[[SamplingParams], dict[str, Any]] = lru_cache(maxsize=256)(asdict)


def attachments_of(stored: Iterable[Mapping[str, Any]]) -> tuple[Attachment, ...]:
    """Attachments as they are stored with a turn."""
    return tuple([Attachment(**attachment) for attachment in stored])


def picture_of(row: Row[Any]) -> Picture:
    """The picture of a row."""
    return Picture(row.id, row.file, row.alt, row.parameters)
