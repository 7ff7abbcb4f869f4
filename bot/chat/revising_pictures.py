"""A picture made from a picture: varied, or set in motion."""

from __future__ import annotations

from dataclasses import replace

from bot.chat.jobs import Job, Services
from bot.chat.painting import draw, request_of
from bot.chat.sharing import source_of
from bot.domain.conversation import Turn
from bot.domain.messages import Change
from bot.errors import Refused, StorageError


async def revise_picture(job: Job, services: Services) -> Turn:
    """Make the picture that was ordered of the single one that the answer shows.

    Raises:
        Refused: the answer is gone, or shows no single still picture.
        PainterMissing, GenerationError: as for drawing.
    """
    async with services.units.reading() as uow:
        source = await source_of(job.answer, uow)
    if len(source.pictures) != 1 or source.pictures[0].media_type != "image/png":
        raise Refused("paint.nothing_to_change")
    picture = source.pictures[0]
    request = replace(request_of(job), seed=None, animated=False, towards="")
    if job.answer.change == Change.ANIMATE:
        # The same words and seed: it begins with the very picture.
        seed = int(picture.parameters["seed"])
        return await draw(job, services, replace(request, animated=True, seed=seed, count=1))
    try:
        file = await services.files.read(picture.path)
    except StorageError as error:
        raise Refused("paint.bad_source") from error
    return await draw(job, services, replace(request, source=file))
