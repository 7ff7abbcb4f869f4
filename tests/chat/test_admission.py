from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from bot.chat.admission import Admission
from bot.errors import Refused


def _admission(
    *, capacity: int = 1, person: str = "100/minute", place: str = "100/minute", limit: int = 10
) -> Admission:
    return Admission(person_budget=person, place_budget=place, queue_limit=limit, capacity=lambda: capacity)


async def _until_still() -> None:
    """Let everybody take the steps that wait for nobody; however busy the machine, they are few."""
    for _ in range(20):
        await asyncio.sleep(0)


class _Line:
    """People who stand in one line; `served` is the order in which they were."""

    def __init__(self, admission: Admission) -> None:
        self.admission = admission
        self.served: list[str] = []
        self.positions: dict[str, list[int]] = {}

    async def join(self, name: str, person: str, place: str, hold: asyncio.Event) -> None:
        async def hear(position: int) -> None:
            self.positions.setdefault(name, []).append(position)

        async with self.admission.slot(person, place, hear):
            self.served.append(name)
            await hold.wait()


async def test_a_burst_of_one_person_does_not_delay_the_first_request_of_another() -> None:
    line, hold = _Line(_admission()), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for name in ("ana1", "ana2", "ana3", "ben1", "ana4", "cem1"):
            group.create_task(line.join(name, name[:3], name[:3], hold))
            await asyncio.sleep(0)
        hold.set()

    assert line.served == ["ana1", "ben1", "cem1", "ana2", "ana3", "ana4"]


async def test_places_take_turns_too() -> None:
    line, hold = _Line(_admission()), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for name, place in (("a", "busy"), ("b", "busy"), ("c", "busy"), ("d", "quiet")):
            group.create_task(line.join(name, name, place, hold))
            await asyncio.sleep(0)
        hold.set()

    assert line.served == ["a", "d", "b", "c"]


async def test_people_hear_each_new_place_in_line() -> None:
    line = _Line(_admission())
    holds = [asyncio.Event() for _ in range(3)]
    async with asyncio.TaskGroup() as group:
        for number, hold in enumerate(holds):
            group.create_task(line.join(f"p{number}", f"p{number}", "x", hold))
            await _until_still()
        for hold in holds:
            hold.set()
            await _until_still()

    assert line.positions == {"p1": [1], "p2": [2, 1]}


async def test_as_many_are_served_as_the_engine_advances_at_once() -> None:
    line, hold = _Line(_admission(capacity=3)), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(line.join(str(number), str(number), "x", hold))
        await _until_still()
        assert (line.admission.running, line.admission.waiting) == (3, 2)
        hold.set()

    assert (line.admission.running, line.admission.waiting) == (0, 0)


async def test_who_leaves_the_line_frees_their_place() -> None:
    line, hold = _Line(_admission()), asyncio.Event()
    first = asyncio.create_task(line.join("first", "a", "x", hold))
    second = asyncio.create_task(line.join("second", "b", "x", hold))
    third = asyncio.create_task(line.join("third", "c", "x", hold))
    await _until_still()

    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    await _until_still()

    assert line.positions["third"] == [2, 1]
    hold.set()
    await asyncio.gather(first, third)
    assert line.served == ["first", "third"]


async def test_a_full_line_refuses() -> None:
    admission = _admission(limit=1)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(admission.slot("a", "x", _nobody))
        waiting = asyncio.create_task(_hold(admission))
        await _until_still()

        with pytest.raises(Refused, match=r"admission\.full"):
            await stack.enter_async_context(admission.slot("c", "x", _nobody))
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def _nobody(position: int) -> None: ...


async def _hold(admission: Admission) -> None:
    async with admission.slot("b", "x", _nobody):
        await asyncio.Event().wait()


def test_budgets_are_counted_for_each_person_and_each_place() -> None:
    admission = _admission(person="1/minute", place="2/minute")

    admission.spend("ana", "here")
    with pytest.raises(Refused, match=r"person_budget") as refusal:
        admission.spend("ana", "there")
    admission.spend("ben", "here")
    with pytest.raises(Refused, match=r"place_budget"):
        admission.spend("cem", "here")

    assert 1 <= int(str(refusal.value.values["seconds"])) <= 60
