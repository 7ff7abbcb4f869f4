from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.conversation import Timings, TurnStatus
from bot.domain.keeping import ReleaseVotes
from bot.domain.ratings import Verdict
from bot.ports import UnitOfWorkFactory
from tests.storage.builders import ADA, LIN, answer, item, stored_exchange, verdict


async def test_each_stretch_counts_its_answers_failures_and_votes(units: UnitOfWorkFactory) -> None:
    since = (datetime.now(UTC) - timedelta(seconds=250)).replace(microsecond=0)
    asked, _ = await stored_exchange(units, created_at=since - timedelta(seconds=1))

    def at(second: float, **changes: Any) -> Any:
        return answer(asked, created_at=since + timedelta(seconds=second), **changes)

    turns = [
        at(0),
        at(99.9, status=TurnStatus.STOPPED),
        at(50, status=TurnStatus.FAILED, release=None),
        at(50, aside=True, release=None),
        at(50, status=TurnStatus.WAITING, release=None),
        at(200, status=TurnStatus.INTERRUPTED),
    ]
    async with units() as uow:
        await uow.turns.add(*turns)
        await uow.ratings.put(verdict(turns[0], ADA, Verdict.GOOD, rated_at=since + timedelta(seconds=100)))
        await uow.ratings.put(verdict(turns[0], LIN, Verdict.BAD, rated_at=since + timedelta(seconds=201)))

    async with units.reading() as uow:
        buckets = await uow.statistics.buckets(since + timedelta(microseconds=7), 100)

    assert [each.start for each in buckets] == [since + timedelta(seconds=100 * index) for index in range(3)]
    assert [(each.answers, each.failed, each.good, each.bad) for each in buckets] == [
        (2, 1, 0, 0),
        (0, 0, 1, 0),
        (0, 1, 0, 1),
    ]
    assert buckets[0].first_piece_s is None
    assert buckets[0].tokens_per_second is None


@pytest.mark.parametrize(
    ("first_pieces", "median"), [([3.0], 3.0), ([9.0, 1.0, 2.0], 2.0), ([1.0, 2.0, 4.0, 50.0], 3.0)]
)
async def test_seconds_are_medians(first_pieces: list[float], median: float, units: UnitOfWorkFactory) -> None:
    since = datetime.now(UTC) - timedelta(seconds=5)
    asked, _ = await stored_exchange(units, created_at=since - timedelta(days=1))
    answers = [
        answer(asked, created_at=since, completion_tokens=11, timings=Timings(0.0, first, first + 10 / median))
        for first in first_pieces
    ]
    async with units() as uow:
        await uow.turns.add(*answers)
        (bucket,) = await uow.statistics.buckets(since, 3600)

    assert bucket.first_piece_s == pytest.approx(median)
    assert bucket.tokens_per_second == pytest.approx(median)


async def test_votes_are_counted_by_release(units: UnitOfWorkFactory) -> None:
    _, by_base = await stored_exchange(units)
    _, by_tuned = await stored_exchange(units, release="tuned-1")
    await stored_exchange(units, release="tuned-1")
    async with units() as uow:
        await uow.ratings.put(verdict(by_base, ADA, Verdict.BAD))
        await uow.ratings.put(verdict(by_tuned, ADA, Verdict.GOOD))
        await uow.ratings.put(verdict(by_tuned, LIN, Verdict.GOOD))
        assert await uow.statistics.votes_by_release() == [
            ReleaseVotes("base", 1, 0, 1),
            ReleaseVotes("tuned-1", 2, 2, 0),
        ]


async def test_totals_tell_what_is_stored(units: UnitOfWorkFactory) -> None:
    _, answered = await stored_exchange(units)
    async with units() as uow:
        await uow.ratings.put(verdict(answered))
        await uow.inbox.add(item())
    async with units.reading() as uow:
        totals = await uow.statistics.totals()
    assert (totals.conversations, totals.turns, totals.ratings, totals.pending) == (1, 2, 1, 1)
    assert totals.database_bytes > 10_000
