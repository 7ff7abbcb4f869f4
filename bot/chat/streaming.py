"""From the engine's stream to an answer's turn, and what is shown of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import structlog

from bot.chat.jobs import Job, Services
from bot.domain.conversation import Turn, TurnStatus
from bot.domain.generation import (
    Finished,
    FinishReason,
    GenerationRequest,
    Piece,
    PromptMessage,
    Queued,
    SamplingParams,
    Started,
)
from bot.domain.lines import say
from bot.errors import GenerationError
from bot.ports import TextGenerator

log = structlog.get_logger(__name__)


async def write_answer(
    job: Job,
    services: Services,
    messages: Sequence[PromptMessage],
    sampling: SamplingParams,
    *,
    note: str = "",
    keep_prompt: bool = True,
) -> Turn:
    """Wait for a slot, stream the answer to the platform, and return its turn in the last state.

    A prompt that holds what people did not say to the bot is not kept with the turn.

    Raises:
        Refused: the line is full.
        GenerationError: the engine did not finish; `job.text` holds what it wrote.
    """
    async with services.admission.slot(job.asker.key, job.place.key, job.live.waiting):
        await admitted(job, services, messages if keep_prompt else None, sampling)
        finished = await stream(job, services, messages, sampling, note)
    if not job.text.strip():
        raise GenerationError("error.empty_answer")
    too_long = finished.reason is FinishReason.LENGTH
    notes = [note, say("note.length", job.locale) if too_long else ""]
    return job.answer.ended(TurnStatus.COMPLETE, job.text.strip(), "\n".join(filter(None, notes)))


async def admitted(
    job: Job, services: Services, prompt: Sequence[PromptMessage] | None, sampling: SamplingParams
) -> None:
    """The answer has its slot, which is shown: keep with its turn what it is written from, and when that was."""
    await job.live.waiting(0)
    job.answer = replace(
        job.answer,
        prompt=None if prompt is None else tuple(prompt),
        sampling=sampling,
        timings=replace(job.answer.timings, admitted=_since(job, services)),
    )


async def stream(
    job: Job,
    services: Services,
    messages: Sequence[PromptMessage],
    sampling: SamplingParams,
    note: str = "",
    *,
    enough: Callable[[str], bool] | None = None,
) -> Finished:
    """The engine's events into the job, inside a slot: text after what is there, release, token counts and timings.

    Once the text is `enough`, the engine is told to end.
    """
    request = GenerationRequest(
        job.answer.id,
        tuple(messages),
        sampling,
        person=job.asker.key,
        place=job.place.key,
        release=services.releases.chosen_for(job.answer.conversation_id),
    )
    told: dict[str, Any] = {}
    times: dict[str, float] = {}
    try:
        async with aclosing(services.generator.generate(request)) as events:
            async for event in events:
                match event:
                    case Queued(position):
                        await job.live.waiting(position)
                    case Started(release):
                        told["release"] = release
                    case Piece(text):
                        if not job.text:
                            times["first_piece"] = _since(job, services)
                        job.text += text
                        job.live.show(job.text, note)
                        if enough is not None and enough(job.text):
                            await services.generator.cancel(request.id)
                            enough = None
                    case Finished(_, prompt_tokens, completion_tokens):
                        told |= {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens}
                        times["finished"] = _since(job, services)
                        return event
    finally:
        # However it ended; and at once, since a turn has many fields to copy.
        job.answer = replace(job.answer, **told, timings=replace(job.answer.timings, **times))
    raise GenerationError


async def collect(generator: TextGenerator, request: GenerationRequest) -> str:
    """The whole text of a request that nobody watches, inside a slot that the caller holds."""
    pieces = []
    async with aclosing(generator.generate(request)) as events:
        async for event in events:
            if isinstance(event, Piece):
                pieces.append(event.text)
    return "".join(pieces).strip()


def _since(job: Job, services: Services) -> float:
    return round(services.clock.monotonic() - job.started, 4)
