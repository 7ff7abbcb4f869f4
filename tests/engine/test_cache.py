"""Slots and kept prefixes: no model, only numbers."""

from __future__ import annotations

import itertools
import random

import torch

from bot.engine.cache import Prefixes, Slots, Traces, capacity_for


def test_capacities_are_powers_of_two():
    assert [capacity_for(tokens) for tokens in (1, 128, 129, 256, 1000)] == [128, 128, 256, 256, 1024]


def test_slots_of_one_capacity_lie_side_by_side():
    slots = Slots(4096, 1024)

    assert [slots.take(200).start for _ in range(4)] == [0, 256, 512, 768]


def test_there_is_room_for_one_of_the_largest_whatever_the_budget():
    slots = Slots(10, 1000)

    assert slots.places == 1024
    assert slots.take(1000) is not None
    assert slots.take(1) is None


def test_slots_never_overlap_and_come_back_whole():
    slots, taken, dice = Slots(4096, 2048), [], random.Random(1)
    for _ in range(2000):
        if dice.random() < 0.5 and (slot := slots.take(dice.randint(1, 2048))):
            taken.append(slot)
        elif taken:
            slots.give(taken.pop(dice.randrange(len(taken))))
        used = sorted((slot.start, slot.start + slot.capacity) for slot in taken)
        assert all(end <= start for (_, end), (start, _) in itertools.pairwise(used))
    for slot in taken:
        slots.give(slot)

    assert [slots.take(2048).start for _ in range(2)] == [0, 2048]


def keep(prefixes: Prefixes, text: str, owner: str = "base") -> list[int]:
    """Keep a text whose every token's value is the token itself; the places that had to be read."""
    tokens, read = [ord(letter) for letter in text], []

    def values(start: int, end: int) -> torch.Tensor:
        read.extend(range(start, end))
        return torch.tensor([tokens[start:end]])

    prefixes.keep(owner, tokens, values)
    return read


def find(prefixes: Prefixes, text: str, owner: str = "base") -> str:
    pieces = prefixes.find(owner, [ord(letter) for letter in text])
    return "".join(chr(value) for piece in pieces for value in piece[0].tolist())


def test_the_longest_common_prefix_is_found():
    prefixes = Prefixes(100)
    keep(prefixes, "system: hello")
    keep(prefixes, "system: help")

    assert find(prefixes, "system: help me") == "system: help"
    assert find(prefixes, "system: hello") == "system: hello"
    assert find(prefixes, "system: he") == "system: he"
    assert find(prefixes, "sister") == "s"
    assert find(prefixes, "other") == ""


def test_what_is_shared_is_kept_once():
    prefixes = Prefixes(100)
    keep(prefixes, "system: hello")

    assert keep(prefixes, "system: help") == [11]
    assert keep(prefixes, "system: help") == []
    assert prefixes.kept == len("system: hello") + 1


def test_the_least_recently_used_goes_first():
    prefixes = Prefixes(9)
    for text in ("aaa", "bbb", "ccc"):
        keep(prefixes, text)
    find(prefixes, "aaa")
    keep(prefixes, "ddd")

    assert [find(prefixes, text * 3) for text in "abcd"] == ["aaa", "", "ccc", "ddd"]
    assert prefixes.kept == 9


def test_a_text_over_the_budget_is_kept_as_far_as_it_fits():
    prefixes = Prefixes(4)
    keep(prefixes, "abcdefgh")

    assert find(prefixes, "abcdefgh") == "abcd"


def test_whatever_is_kept_the_budget_holds_and_what_is_found_is_right():
    prefixes, dice = Prefixes(60), random.Random(2)
    for _ in range(2000):
        text = "".join(dice.choice("ab") for _ in range(dice.randint(1, 80)))
        keep(prefixes, text)
        assert prefixes.kept <= 60
        assert find(prefixes, text) == text[:60]


def test_a_trace_is_what_still_lies_there():
    """Texts come and go in a memory of letters; each finds no more of itself than is there, and often something."""
    slots, traces, dice = Slots(2048, 512), Traces(), random.Random(3)
    memory, found, running = [""] * slots.places, 0, []
    for _ in range(3000):
        owner, length = dice.choice("xy"), dice.randint(1, 500)
        text = [*(f"{owner}{letter}" for letter in ("ab" * 250)[:length]), "end"]
        if dice.random() < 0.5 and (slot := slots.take(len(text))):
            there = traces.enter(owner, slot, text)
            assert memory[slot.start : slot.start + there] == text[:there]
            memory[slot.start : slot.start + len(text)] = text
            found += there
            running.append((owner, slot, text))
        elif running:
            owner, slot, text = running.pop(dice.randrange(len(running)))
            computed = dice.randint(0, len(text))
            memory[slot.start + computed : slot.start + slot.capacity] = ["?"] * (slot.capacity - computed)
            slots.give(slot)
            traces.leave(owner, slot, text[:computed])

    assert found > 10_000


def test_a_trace_is_its_owners_and_gone_with_them():
    slots, traces = Slots(128, 128), Traces()
    slot = slots.take(3)
    traces.leave("base", slot, [1, 2, 3])
    assert traces.enter("tuned", slot, [1, 2, 3]) == 0
    traces.leave("base", slot, [1, 2, 3])
    traces.forget("tuned")
    assert traces.enter("base", slot, [1, 2, 4]) == 2
    assert traces.enter("base", slot, [1, 2, 4]) == 0

    traces.leave("base", slot, [1, 2, 3])
    traces.forget("base")
    assert traces.enter("base", slot, [1, 2, 3]) == 0
