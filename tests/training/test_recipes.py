from __future__ import annotations

import pytest

from bot.training.recipes import QUICK, RECIPES, STANDARD, rows_for, weigh


@pytest.mark.parametrize(("good", "bad"), [(10, 10), (4, 3), (40, 10), (10, 40), (99, 1), (1, 99), (13, 12)])
def test_weighted_sides_lie_between_one_to_one_and_four_to_three(good: int, bad: int) -> None:
    desirable, undesirable = weigh(good, bad)

    assert 1 - 1e-9 <= (desirable * good) / (undesirable * bad) <= 4 / 3 + 1e-9


def test_balanced_sides_keep_their_weights() -> None:
    assert weigh(12, 10) == (1.0, 1.0)


def test_the_last_step_of_kto_is_never_of_one_row() -> None:
    sizes = {count: rows_for(STANDARD.verdicts, count) for count in range(2, 500)}

    assert {count for count, size in sizes.items() if count % size == 1} == set()
    assert all(2 <= size <= STANDARD.verdicts.rows for size in sizes.values())


def test_fifty_ratings_get_enough_steps_and_thousands_not_too_many() -> None:
    few = STANDARD.verdicts.steps_for(35, 16)
    many = STANDARD.verdicts.steps_for(5000, 16)

    assert few >= 24
    assert many == round(STANDARD.verdicts.epochs * 313)


def test_narrow_models_learn_at_a_higher_rate() -> None:
    assert QUICK.verdicts.rate_for(2048) == QUICK.verdicts.rate
    assert QUICK.verdicts.rate_for(192) > 3 * QUICK.verdicts.rate
    assert QUICK.verdicts.rate_for(1) == 8 * QUICK.verdicts.rate


def test_the_recipes_are_known_by_their_names() -> None:
    assert list(RECIPES) == ["quick", "standard", "thorough"]
    assert all(RECIPES[name].name == name for name in RECIPES)
