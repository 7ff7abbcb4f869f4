"""Markdown as plain text, and the characters that reach a reader."""

from __future__ import annotations

import pytest

from adapters.rendering.characters import preview, printable, width
from adapters.rendering.plain import messages, render


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("# Title\n\nSome **bold** words", "Title\n\nSome bold words"),
        ("line one\nline two", "line one\nline two"),
        ("| who |\n|---|\n| [Ana](https://a.example) |", "- who: Ana (https://a.example)"),
        ("1. a\n2. b\n   - c", "1. a\n2. b\n   - c"),
        ("> quoted\n> words", "> quoted\n> words"),
        ("```py\nif x:\n    y\n```", "if x:\n    y"),
        ("[docs](https://a.b)", "docs (https://a.b)"),
        ("https://a.b and <https://c.d>", "https://a.b and https://c.d"),
        ("[a@b.c](mailto:a@b.c)", "a@b.c"),
        ("![cat](c.png) ![](d.png)", "cat (c.png) d.png"),
        ("| a | b |\n|---|---|\n| 你 | d |", "a  │ b\n───┼──\n你 │ d"),
        ("AT&amp;T &copy; 5 < 6", "AT&T © 5 < 6"),
    ],
)
def test_words_remain_and_signs_go(markdown: str, shown: str) -> None:
    assert render(markdown) == shown


@pytest.mark.parametrize("evil", ["\x1b[2J", "&#27;[2J", "\x9b2J", "&#x9b;2J", "\u202eabc", "a\x00b", "\ud800"])
def test_nothing_that_moves_a_cursor_or_turns_the_text_around_is_shown(evil: str) -> None:
    shown = render(f"before {evil} after")

    assert shown.isprintable()
    assert shown.startswith("before ")
    assert shown.endswith("after")


def test_printable_text_keeps_lines_tabs_and_joined_emoji() -> None:
    assert printable("a\tb\r\nc\rd 👨‍👩‍👧 e\u0301") == "a\tb\nc\nd 👨‍👩‍👧 e\u0301"


def test_a_preview_is_one_line_and_never_cuts_a_character() -> None:
    assert preview("two\nlines", 20) == "two lines"
    assert preview("👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧", 2) == "👨‍👩‍👧…"
    assert preview("一二三四五", 4) == "一二三…"


def test_chinese_and_emoji_take_two_columns() -> None:
    assert [width(text) for text in ("ab", "中文", "👍", "e\u0301")] == [2, 4, 2, 1]


def test_long_text_comes_in_parts() -> None:
    assert messages("one two three " * 10, 50) == [
        "one two three one two three one two three one two",
        *messages("three " + "one two three " * 6, 50),
    ]
