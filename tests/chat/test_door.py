"""Events that come at the same time are stored together, and none of them is another's misfortune."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.chat import door
from bot.errors import DiskFull
from storage.database import Database
from storage.unit_of_work import SqlUnitOfWorkFactory
from tests.houses import ANA, BEN, CHANNEL, DIRECT, House, open_house


@pytest.fixture
def transactions(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One element for each transaction that took events in."""
    opened: list[None] = []
    accepting = SqlUnitOfWorkFactory.accepting

    def count(units: SqlUnitOfWorkFactory) -> Any:
        opened.append(None)
        return accepting(units)

    monkeypatch.setattr(SqlUnitOfWorkFactory, "accepting", count)
    return opened


@pytest.fixture
def trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    """An event about trouble cannot be stored."""
    store = door.store

    async def refuse(ask: Any, *given: Any, **more: Any) -> Any:
        if "trouble" in ask.text:
            raise DiskFull("No room for that.")
        return await store(ask, *given, **more)

    monkeypatch.setattr(door, "store", refuse)


async def at_once(house: House, *asks: Any) -> list[Any]:
    """What each event came to, when all come at the same time; an error where there was one."""
    return await asyncio.gather(*map(house.core.accept, asks), return_exceptions=True)


async def test_events_of_many_places_at_once_are_few_transactions(tmp_path: Path, transactions: list[None]) -> None:
    async with open_house(tmp_path) as house:
        asks = [
            house.message(f"Question {number}", place=replace(CHANNEL, channel=str(number))) for number in range(20)
        ]
        taken = await at_once(house, *asks)
        for accepted in taken:
            await house.settled(accepted.answer.id)

    assert [accepted.question.text for accepted in taken] == [ask.text for ask in asks]
    assert len(transactions) <= 3


async def test_of_two_messages_at_once_in_one_place_the_second_goes_on_from_the_first(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        first, second, elsewhere = await at_once(
            house, house.message("One"), house.message("Two", by=BEN), house.message("Three", place=CHANNEL)
        )
        for accepted in (first, second, elsewhere):
            await house.settled(accepted.answer.id)

    assert second.question.parent_id == first.answer.id
    assert second.question.conversation_id == first.question.conversation_id
    assert elsewhere.question.parent_id is None


async def test_an_event_and_its_repeat_at_once_are_one(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        ask = house.message("Hello", by=ANA, place=DIRECT)
        first, *repeats = await at_once(house, ask, ask, ask)
        await house.settled(first.answer.id)
        answers = await house.platform.answers()

    assert repeats == [None, None]
    assert len(answers) == 1


@pytest.mark.usefixtures("trouble")
async def test_an_event_that_cannot_be_stored_keeps_no_other_out(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        first, second, third = await at_once(
            house, house.message("One"), house.message("trouble"), house.message("Three", place=CHANNEL)
        )
        for accepted in (first, third):
            await house.settled(accepted.answer.id)
        pending = await house.pending()

    assert isinstance(second, DiskFull)
    assert pending == 0


@pytest.mark.usefixtures("trouble")
async def test_after_an_event_that_could_not_be_stored_the_next_one_is(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        with pytest.raises(DiskFull):
            await house.core.accept(house.message("trouble"))

        answer = await house.ask("Hello")

    assert answer.text


async def test_everyone_in_line_is_told_when_the_storage_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Database, *, ahead: bool = False) -> Any:
        raise DiskFull("No room for anything.")

    async with open_house(tmp_path) as house:
        with monkeypatch.context() as patched:
            patched.setattr(Database, "writing", refuse)
            told = await at_once(house, house.message("One"), house.message("Two", place=CHANNEL))
        answer = await house.ask("Three")

    assert [type(error) for error in told] == [DiskFull, DiskFull]
    assert answer.text
