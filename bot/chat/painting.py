"""`/image`: words to pictures, kept as files in the data folder."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace

from bot.chat.jobs import Job, Services
from bot.chat.options import options_of
from bot.domain.commands import IMAGE
from bot.domain.conversation import Turn, TurnStatus
from bot.domain.generation import Painted, PaintProgress, PaintRequest, Queued
from bot.domain.lines import say
from bot.domain.messages import Picture
from bot.errors import GenerationError, PainterMissing


async def paint(job: Job, services: Services) -> Turn:
    """Draw what the command asks for."""
    options = options_of(job.question, IMAGE)
    if services.painter is None:
        raise PainterMissing
    seed = options.get("seed")
    request = PaintRequest(
        job.answer.id,
        str(options["prompt"]),
        style=str(options.get("style", "")),
        count=int(options.get("count", 1)),
        seed=None if seed is None else int(seed),
    )
    painted = await _painted(request, job, services)
    turn = replace(
        job.answer, pictures=await _keep(painted, request, services), release=services.painter.health().release
    )
    return turn.ended(TurnStatus.COMPLETE, "")


async def _painted(request: PaintRequest, job: Job, services: Services) -> Painted:
    assert services.painter is not None
    await job.live.waiting(0)
    async with aclosing(services.painter.paint(request)) as events:
        async for event in events:
            match event:
                case Queued(position):
                    await job.live.waiting(position)
                case PaintProgress(done, total):
                    job.live.show("", say("paint.progress", job.locale, done=done, total=total))
                case Painted():
                    return event
    raise GenerationError


async def _keep(painted: Painted, request: PaintRequest, services: Services) -> tuple[Picture, ...]:
    first_seed = int(painted.parameters["seed"])
    pictures = []
    for index, data in enumerate(painted.images):
        picture_id = services.new_id()
        path = await services.files.keep(f"images/{picture_id}.png", data)
        parameters = {**painted.parameters, "seed": first_seed + index}
        pictures.append(Picture(picture_id, path, request.prompt, parameters))
    return tuple(pictures)
