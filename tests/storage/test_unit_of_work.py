from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.domain.preferences import Preference, PreferenceName
from bot.errors import DatabaseLocked, StorageError
from bot.ports import UnitOfWorkFactory
from storage import engines
from storage.database import Database
from storage.lending import OTHERS_BETWEEN
from storage.unit_of_work import SqlUnitOfWorkFactory
from tests.storage.builders import ADA, NOW, PLACE, answer, new_id, question, verdict

OWNER, NAME = "counter", PreferenceName.LEARNING
NEVER_STORED = answer(question("nowhere"))


def choice(value: object) -> Preference:
    return Preference(OWNER, NAME, str(value), ADA.key, NOW)


async def value_of(units: UnitOfWorkFactory) -> str | None:
    async with units.reading() as uow:
        stored = await uow.preferences.get(OWNER, NAME)
    return None if stored is None else stored.value


async def put(units: UnitOfWorkFactory, value: object) -> None:
    async with units() as uow:
        await uow.preferences.put(choice(value))


async def increment(units: UnitOfWorkFactory) -> None:
    """Read, then write what was read plus one."""
    async with units() as uow:
        stored = await uow.preferences.get(OWNER, NAME)
        await uow.preferences.put(choice(int(stored.value) + 1 if stored else 1))


@asynccontextmanager
async def another_process(url: str) -> AsyncIterator[SqlUnitOfWorkFactory]:
    """Units of work on connections of their own, as another process has them."""
    database = Database(url)
    yield SqlUnitOfWorkFactory(database)
    await database.close()


async def test_two_hundred_concurrent_increments_all_survive(units: UnitOfWorkFactory) -> None:
    await asyncio.gather(*(increment(units) for _ in range(200)))
    assert await value_of(units) == "200"


async def test_concurrent_increments_by_two_processes_all_survive(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Between processes SQLite does not queue but tries again: who is unlucky waits long.
    monkeypatch.setattr(engines, "BUSY_TIMEOUT", 60.0)
    async with another_process(url) as units, another_process(url) as others:
        await asyncio.gather(*(increment(each) for _ in range(50) for each in (units, others)))
        assert await value_of(units) == "100"


async def test_a_block_that_raises_leaves_nothing_behind(units: UnitOfWorkFactory) -> None:
    async def fail() -> None:
        async with units() as uow:
            await uow.preferences.put(choice("on"))
            raise FileNotFoundError("the caller's own")

    with pytest.raises(FileNotFoundError, match="the caller's own"):
        await fail()
    assert await value_of(units) is None


async def test_after_a_failed_statement_nothing_is_kept_even_if_the_error_was_swallowed(
    units: UnitOfWorkFactory,
) -> None:
    async def swallow() -> None:
        async with units() as uow:
            await uow.preferences.put(choice("on"))
            with pytest.raises(StorageError):
                await uow.ratings.put(verdict(NEVER_STORED))
            with pytest.raises(StorageError):
                await uow.preferences.put(choice("off"))

    with pytest.raises(StorageError):
        await swallow()
    assert await value_of(units) is None
    await put(units, "on")
    assert await value_of(units) == "on"


async def test_a_unit_that_fails_as_it_is_committed_does_not_take_those_behind_it_along(
    units: UnitOfWorkFactory,
) -> None:
    async def fail() -> None:
        async with units() as uow:
            await uow.turns.add(NEVER_STORED)

    outcomes = await asyncio.gather(
        *(each for _ in range(10) for each in (fail(), increment(units))), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes[::2]] == [StorageError] * 10
    assert outcomes[1::2] == [None] * 10
    assert await value_of(units) == "10"


async def test_an_error_does_not_tell_what_was_to_be_stored(units: UnitOfWorkFactory) -> None:
    with pytest.raises(StorageError) as caught:
        async with units() as uow:
            await uow.ratings.put(verdict(NEVER_STORED, reason="a secret"))
    assert "a secret" not in f"{caught.value} {caught.value.__cause__}"


async def test_a_cancelled_block_leaves_nothing_behind_and_nothing_locked(units: UnitOfWorkFactory) -> None:
    inside = asyncio.Event()

    async def write_for_ever() -> None:
        async with units() as uow:
            await uow.preferences.put(choice("half"))
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write_for_ever())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await value_of(units) is None
    await put(units, "whole")
    assert await value_of(units) == "whole"


async def test_writers_cancelled_while_they_wait_do_not_hold_up_the_others(units: UnitOfWorkFactory) -> None:
    tasks = [asyncio.create_task(increment(units)) for _ in range(20)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert results[1::2] == [None] * 10
    assert int(await value_of(units) or 0) >= 10


async def test_a_reader_cannot_write(units: UnitOfWorkFactory) -> None:
    with pytest.raises(StorageError, match="can only be read"):
        async with units.reading() as uow:
            await uow.preferences.put(choice("on"))
    assert await value_of(units) is None


async def test_a_reader_does_not_wait_for_a_writer_and_sees_one_state(units: UnitOfWorkFactory) -> None:
    await put(units, "before")
    async with units.reading() as reader:
        async with units() as writer:
            await writer.preferences.put(choice("after"))
            assert await value_of(units) == "before"
            first = await reader.preferences.get(OWNER, NAME)
        assert await value_of(units) == "after"
        assert await reader.preferences.get(OWNER, NAME) == first == choice("before")


async def test_a_database_held_by_another_program_is_reported_and_usable_afterwards(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "BUSY_TIMEOUT", 0.1)
    monkeypatch.setattr(engines, "QUEUE_TIMEOUT", 0.1)
    async with another_process(url) as units, another_process(url) as others:
        async with others() as uow:
            await uow.preferences.put(choice("theirs"))
            with pytest.raises(DatabaseLocked, match="held by another program"):
                await put(units, "ours")
        await put(units, "ours")
        assert await value_of(others) == "ours"


async def test_a_unit_of_work_opened_within_another_fails_instead_of_waiting_for_ever(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "QUEUE_TIMEOUT", 0.1)
    async with another_process(url) as units, units():
        with pytest.raises(DatabaseLocked):
            await put(units, "inner")


async def test_a_conversation_and_its_turns_are_kept_together_or_not_at_all(units: UnitOfWorkFactory) -> None:
    async def store_one_id_twice() -> None:
        async with units() as uow:
            conversation = await uow.turns.conversation_of(PLACE, new_id, NOW)
            asked = question(conversation.id)
            await uow.turns.add(asked, answer(asked), answer(asked, id=asked.id))

    with pytest.raises(StorageError):
        await store_one_id_twice()
    async with units.reading() as uow:
        assert await uow.turns.find_conversation(PLACE) is None


@asynccontextmanager
async def everyone_waits(units: UnitOfWorkFactory) -> AsyncIterator[None]:
    """A writer who is at work until the others have come."""
    at_work, may_end = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        async with units():
            at_work.set()
            await may_end.wait()

    working = asyncio.create_task(work())
    await at_work.wait()
    yield
    await asyncio.sleep(0)
    may_end.set()
    await working


async def test_who_accepts_goes_ahead_of_those_who_wait_to_write(units: UnitOfWorkFactory) -> None:
    order: list[str] = []

    async def write(name: str) -> None:
        async with units.accepting() if name == "accept" else units():
            order.append(name)

    async with asyncio.TaskGroup() as group, everyone_waits(units):
        for name in (*["answer"] * 20, "accept"):
            group.create_task(write(name))

    assert order.index("accept") == 0


async def test_a_flood_of_events_does_not_keep_the_others_from_writing(units: UnitOfWorkFactory) -> None:
    order: list[str] = []

    async def write(name: str) -> None:
        async with units.accepting() if name == "accept" else units():
            order.append(name)

    async with asyncio.TaskGroup() as group, everyone_waits(units):
        for name in (*["accept"] * 5, *["answer"] * 20):
            group.create_task(write(name))

    assert order == ["accept", *["answer"] * OTHERS_BETWEEN] * 5


async def test_who_is_called_away_from_the_line_holds_nobody_up(units: UnitOfWorkFactory) -> None:
    async def write() -> str:
        async with units.accepting():
            return "written"

    async with everyone_waits(units):
        first, second, third = (asyncio.create_task(write()) for _ in range(3))
        await asyncio.sleep(0)
        second.cancel()

    assert await asyncio.gather(first, third) == ["written", "written"]
    assert second.cancelled()
