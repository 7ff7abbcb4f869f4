"""Picking one picture of several: it is shown alone, and counts as liked by who picked it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath

from bot.chat.jobs import Job, Services
from bot.chat.painting import note_of
from bot.chat.sharing import prefer, source_of
from bot.domain.conversation import Turn, TurnStatus
from bot.domain.messages import PickPicture
from bot.domain.ratings import RatingSource
from bot.errors import Refused


async def pick(job: Job, services: Services) -> Turn:
    """The picture, as an answer of its own beside the one that it was picked from.

    Raises:
        Refused: the answer is gone, or holds no picture of this number.
    """
    assert isinstance(job.ask, PickPicture)
    async with services.units.reading() as uow:
        source = await source_of(job.answer, uow)
    if not 1 <= job.ask.number <= len(source.pictures):
        raise Refused("pick.no_such_picture", number=job.ask.number, count=len(source.pictures))
    picked = source.pictures[job.ask.number - 1]
    # A file of its own: the answer that it was picked from may be deleted while this one stays.
    picture_id = services.new_id()
    name = f"images/{picture_id}{PurePath(picked.path).suffix}"
    path = await services.files.keep(name, await services.files.read(picked.path))
    shown = (replace(picked, id=picture_id, path=path),)
    turn = replace(job.answer, pictures=shown, release=source.release)
    async with services.units() as uow:
        await prefer(turn, RatingSource.PICK, job, services, uow)
    return turn.ended(TurnStatus.COMPLETE, "", note_of(shown, services.traits, job.locale))
