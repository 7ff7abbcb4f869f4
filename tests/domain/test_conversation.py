from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.conversation import Spoken, Turn, TurnStatus, continues_latest, window
from bot.domain.generation import Role, SamplingParams
from bot.domain.places import PlaceKind, Platform, owning_place
from bot.domain.preferences import may_learn
from bot.domain.ratings import Rating, RatingSource, Verdict

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SLACK_CHANNEL = owning_place(Platform.SLACK, "T", "C")


def _turn(at: datetime) -> Turn:
    return Turn("1", "c", None, Role.USER, "p", "P", "hi", TurnStatus.COMPLETE, at)


@pytest.mark.parametrize(
    ("costs", "budget", "left_out"), [([5, 5, 5], 15, 0), ([5, 5, 5], 14, 1), ([5, 5, 5], 5, 2), ([9, 1, 1], 3, 1)]
)
def test_the_window_keeps_the_newest_messages_that_fit(costs: list[int], budget: int, left_out: int) -> None:
    assert window(costs, budget) == left_out


def test_a_question_that_does_not_fit_alone_is_an_error() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        window([1, 6], 5)


def test_a_thread_is_its_own_place_also_in_a_direct_channel() -> None:
    thread = owning_place(Platform.SLACK, "T", "D1", thread="17.1", direct=True)

    assert thread.kind is PlaceKind.THREAD
    assert thread.key == "slack/T/D1/17.1"
    assert thread.key != owning_place(Platform.SLACK, "T", "D1", direct=True).key


@pytest.mark.parametrize(("minutes", "continues"), [(29, True), (30, True), (31, False)])
def test_a_channel_carries_on_within_the_idle_window(minutes: int, continues: bool) -> None:
    now = NOON + timedelta(minutes=minutes)

    assert continues_latest(SLACK_CHANNEL, Spoken("1", NOON), now, timedelta(minutes=30)) is continues


def test_a_thread_and_a_direct_conversation_always_carry_on() -> None:
    next_year = NOON + timedelta(days=365)

    for place in (
        owning_place(Platform.SLACK, "T", "C", thread="1"),
        owning_place(Platform.SLACK, "T", "D", direct=True),
    ):
        assert continues_latest(place, Spoken("1", NOON), next_year, timedelta(minutes=30))
        assert not continues_latest(place, None, next_year, timedelta(minutes=30))


def test_the_later_rating_of_a_person_supersedes_the_earlier() -> None:
    good = Rating("t", "p", Verdict.GOOD, RatingSource.BUTTON, NOON)
    later = replace(good, verdict=Verdict.BAD, rated_at=NOON + timedelta(seconds=1))

    assert later.supersedes(good)
    assert not good.supersedes(later)
    assert not replace(later, person="q").supersedes(good)


@pytest.mark.parametrize(
    ("platform", "choice", "opted_out", "learns"),
    [
        (Platform.WEB, None, False, True),
        (Platform.WEB, "off", False, False),
        (Platform.SLACK, None, False, False),
        (Platform.SLACK, "on", False, True),
        (Platform.SLACK, "on", True, False),
        (Platform.DISCORD, None, False, False),
    ],
)
def test_learning_is_off_on_vendors_platforms_until_an_admin_turns_it_on(
    platform: Platform, choice: str | None, opted_out: bool, learns: bool
) -> None:
    assert may_learn(owning_place(platform, "w", "c"), choice, opted_out) is learns


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_tokens": 0},
        {"temperature": -1.0},
        {"temperature": float("nan")},
        {"top_p": 1.5},
        {"min_p": -0.1},
        {"top_k": -1},
        {"repetition_penalty": 0.0},
        {"seed": 2**63},
        {"stop": ("",)},
        {"stop": ("end", "\ud800")},
    ],
)
def test_impossible_sampling_values_are_refused_by_name(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SamplingParams(**wrong)  # type: ignore[arg-type]
