"""Answering a message: load the branch, fit it into the window, stream the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.chat.attachments import read_attachments
from bot.chat.jobs import Job, Services
from bot.chat.prompting import Prompt, fit, instructions, spoken
from bot.chat.streaming import write_answer
from bot.domain.conversation import Turn
from bot.domain.generation import SamplingParams
from bot.domain.lines import say
from bot.domain.places import PlaceKind

# Between two looks at an answer that another process is making.
ANOTHER_LOOK_S = 1.0


async def reply(job: Job, services: Services) -> Turn:
    """Answer a message, answer it again, or go on with an answer."""
    await keep_attachments(job, services)
    path = await _path(job, services)
    prompt = await _prompt(job, services, path)
    sampling = SamplingParams(max_tokens=prompt.answer_tokens)
    return await write_answer(job, services, prompt.messages, sampling, note=_left_out(job, prompt, path))


async def _path(job: Job, services: Services) -> Sequence[Turn]:
    """The branch that the question ends, once another process (if any) has finished what it answers on it."""
    while True:
        async with services.units.reading() as uow:
            path = await uow.turns.path(job.question.id)
        if not any(turn.status.is_open for turn in path):
            return path
        await asyncio.sleep(ANOTHER_LOOK_S)


async def keep_attachments(job: Job, services: Services) -> None:
    """Read the question's files, once, and keep their text with its turn."""
    if all(file.text is not None for file in job.question.attachments):
        return
    job.question = await read_attachments(job.question, job.platform)
    async with services.units() as uow:
        await uow.turns.update(job.question)


async def _prompt(job: Job, services: Services, path: Sequence[Turn]) -> Prompt:
    settings = services.settings
    people = {turn.author for turn in path if not turn.is_by_bot}
    several = len(people) > 1 and job.place.kind is not PlaceKind.DIRECT
    return await fit(
        instructions(settings.bot_name, settings.instructions, job.locale),
        spoken(path, named=several),
        services.generator,
        answer_tokens=settings.max_answer_tokens,
    )


def _left_out(job: Job, prompt: Prompt, path: Sequence[Turn]) -> str:
    """Said when a branch first outgrows the window: afterwards people know."""
    if not prompt.left_out or any(turn.note for turn in path[prompt.left_out :]):
        return ""
    return say("note.left_out", job.locale, count=prompt.left_out)
