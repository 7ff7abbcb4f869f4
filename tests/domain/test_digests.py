from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.digests import DigestPlan


def plan(told_until: datetime, *, zone: str = "Europe/Berlin", hour: int = 9, weekday: int | None = None) -> DigestPlan:
    return DigestPlan("c", hour, 0, zone, "en", told_until, weekday)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_digest_is_due_once_a_day_at_its_hour() -> None:
    daily = plan(at("2026-11-20 12:00"))

    assert daily.due(at("2026-11-21 07:59")) is None
    due = daily.due(at("2026-11-21 08:00"))
    assert due == at("2026-11-21 08:00")
    assert daily.told(due).due(at("2026-11-21 20:00")) is None


def test_missed_digests_are_made_once() -> None:
    daily = plan(at("2026-11-10 12:00"))

    due = daily.due(at("2026-11-21 10:00"))

    assert due == at("2026-11-21 08:00")
    assert daily.told(due).due(at("2026-11-21 10:00")) is None


def test_a_weekly_digest_comes_on_its_day() -> None:
    weekly = plan(at("2026-11-20 12:00"), weekday=0)

    assert weekly.due(at("2026-11-22 23:00")) is None
    assert weekly.due(at("2026-11-23 08:00")) == at("2026-11-23 08:00")
    assert weekly.next(at("2026-11-23 08:00")) == at("2026-11-30 08:00")


@pytest.mark.parametrize(
    ("day", "utc"),
    [("2026-03-28", "08:00"), ("2026-03-29", "07:00"), ("2026-10-24", "07:00"), ("2026-10-25", "08:00")],
)
def test_the_hour_stays_the_same_when_the_clocks_change(day: str, utc: str) -> None:
    """Berlin goes to summer time on 29 March 2026 and back on 25 October."""
    assert plan(at("2026-01-01 00:00")).due(at(f"{day} 12:00")) == at(f"{day} {utc}")


@pytest.mark.parametrize("start", ["2026-03-27 00:30", "2026-10-23 00:30", "2026-06-01 00:30"])
@pytest.mark.parametrize("hour", [0, 2, 23])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "UTC"])
def test_looking_every_minute_makes_one_a_day_whatever_the_clocks_do(start: str, hour: int, zone: str) -> None:
    days, order = [], plan(at(start), zone=zone, hour=hour)
    for minute in range(4 * 24 * 60):
        due = order.due(at(start) + timedelta(minutes=minute))
        if due is not None:
            days.append(due.astimezone(ZoneInfo(zone)).date())
            order = order.told(due)

    assert len(days) in (3, 4, 5)
    assert days == [days[0] + timedelta(days=number) for number in range(len(days))]


@pytest.mark.parametrize("now", ["2026-03-28 23:30", "2026-10-24 23:30", "2026-11-21 08:00"])
def test_the_next_digest_is_the_first_that_will_be_due(now: str) -> None:
    order = plan(at(now), hour=2)

    coming = order.next(at(now))

    assert coming > at(now)
    assert order.due(coming - timedelta(minutes=1)) is None
    assert order.due(coming) == coming


def test_a_plan_is_read_back() -> None:
    weekly = plan(at("2026-11-20 12:00"), weekday=3)

    assert DigestPlan.read(weekly.dumped()) == weekly
