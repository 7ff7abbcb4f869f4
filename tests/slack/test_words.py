"""Slack's marks become text, and text pings nobody, whatever of it has been shown so far."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.lines import LINES
from adapters.slack.words import fallback, parts_of, people_in, read, settled, silent
from tests.servers.slack.text import pinged_by_markdown, pinged_by_mrkdwn


@pytest.mark.parametrize(
    ("typed", "seen"),
    [
        ("<@U1> hello", "hello"),
        ("<@U1|inkling>: hello", "hello"),
        ("hello <@U1>", "hello"),
        ("ask <@U1> about it", "ask @Inkling about it"),
        ("<@U1>，你好", "你好"),
        ("<@U2> and <@U9|zoe>", "@Ana and @zoe"),
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("<https://a.example/x?y=1&amp;z=2>", "https://a.example/x?y=1&z=2"),
        ("<http://a.example|a.example>", "a.example"),
        ("<https://a.example|the page>", "the page (https://a.example)"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("<#C1|general> <!here> <!subteam^S1|@team> <!date^1^{date}|Monday>", "#general @here @team Monday"),
    ],
)
def test_slacks_marks_are_read_as_people_see_them(typed: str, seen: str) -> None:
    assert read(typed, {"U1": "Inkling", "U2": "Ana"}, "U1") == seen


def test_people_are_found_in_a_text() -> None:
    assert people_in("<@U1> and <@W2|ben> and <#C3>") == {"U1", "W2"}


_PINGING = st.lists(
    st.sampled_from(
        ["<", "!channel>", "<!here>", "<@U0123>", "@", "everyone", "@here", " ", "`", "\\", "<!", "a", "字"]
    ),
    max_size=12,
).map("".join)


@given(_PINGING)
def test_silent_text_notifies_nobody(text: str) -> None:
    assert pinged_by_markdown(silent(text)) == set()
    assert pinged_by_mrkdwn(silent(text)) == set()
    assert pinged_by_mrkdwn(fallback(text)) == set()


@given(_PINGING, _PINGING)
def test_what_was_streamed_is_how_the_whole_begins(begun: str, rest: str) -> None:
    assert silent(begun + rest).startswith(settled(begun))


async def test_a_text_that_fits_is_one_part_as_it_was_written() -> None:
    assert await parts_of("a *b*\n") == ["a *b*\n"]
    assert await parts_of("  \n") == []


def test_every_line_exists_in_both_languages() -> None:
    for text in LINES.values():
        assert text.en.strip()
        assert text.zh.strip()
