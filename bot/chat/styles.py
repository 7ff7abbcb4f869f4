"""The styles of pictures that can be proposed and shown: those that the painter was trained on, else common ones."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from bot.chat.jobs import Services
from bot.domain.command_types import Choice
from bot.domain.commands import STYLES
from bot.domain.lines import is_chinese, say
from bot.domain.messages import Picture
from bot.domain.texts import Text


async def known_styles(services: Services, locale: str) -> Sequence[Choice]:
    """The painter's styles with a sample picture each; common words for styles where it does not say which it knows."""
    traits = services.traits
    if traits is None or not traits.styles:
        return [Choice(style.in_locale(locale), style) for style in STYLES]
    samples = await asyncio.to_thread(lambda: [_read(style.sample) for style in traits.styles])
    return [
        Choice(style.zh if is_chinese(locale) else style.en, Text(style.en, style.zh), sample)
        for style, sample in zip(traits.styles, samples, strict=True)
    ]


async def style_sheet(services: Services, locale: str) -> Picture | None:
    """A picture of all the painter's styles, as an answer's own file; None where the painter has none."""
    traits = services.traits
    sheet = await asyncio.to_thread(_read, traits.sheet) if traits else None
    if traits is None or sheet is None:
        return None
    picture_id = services.new_id()
    path = await services.files.keep(f"images/{picture_id}.png", sheet)
    names = ", ".join(style.zh if is_chinese(locale) else style.en for style in traits.styles)
    return Picture(picture_id, path, say("paint.sheet", locale, styles=names), {})


def _read(path: str) -> bytes | None:
    """The file's bytes; None without one."""
    return Path(path).read_bytes() if path and Path(path).is_file() else None
