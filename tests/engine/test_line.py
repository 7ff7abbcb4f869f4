"""The line is fair: one from each person in turn, and of people who came together one from each place."""

from __future__ import annotations

import random

import pytest

from bot.engine.line import Line


def line_of(*items: tuple[str, str, str]) -> Line[str]:
    line: Line[str] = Line()
    for person, place, item in items:
        line.add(person, place, item)
    return line


def drain(line: Line[str]) -> list[str]:
    return [line.pop() for _ in range(len(line))]


def test_people_take_turns_whoever_asked_more():
    asked = [("ada", "a1"), ("ada", "a2"), ("ada", "a3"), ("bob", "b1"), ("cy", "c1"), ("bob", "b2")]
    line = line_of(*((person, "general", item) for person, item in asked))

    assert list(line) == ["a1", "b1", "c1", "a2", "b2", "a3"]
    assert drain(line) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_places_take_turns_however_many_ask_in_one():
    busy = [(person, "busy", person) for person in ("x1", "x2", "x3", "x4")]
    line = line_of(*busy, ("y1", "quiet", "y1"), ("y2", "quiet", "y2"), ("z1", "dm", "z1"))

    assert list(line) == ["x1", "y1", "z1", "x2", "y2", "x3", "x4"]
    assert drain(line) == ["x1", "y1", "z1", "x2", "y2", "x3", "x4"]


def test_who_asks_in_many_places_is_one_person():
    line = line_of(("ada", "p", "a1"), ("ada", "q", "a2"), ("ada", "r", "a3"), ("bob", "p", "b1"))

    assert drain(line) == ["a1", "b1", "a2", "a3"]


def test_the_order_shown_is_the_order_served_when_people_come_in_between():
    line = line_of(("ada", "p", "a1"), ("ada", "p", "a2"), ("bob", "p", "b1"))
    line.pop()
    line.add("cy", "p", "c1")

    assert list(line) == ["b1", "a2", "c1"]
    assert drain(line) == ["b1", "a2", "c1"]


def test_nobody_waits_for_ever_however_many_come_after():
    line = line_of(("ada", "p", "a1"), ("ada", "p", "a2"))
    served = []
    for number in range(5):
        line.add(f"new{number}", f"place{number}", f"n{number}")
        served.append(line.pop())

    assert served.index("a2") == 2


def test_the_order_shown_is_always_the_order_served():
    """Whoever comes and leaves; the dice are fixed, and so is what they show."""
    dice = random.Random(7)
    for _ in range(200):
        line: Line[str] = Line()
        for number in range(dice.randrange(1, 15)):
            line.add(f"person{dice.randrange(4)}", f"place{dice.randrange(3)}", str(number))
            if dice.randrange(3) == 0:
                line.pop()
            elif dice.randrange(4) == 0:
                line.remove(dice.choice(list(line)))
        assert list(line) == drain(line)


def test_who_has_to_be_served_again_stands_first():
    line = line_of(("ada", "p", "a1"), ("bob", "p", "b1"))
    line.add_first("b0")

    assert list(line) == ["b0", "a1", "b1"]
    assert drain(line) == ["b0", "a1", "b1"]


def test_who_leaves_is_not_served():
    line = line_of(("ada", "p", "a1"), ("bob", "p", "b1"))
    line.add_first("a0")

    assert line.remove("a1")
    assert not line.remove("a1")
    assert line.remove("a0")
    assert drain(line) == ["b1"]


def test_an_empty_line_has_nobody_next():
    with pytest.raises(IndexError):
        line_of().pop()
