from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.chat.digests import make_due_digests
from bot.domain.conversation import TurnStatus
from bot.domain.messages import HistoryMessage, MessageRef
from bot.domain.places import Place, PlaceKind, Platform
from bot.engine.scripted import ScriptedGenerator
from bot.errors import DeliveryError, EngineDown
from bot.ports import FoundPlace
from tests.houses import ANA, CHANNEL, LIN, FakeClock, House, open_house
from tests.platforms import FakePlatform


@pytest.fixture(autouse=True)
def _ana_is_admin(request: pytest.FixtureRequest) -> None:
    if "house" in request.fixturenames:
        request.getfixturevalue("house").platform.admins.update({ANA.key, LIN.key})


def _said(house: House, text: str, author: str = "Ben", ago: timedelta = timedelta()) -> None:
    number = len(house.platform.past)
    ref = MessageRef(Platform.DISCORD, CHANNEL.channel, f"h{number}")
    at = house.clock.now() - ago
    house.platform.past.insert(0, HistoryMessage(ref, author, text, at, link=f"https://chat.example/{number}"))


async def _round(house: House) -> list[str]:
    """The texts that a round posts."""
    before = len(house.platform.sent)
    await make_due_digests(house.services, house.core.announce)
    while house.core._tasks:
        await next(iter(house.core._tasks.values()))
    return house.platform.sent[before:]


async def test_a_digest_is_posted_at_its_hour_and_once(house: House) -> None:
    ordered = await house.call("digest", place=CHANNEL, every="daily", at="9:00", timezone="europe/berlin")
    _said(house, "We ship on Monday")
    house.clock.time = datetime(2026, 11, 23, 7, 59, tzinfo=UTC)
    early = await _round(house)
    house.clock.time = datetime(2026, 11, 23, 8, 1, tzinfo=UTC)
    due = await _round(house)
    again = await _round(house)

    assert "2026-11-23 09:00 (Europe/Berlin)" in ordered.text
    assert early == again == []
    assert len(due) == 1
    assert due[0].startswith("**Digest: 2026-11-22 13:00 to 2026-11-22 13:00**\n\nFine.")
    assert "Covers 1 messages" in due[0]


async def test_a_digest_quotes_nobody_and_links_to_the_key_messages(house: House) -> None:
    await house.call("digest", place=CHANNEL, every="daily")
    for number in range(4):
        _said(house, f"the swordfish release is planned for week {number}")
    house.clock.forward(timedelta(days=1))

    (posted,) = await _round(house)

    assert "swordfish" not in posted
    assert "](https://chat.example/" in posted


async def test_missed_digests_are_one_and_survive_a_restart(tmp_path: Path) -> None:
    clock, platform = FakeClock(), FakePlatform(admins={ANA.key})
    async with open_house(tmp_path, clock=clock, platform=platform) as house:
        await house.call("digest", place=CHANNEL, every="daily", at="9:00")
        _said(house, "one thing")
    clock.forward(timedelta(days=5))
    async with open_house(tmp_path, clock=clock, platform=platform) as house:
        _said(house, "another thing", ago=timedelta(days=2))
        posted = [*await _round(house), *await _round(house)]

    assert len(posted) == 1
    assert "Covers 2 messages" in posted[0]


async def test_a_digest_that_was_said_is_not_said_again_though_its_order_did_not_hear_of_it(house: House) -> None:
    await house.call("digest", place=CHANNEL, every="daily")
    _said(house, "one thing")
    house.clock.forward(timedelta(days=1))
    async with house.services.units.reading() as uow:
        (order,) = await uow.preferences.of_name("digest")  # type: ignore[arg-type]
    first = await _round(house)
    async with house.services.units() as uow:
        await uow.preferences.put(order)

    assert len(first) == 1
    assert await _round(house) == []


async def test_the_next_digest_tells_what_the_last_did_not(house: House) -> None:
    await house.call("digest", place=CHANNEL, every="daily", at="12:00")
    _said(house, "first day")
    house.clock.forward(timedelta(days=1))
    await _round(house)
    house.clock.forward(timedelta(hours=1))
    _said(house, "second day")
    house.clock.forward(timedelta(days=1))

    await _round(house)

    asked = house.generator.requests[-1].messages[-1].content
    assert "second day" in asked
    assert "first day" not in asked


async def test_where_nothing_was_said_nothing_is_posted(house: House) -> None:
    await house.call("digest", place=CHANNEL, every="daily")
    house.clock.forward(timedelta(days=1))

    assert await _round(house) == []


async def test_digests_of_ones_own_are_no_talk(house: House) -> None:
    await house.call("digest", place=CHANNEL, every="daily")
    _said(house, "one thing")
    house.clock.forward(timedelta(days=1))
    (posted,) = await _round(house)
    ref = MessageRef(Platform.DISCORD, CHANNEL.channel, "own")
    house.platform.past.insert(0, HistoryMessage(ref, "Inkling", posted, house.clock.now(), by_bot=True))

    await house.call("summarize", place=CHANNEL)

    assert "Digest:" not in house.generator.requests[-1].messages[-1].content


async def test_a_digest_waits_for_an_engine_that_is_down(house: House) -> None:
    await house.call("digest", place=CHANNEL, every="daily")
    _said(house, "one thing")
    house.clock.forward(timedelta(days=1))
    house.generator.enqueue(EngineDown())

    assert await _round(house) == []
    assert len(await _round(house)) == 1


@dataclass
class _Closed(FakePlatform):
    """A place that is gone."""

    async def history(self, place: Place, *, limit: int) -> AsyncGenerator[HistoryMessage, None]:
        raise DeliveryError("404", retryable=False)
        yield


async def test_a_place_that_is_gone_keeps_nobody_busy(tmp_path: Path) -> None:
    generator = ScriptedGenerator(lambda request: "Fine.")
    async with open_house(tmp_path, generator=generator, platform=_Closed(admins={ANA.key})) as house:
        await house.call("digest", place=CHANNEL, every="daily")
        house.clock.forward(timedelta(days=1))

        assert await _round(house) == []
        assert generator.requests == []


async def test_an_order_is_shown_changed_and_ended(house: House) -> None:
    none = await house.call("digest", place=CHANNEL)
    ana = replace(ANA, timezone="Asia/Tokyo")
    await house.call("digest", by=ana, place=CHANNEL, every="weekly", day="friday", at="5 pm")
    shown = await house.call("digest", by=LIN, place=CHANNEL)
    off = await house.call("digest", place=CHANNEL, every="off")
    house.clock.forward(timedelta(days=30))

    assert none.status is TurnStatus.REFUSED
    assert "2026-11-27 17:00（Asia/Tokyo）" in shown.text
    assert "No digest" in off.text
    assert await _round(house) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"every": "daily", "at": "25:00"}, "no time of day"),
        ({"every": "daily", "at": "soon"}, "no time of day"),
        ({"every": "daily", "timezone": "Mars/Base"}, "do not know the time zone"),
        ({"every": "hourly"}, "not a choice"),
    ],
)
async def test_a_wrong_order_is_refused_with_what_to_do(house: House, options: dict[str, str], words: str) -> None:
    answer = await house.call("digest", place=CHANNEL, **options)

    assert answer.status is TurnStatus.REFUSED
    assert words in answer.text


async def test_only_admins_order_digests(house: House) -> None:
    house.platform.admins.clear()

    answer = await house.call("digest", place=CHANNEL, every="daily")

    assert answer.status is TurnStatus.REFUSED
    assert "Only admins" in answer.text


async def test_a_digest_is_sent_to_who_ordered_it_while_they_may_read_the_place(house: House) -> None:
    house.platform.channels = {"<#general>": FoundPlace("general", CHANNEL)}
    ordered = await house.call("digest", place=CHANNEL, every="daily", to="me")
    _said(house, "We ship on Monday")
    house.clock.forward(timedelta(days=1))
    (sent,) = await _round(house)
    place = house.platform.finished[-1].target.place

    house.platform.barred.add(ANA.key)
    _said(house, "We ship on Tuesday")
    house.clock.forward(timedelta(days=1))

    assert ordered.text.startswith("What is said here is summed up and sent to you.")
    assert (place.channel, place.kind) == ("dm-1", PlaceKind.DIRECT)
    assert sent.startswith("**Digest: ")
    assert "(#general)**" in sent
    assert await _round(house) == []


async def test_where_there_are_no_direct_messages_a_digest_is_not_sent(house: House) -> None:
    house.platform.has_direct = False
    refused = await house.call("digest", place=CHANNEL, every="daily", to="me")

    assert refused.status is TurnStatus.REFUSED
    assert refused.text.startswith("I cannot send you direct messages here.")
