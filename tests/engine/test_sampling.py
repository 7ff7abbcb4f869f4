"""From logits to tokens."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
import torch

from bot.engine.sampling import choose
from bot.engine.sequence import Choice, Sequence

LOGITS = torch.tensor([1.0, 3.0, 2.0, -1.0, 2.5])
PLAIN = Choice(temperature=1.0)


def sequence(choice: Choice, seed: int = 0, tokens: tuple[int, ...] = ()) -> Sequence:
    made = Sequence.bare(list(tokens))
    made.choice, made.random = choice, Random(seed)
    return made


def drawn(choice: Choice, count: int = 4000, logits: torch.Tensor = LOGITS) -> Counter[int]:
    rows = [sequence(choice, seed) for seed in range(count)]
    return Counter(choose(logits.expand(count, -1), rows))


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (replace(PLAIN, top_k=2), {1, 4}),
        (replace(PLAIN, top_p=0.0), {1}),
        (replace(PLAIN, top_p=0.6), {1, 4}),
        (replace(PLAIN, min_p=0.5), {1, 4}),
        (replace(PLAIN, top_k=3, top_p=0.7), {1, 4}),
        (replace(PLAIN, temperature=0.01), {1}),
        (PLAIN, {0, 1, 2, 3, 4}),
    ],
)
def test_only_what_a_choice_allows_is_drawn(choice: Choice, expected: set[int]):
    assert set(drawn(choice)) == expected


def test_tokens_come_as_often_as_their_probability_says():
    """Of 4000 draws, a share is off by more than 0.04 once in a million times at most (five standard deviations)."""
    counts, probabilities = drawn(replace(PLAIN, temperature=1.5)), (LOGITS / 1.5).softmax(-1)

    assert all(abs(counts[token] / 4000 - float(probabilities[token])) < 0.04 for token in range(5))


def test_a_mass_spread_over_many_tokens_is_drawn_whole():
    flat = torch.zeros(2000)

    assert len(drawn(PLAIN, logits=flat)) > 1500
    assert len(drawn(replace(PLAIN, top_p=0.5), logits=flat)) > 500


def test_temperature_zero_takes_the_likeliest_and_asks_no_generator():
    greedy = sequence(Choice())
    before = greedy.random.getstate()

    assert choose(LOGITS[None], [greedy]) == [1]
    assert greedy.random.getstate() == before


def test_a_repetition_penalty_makes_seen_tokens_less_likely():
    rows = [sequence(Choice(repetition_penalty=2.0), tokens=(1,)), sequence(Choice(), tokens=(1,))]

    assert choose(LOGITS.expand(2, -1), rows) == [4, 1]


def test_neighbours_change_nothing():
    torch.manual_seed(0)
    logits = torch.randn(6, 1000)
    choices = [PLAIN, Choice(), replace(PLAIN, top_p=0.9), replace(PLAIN, min_p=0.1), replace(PLAIN, top_k=5), PLAIN]
    alone = [choose(logits[row : row + 1], [sequence(choice, row)])[0] for row, choice in enumerate(choices)]

    assert choose(logits, [sequence(choice, row) for row, choice in enumerate(choices)]) == alone
