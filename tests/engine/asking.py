"""Small words for tests that ask an engine."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Sequence

from bot.domain.generation import (
    Finished,
    GenerationEvent,
    GenerationRequest,
    Piece,
    PromptMessage,
    Queued,
    Role,
    SamplingParams,
    Started,
)

_numbers = itertools.count(1)

GREEDY = SamplingParams(max_tokens=100, temperature=0.0)


def user(text: str) -> PromptMessage:
    return PromptMessage(Role.USER, text)


def assistant(text: str) -> PromptMessage:
    return PromptMessage(Role.ASSISTANT, text)


def system(text: str) -> PromptMessage:
    return PromptMessage(Role.SYSTEM, text)


def ask(
    *messages: PromptMessage, sampling: SamplingParams = GREEDY, person: str = "ada", place: str = "general"
) -> GenerationRequest:
    return GenerationRequest(f"request-{next(_numbers)}", messages, sampling, person, place)


async def collect(events: AsyncIterator[GenerationEvent]) -> list[GenerationEvent]:
    return [event async for event in events]


def text_of(events: Sequence[GenerationEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Piece))


def end_of(events: Sequence[GenerationEvent]) -> Finished:
    last = events[-1]
    assert isinstance(last, Finished)
    return last


def shape_of(events: Sequence[GenerationEvent]) -> str:
    """The order of events as letters: Q(ueued), S(tarted), P(iece), F(inished)."""
    letters = {Queued: "Q", Started: "S", Piece: "P", Finished: "F"}
    return "".join(letters[type(event)] for event in events)
