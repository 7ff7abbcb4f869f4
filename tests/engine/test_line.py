"""The line is fair: one from each person in turn."""

from __future__ import annotations

import pytest

from bot.engine.line import Line


def line_of(*items: tuple[str, str]) -> Line[str]:
    line: Line[str] = Line()
    for person, item in items:
        line.add(person, item)
    return line


def drain(line: Line[str]) -> list[str]:
    return [line.pop() for _ in range(len(line))]


def test_people_take_turns_whoever_asked_more():
    line = line_of(("ada", "a1"), ("ada", "a2"), ("ada", "a3"), ("bob", "b1"), ("cy", "c1"), ("bob", "b2"))

    assert list(line) == ["a1", "b1", "c1", "a2", "b2", "a3"]
    assert drain(line) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_the_order_shown_is_the_order_served_when_people_come_in_between():
    line = line_of(("ada", "a1"), ("ada", "a2"), ("bob", "b1"))
    line.pop()
    line.add("cy", "c1")

    assert list(line) == ["b1", "a2", "c1"]
    assert drain(line) == ["b1", "a2", "c1"]


def test_who_has_to_be_served_again_stands_first():
    line = line_of(("ada", "a1"), ("bob", "b1"))
    line.add_first("bob", "b0")

    assert drain(line) == ["b0", "a1", "b1"]


def test_who_leaves_is_not_served():
    line = line_of(("ada", "a1"), ("bob", "b1"))

    assert line.remove("ada", "a1")
    assert not line.remove("ada", "a1")
    assert drain(line) == ["b1"]


def test_an_empty_line_has_nobody_next():
    with pytest.raises(KeyError):
        line_of().pop()
