"""Frames between the engine and its worker: four bytes of length (big-endian), then one JSON object.

JSON, and not pickle, so that a worker can never make the bot run anything. The kinds of messages are listed in
`bot.engine.worker`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import struct
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, BinaryIO

from bot.domain.generation import PainterTraits, PaintRequest, PaintStyle, PromptMessage, Role, SamplingParams

Message = dict[str, Any]

_LENGTH = struct.Struct(">I")


def frame(message: Message) -> bytes:
    """A message as it goes over the pipe."""
    body = json.dumps(message).encode("ascii")
    return _LENGTH.pack(len(body)) + body


async def read_frame(reader: asyncio.StreamReader) -> Message | None:
    """The next message; None when the other side is gone."""
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        body = await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return _decode(body)


def read_frame_blocking(pipe: BinaryIO) -> Message | None:
    """The next message, waited for by this thread; None when the other side is gone."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    body = pipe.read(length)
    return _decode(body) if len(body) == length else None


def _decode(body: bytes) -> Message:
    message: Message = json.loads(body)
    return message


def pack_messages(messages: Sequence[PromptMessage]) -> list[list[str]]:
    """A prompt as JSON."""
    return [[message.role, message.content] for message in messages]


def unpack_messages(packed: Sequence[Sequence[str]]) -> list[PromptMessage]:
    """The prompt that `pack_messages` packed."""
    return [PromptMessage(Role(role), content) for role, content in packed]


def pack_sampling(sampling: SamplingParams) -> Message:
    """Sampling parameters as JSON."""
    return asdict(sampling)


def unpack_sampling(packed: Message) -> SamplingParams:
    """The parameters that `pack_sampling` packed."""
    return SamplingParams(**{**packed, "stop": tuple(packed["stop"])})


def pack_paint(request: PaintRequest) -> Message:
    """A request to paint as JSON."""
    source = None if request.source is None else base64.b64encode(request.source).decode("ascii")
    return {**asdict(request), "source": source}


def unpack_paint(packed: Message) -> PaintRequest:
    """The request that `pack_paint` packed."""
    source = packed["source"]
    return PaintRequest(**{**packed, "source": None if source is None else base64.b64decode(source)})


def unpack_traits(packed: Message) -> PainterTraits:
    """A painter's traits, which come as their fields."""
    return PainterTraits(**{**packed, "styles": tuple(PaintStyle(**style) for style in packed["styles"])})
