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

# Derandomized: the same examples at every run. A failure is then the change's, and not the day's.
MANY = settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

# A table's row that is too wide for a part becomes a list, which repeats the header's words; see test_splitting.
ROOM_FOR_ROWS = 90


@MANY
@given(MARKDOWN, st.integers(ROOM_FOR_ROWS, 400))
def test_parts_of_markdown_lose_nothing_and_fit(text: str, limit: int) -> None:
    parts = split(text, limit)

    assert all(len(part) <= limit for part in parts)
    assert seen(*parts) == seen(text)


@MANY
@given(NOISE, st.integers(50, 120))
def test_parts_of_noise_lose_nothing_and_fit(text: str, limit: int) -> None:
    parts = split(text, limit)

    assert all(len(part) <= limit for part in parts)
    assert seen(*parts) == seen(text)


@MANY
@given(st.one_of(MARKDOWN, NOISE), st.integers(2 * ROOM_FOR_ROWS, 400))
def test_another_measure_is_kept_as_well(text: str, limit: int) -> None:
    parts = split(text, limit, measure=lambda part: len(part.encode("utf-16-le")))

    assert all(len(part.encode("utf-16-le")) <= limit for part in parts)
    assert seen(*parts) == seen(text)


@pytest.mark.parametrize("messages", [discord.messages, slack.messages, plain.messages])
@MANY
@given(text=st.one_of(MARKDOWN, NOISE), limit=st.integers(50, 400))
def test_messages_of_every_dialect_fit_and_say_something(
    messages: Callable[[str, int], list[str]], text: str, limit: int
) -> None:
    for message in messages(text, limit):
        assert len(message) <= limit
        assert message.strip()
