"""Answering a message: load the branch, fit it into the window, stream the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.chat.attachments import read_attachments
from bot.chat.jobs import Job, Services
from bot.chat.place_settings import owners_in
from bot.chat.prompting import Prompt, fit, spoken, system_message
from bot.chat.streaming import write_answer
from bot.domain.conversation import Turn
from bot.domain.generation import SamplingParams
from bot.domain.lines import say
from bot.domain.place_settings import MOST_MEMORY, PlaceSettings, resolved
from bot.domain.places import PlaceKind
from bot.ports import Look

# Between two looks at an answer that another process is making.
ANOTHER_LOOK_S = 1.0

# An answer that was continued so often is still read with its question.
_MOST_CONTINUED = 100


async def reply(job: Job, services: Services) -> Turn:
    """Answer a message, answer it again, or go on with an answer."""
    await keep_attachments(job, services)
    here, path = await _path(job, services)
    prompt = await _prompt(job, services, here, path)
    sampling = SamplingParams(max_tokens=prompt.answer_tokens)
    return await write_answer(job, services, prompt.messages, sampling, note=_left_out(job, prompt, path))


async def _path(job: Job, services: Services) -> tuple[PlaceSettings, Sequence[Turn]]:
    """What holds here, and as much of the branch that the question ends as is remembered here.

    It is read once another process (if any) has finished what it answers on the branch.
    """
    look = Look(job.question.id, MOST_MEMORY + _parts_of_question(job), owners_in(job.place, job.asker))
    while True:
        heard = await job.look(look)
        if not any(turn.status.is_open for turn in heard.path):
            here = resolved(heard.chosen, job.place, job.asker.key, services.settings.idle_minutes)
            return here, _remembered(heard.path, here.memory)
        await asyncio.sleep(ANOTHER_LOOK_S)


def _parts_of_question(job: Job) -> int:
    """How many turns are read whatever is remembered: the message, or the question with its answer so far."""
    return _MOST_CONTINUED if job.goes_on else 1


def _remembered(path: Sequence[Turn], memory: int) -> Sequence[Turn]:
    """The question, the answer to it that is being continued, and at most so many messages before."""
    asked = max((index for index, turn in enumerate(path) if not turn.is_by_bot), default=0)
    return path[max(0, asked - memory) :]


async def keep_attachments(job: Job, services: Services) -> None:
    """Read the question's files, once, and keep their text with its turn."""
    if all(file.text is not None for file in job.question.attachments):
        return
    job.question = await read_attachments(job.question, job.platform)
    async with services.units() as uow:
        await uow.turns.update(job.question)


async def _prompt(job: Job, services: Services, here: PlaceSettings, path: Sequence[Turn]) -> Prompt:
    people = {turn.author for turn in path if not turn.is_by_bot}
    several = len(people) > 1 and job.place.kind is not PlaceKind.DIRECT
    return await fit(
        system_message(here, services, job.locale),
        spoken(path, named=several),
        services.generator,
        answer_tokens=services.settings.max_answer_tokens,
    )


def _left_out(job: Job, prompt: Prompt, path: Sequence[Turn]) -> str:
    """Said when a branch first outgrows the window: afterwards people know."""
    if not prompt.left_out or any(turn.note for turn in path[prompt.left_out :]):
        return ""
    return say("note.left_out", job.locale, count=prompt.left_out)
