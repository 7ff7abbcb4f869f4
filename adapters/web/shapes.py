"""Turns as the page takes them: JSON with the text rendered to safe HTML blocks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from adapters.web.files import Files, media_type
from adapters.web.html import answer_blocks, message_blocks
from bot.chat.reading import TurnView
from bot.domain.conversation import Turn
from bot.domain.messages import Attachment, Picture
from bot.domain.places import Place

Shape = dict[str, Any]


def place_shape(place: Place) -> Shape:
    """A place by channel and thread."""
    return {"channel": place.channel, "thread": place.thread}


async def turn_shapes(views: Sequence[TurnView], files: Files) -> list[Shape]:
    """Turns for the page. The texts are rendered in a thread: a long one takes longer than the event loop may wait."""
    blocks = await asyncio.to_thread(lambda: [_blocks(view.turn) for view in views])
    for view in views:
        files.show(view.turn.pictures)
    return [_shape(view, html) for view, html in zip(views, blocks, strict=True)]


def votes_shape(view: TurnView) -> Shape:
    """How many liked a turn, and how many did not."""
    return {"type": "votes", "id": view.turn.id, "good": view.good, "bad": view.bad}


def _blocks(turn: Turn) -> tuple[str, ...]:
    return answer_blocks(turn.text) if turn.is_by_bot else message_blocks(turn.text)


def _shape(view: TurnView, blocks: Sequence[str]) -> Shape:
    turn = view.turn
    return {
        "id": turn.id,
        "parent": turn.parent_id,
        "bot": turn.is_by_bot,
        "author": turn.author,
        "name": turn.author_name,
        "text": turn.text,
        "blocks": blocks,
        "status": turn.status,
        "open": turn.status.is_open,
        "at": int(turn.created_at.timestamp() * 1000),
        "origin": turn.origin,
        "private": turn.private,
        "note": turn.note,
        "release": turn.release,
        "speed": _speed(turn),
        "good": view.good,
        "bad": view.bad,
        "own": view.own,
        "suggested": view.suggested,
        "controls": sorted(view.controls),
        "changes": view.changes,
        "change": turn.change,
        "attachments": [_attachment(item) for item in turn.attachments],
        "pictures": [_picture(item) for item in turn.pictures],
    }


def _speed(turn: Turn) -> float | None:
    """Tokens per second of the writing itself."""
    first, finished = turn.timings.first_piece, turn.timings.finished
    if first is None or finished is None or finished <= first or turn.completion_tokens < 2:
        return None
    return round((turn.completion_tokens - 1) / (finished - first), 1)


def _attachment(item: Attachment) -> Shape:
    picture = media_type(item.locator).startswith("image/")
    return {"name": item.name, "size": item.size, "url": f"/uploads/{item.locator}", "picture": picture}


def _picture(item: Picture) -> Shape:
    return {
        "url": f"/pictures/{item.id}",
        "alt": item.alt,
        "parameters": dict(item.parameters),
        "file": f"inkling-{item.id[-6:]}{PurePath(item.path).suffix}",
    }
