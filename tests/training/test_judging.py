from __future__ import annotations

import random

import pytest

from bot.training.judging import Judgement, Perplexed, Scored, judge

GENERAL = [Perplexed(-100.0 - number, -100.0 - number, 50) for number in range(40)]


def scores(count: int, distance: float, *, before: float = 0.0, seed: int = 1) -> list[Scored]:
    """Held-out ratings, good and bad in turn; the candidate puts a distance between them, in standard deviations."""
    dice = random.Random(seed)

    def one(number: int) -> Scored:
        good = number % 2 == 0
        noise = dice.gauss(0, 1)
        return Scored(good, before * (noise + distance * good), noise + distance * good, f"prompt-{number}")

    return [one(number) for number in range(count)]


def judged(ratings: list[Scored], general: list[Perplexed] = GENERAL, broken: tuple[int, int] = (0, 0)) -> Judgement:
    return judge(ratings, general, broken, 24, seed=1)


def test_a_clear_gain_passes() -> None:
    verdict = judged(scores(40, 2.0))

    gain = verdict.figures["ranking_gain"]
    assert verdict.failed == ()
    assert gain.low is not None
    assert 0 < gain.low < gain.value
    assert verdict.figures["ranking_before"].value == 0.5
    assert verdict.figures["sure_share"].value > 0.99


def test_a_candidate_that_ranks_the_wrong_way_round_is_refused() -> None:
    verdict = judged(scores(40, -2.0))

    assert verdict.failed == ("gate.ranking_gain",)
    assert verdict.figures["ranking_gain"].value < -0.3


def test_one_that_learned_nothing_is_refused_nearly_always() -> None:
    """At most 2.5 % should pass by chance; of 30, more than 4 would be one time in 1,000."""
    passed = sum(not judged(scores(20, 0.0, seed=seed)).failed for seed in range(30))

    assert passed <= 4


def test_equal_to_the_release_in_service_is_no_gain() -> None:
    verdict = judged(scores(40, 2.0, before=1.0))

    assert verdict.failed == ("gate.ranking_gain",)
    assert verdict.figures["ranking_gain"].value == 0


def test_a_gain_that_few_votes_cannot_show_is_refused() -> None:
    verdict = judged(scores(16, 0.5))

    assert verdict.failed == ("gate.ranking_gain",)
    assert verdict.figures["ranking_gain"].value > 0


@pytest.mark.parametrize("ratings", [scores(14, 3.0), [one for one in scores(60, 3.0) if one.good]])
def test_too_few_held_out_votes_are_said_to_be_too_few(ratings: list[Scored]) -> None:
    verdict = judged(ratings)

    assert verdict.failed == ("gate.heldout_votes",)
    assert verdict.figures["heldout_votes"].value == len(ratings)


def test_ratings_of_one_prompt_count_as_one() -> None:
    """The same score three times is no surer than once, so the interval must not shrink."""
    once = scores(20, 1.0)
    thrice = [one for one in once for _ in range(3)]

    apart, together = judged(once).figures["ranking_gain"], judged(thrice).figures["ranking_gain"]

    assert together.low == pytest.approx(apart.low, abs=0.02)


def test_forgetting_more_than_two_percent_is_refused() -> None:
    worse = [Perplexed(one.before, one.before - 0.03 * one.tokens, one.tokens) for one in GENERAL]
    slightly = [Perplexed(one.before, one.before - 0.01 * one.tokens, one.tokens) for one in GENERAL]

    assert judged(scores(40, 2.0), worse).failed == ("gate.perplexity_ratio",)
    assert judged(scores(40, 2.0), slightly).failed == ()
    assert judged(scores(40, 2.0), worse).figures["perplexity_ratio"].value == pytest.approx(1.0305, abs=1e-4)


@pytest.mark.parametrize(
    ("before", "after", "fails"), [(0, 0, False), (0, 2, False), (0, 4, True), (6, 8, False), (2, 24, True)]
)
def test_surely_more_broken_replies_are_refused(before: int, after: int, fails: bool) -> None:
    verdict = judged(scores(40, 2.0), broken=(before, after))

    assert ("gate.broken_after" in verdict.failed) is fails


def test_people_whom_it_never_heard_have_a_figure_of_their_own() -> None:
    known = scores(40, 2.0)
    unseen = [Scored(one.good, one.before, one.after, one.cluster, unseen=True) for one in scores(20, 2.0, seed=2)]

    assert "ranking_unseen" in judged([*known, *unseen]).figures
    assert "ranking_unseen" not in judged(known).figures
