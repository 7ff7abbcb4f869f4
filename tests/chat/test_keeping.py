"""What is read back, what is shown on the dashboard, and what goes by age."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bot.chat.retention import expire
from bot.domain.messages import Picture, RateReply
from bot.domain.places import Platform
from bot.domain.ratings import RatingSource, Verdict
from tests.houses import ANA, BEN, CHANNEL, DIRECT, House, open_house


async def test_places_are_listed_with_the_latest_talk_first(house: House) -> None:
    await house.ask("one", place=CHANNEL)
    await house.ask("two", place=DIRECT)
    await house.ask("three", place=CHANNEL)

    assert [place.key for place in await house.core.reading.places(Platform.DISCORD)] == [CHANNEL.key, DIRECT.key]
    assert await house.core.reading.places(Platform.WEB) == []


async def test_turns_are_read_in_pages_from_the_newest(house: House) -> None:
    for number in range(3):
        await house.ask(f"question {number}")

    newest = await house.core.reading.turns(DIRECT, ANA, limit=2)
    older = await house.core.reading.turns(DIRECT, ANA, before=newest[0].turn.id, limit=10)

    assert [view.turn.text for view in newest] == ["question 2", "Fine."]
    assert [view.turn.text for view in older] == ["question 0", "Fine.", "question 1", "Fine."]


async def test_the_dashboard_counts_what_happened(house: House) -> None:
    answer = await house.ask("Hello")
    for person, verdict in ((ANA, Verdict.GOOD), (BEN, Verdict.BAD)):
        await house.core.rate(RateReply(house.ref(answer.id), person, verdict, RatingSource.BUTTON, house.clock.now()))

    board = await house.core.reading.dashboard(hours=24)

    assert (board.totals.turns, board.totals.ratings, board.totals.pending) == (2, 2, 0)
    assert sum(bucket.answers for bucket in board.buckets) == 1
    assert sum(bucket.good for bucket in board.buckets) == 1
    assert [(row.release, row.good, row.bad) for row in board.releases] == [(answer.release, 1, 1)]
    assert board.data_bytes >= board.totals.database_bytes > 0
    assert board.painter is None


async def test_old_conversations_go_with_their_files_and_newer_ones_stay(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        old = await house.ask("old", place=CHANNEL)
        path = await house.services.files.keep("images/old.png", b"picture")
        async with house.services.units() as uow:
            stored = await uow.turns.get(old.id)
            assert stored is not None
            picture = Picture("p1", path, "a picture", {"seed": 1})
            await uow.turns.update(replace(stored, pictures=(picture,)))
        house.clock.forward(timedelta(days=40))
        new = await house.ask("new", place=CHANNEL)

        gone = await expire(house.services, days=30)

        async with house.services.units.reading() as uow:
            assert await uow.turns.get(old.id) is None
            assert await uow.turns.get(new.id) is not None
    assert gone == 2
    assert not (tmp_path / "images" / "old.png").exists()
