"""Whatever is written and wherever it is cut, nothing that people see is lost, and no part is too long."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.rendering import discord, plain, slack
from adapters.rendering.splitting import split
from tests.rendering.seeing import seen
from tests.rendering.writing_people import MARKDOWN, NOISE

# A table's row that is too wide for a part becomes a list, which repeats the header's words; see test_splitting.
ROOM_FOR_ROWS = 90

FEW_AND_MANY = pytest.mark.parametrize("examples", [20, pytest.param(200, marks=pytest.mark.slow)])


def hold(examples: int, fact: Callable[[str, int], None], texts: st.SearchStrategy[str], *limits: int) -> None:
    """Try a fact on so many texts and limits.

    Derandomized: the same examples at every run. A failure is then the change's, and not the day's.
    """
    config = settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    config(given(texts, st.integers(*limits))(fact))()


@FEW_AND_MANY
def test_parts_of_markdown_lose_nothing_and_fit(examples: int) -> None:
    def fact(text: str, limit: int) -> None:
        parts = split(text, limit)

        assert all(len(part) <= limit for part in parts)
        assert seen(*parts) == seen(text)

    hold(examples, fact, MARKDOWN, ROOM_FOR_ROWS, 400)


@FEW_AND_MANY
def test_parts_of_noise_lose_nothing_and_fit(examples: int) -> None:
    def fact(text: str, limit: int) -> None:
        parts = split(text, limit)

        assert all(len(part) <= limit for part in parts)
        assert seen(*parts) == seen(text)

    hold(examples, fact, NOISE, 50, 120)


@FEW_AND_MANY
def test_another_measure_is_kept_as_well(examples: int) -> None:
    def measure(part: str) -> int:
        return len(part.encode("utf-16-le"))

    def fact(text: str, limit: int) -> None:
        parts = split(text, limit, measure=measure)

        assert all(measure(part) <= limit for part in parts)
        assert seen(*parts) == seen(text)

    hold(examples, fact, st.one_of(MARKDOWN, NOISE), 2 * ROOM_FOR_ROWS, 400)


@FEW_AND_MANY
@pytest.mark.parametrize("messages", [discord.messages, slack.messages, plain.messages])
def test_messages_of_every_dialect_fit_and_say_something(
    messages: Callable[[str, int], list[str]], examples: int
) -> None:
    def fact(text: str, limit: int) -> None:
        for message in messages(text, limit):
            assert len(message) <= limit
            assert message.strip()

    hold(examples, fact, st.one_of(MARKDOWN, NOISE), 50, 400)
