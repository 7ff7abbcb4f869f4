from __future__ import annotations

from dataclasses import replace

from bot.domain.training import ExampleKind, ExampleSource
from bot.training.splitting import LEAST_HELDOUT, LEAST_SIDE, cluster, data_fingerprint, split
from tests.training.toys import inverted, pair, vote, votes


def test_the_latest_ratings_are_held_out() -> None:
    parts = split(votes(100), seed=1)

    assert len(parts.heldout) == 20
    assert min(one.origin.at for one in parts.heldout) > max(one.origin.at for one in parts.train)


def test_few_ratings_leave_fifteen_for_the_test() -> None:
    parts = split(votes(50), seed=1)

    assert len(parts.heldout) == LEAST_HELDOUT
    assert len(parts.train) == 35


def test_the_test_reaches_back_until_it_has_both_verdicts() -> None:
    early = [vote(number, number % 4 != 0) for number in range(60)]
    late = [vote(60 + number, True) for number in range(30)]

    parts = split([*early, *late], seed=1)

    assert sum(not one.good for one in parts.heldout) < LEAST_SIDE
    assert len(parts.heldout) == 36


def test_where_five_people_vote_some_are_unseen() -> None:
    examples = [vote(number, number % 2 == 0, by=f"web/{number % 10}") for number in range(100)]

    parts = split(examples, seed=1)

    assert len(parts.unseen) == 1
    assert parts.unseen.isdisjoint(one.origin.rated_by for one in parts.train)
    assert sum(one.origin.rated_by in parts.unseen for one in parts.heldout) == 10


def test_four_people_are_too_few_to_leave_one_out() -> None:
    examples = [vote(number, number % 2 == 0, by=f"web/{number % 4}") for number in range(100)]

    assert split(examples, seed=1).unseen == frozenset()


def test_nothing_is_learned_from_a_held_out_prompt_or_turn() -> None:
    again = vote(0, True, asks="greet 99")
    suggested = replace(vote(98, True, asks="asked otherwise"), kind=ExampleKind.DEMONSTRATION)

    parts = split([*votes(100), again, suggested, pair(97)], seed=1)

    assert not {"greet 99", "asked otherwise", "greet 97"} & {one.prompt[-1].content for one in parts.train}
    assert again in parts.heldout
    assert {one.kind for one in parts.heldout} == {ExampleKind.VERDICT}


def test_imported_examples_are_learned_from_only() -> None:
    imported = [
        replace(one, origin=replace(one.origin, source=ExampleSource.IMPORTED))
        for one in (vote(1000 + number, True) for number in range(30))
    ]

    parts = split([*votes(50), *imported], seed=1)

    assert set(imported) <= set(parts.train)


def test_the_fingerprint_tells_examples_apart_and_not_their_order() -> None:
    examples = votes(10)

    assert data_fingerprint(examples) == data_fingerprint(tuple(reversed(examples)))
    assert data_fingerprint(examples) != data_fingerprint(inverted(examples))


def test_ratings_on_one_prompt_belong_together() -> None:
    assert cluster(vote(1, True)) == cluster(vote(2, False, asks="greet 1"))
    assert cluster(vote(1, True)) != cluster(vote(2, True))
