"""Documents for copying: what is learned in them stood before."""

import itertools

import pytest

from recipes import copying
from recipes.packing import Document

BEGIN, WORDS = 1, range(10, 5000)


@pytest.fixture(scope="module")
def dealt() -> list[Document]:
    return copying.documents(BEGIN, WORDS, 1.5, seed=3)[:400]


def test_each_learned_token_followed_the_one_before_it_earlier_in_the_document(dealt: list[Document]) -> None:
    for ids, learn, _ in dealt:
        at = [i for i, learned in enumerate(learn) if learned]
        assert at
        assert all((ids[i - 1], ids[i]) in set(itertools.pairwise(ids[: i - 1])) for i in at)


def test_nothing_of_the_first_time_is_learned(dealt: list[Document]) -> None:
    for ids, learn, _ in dealt:
        first = learn.index(True)
        assert not any(learn[:first])
        assert ids[0] == BEGIN


def test_sequences_are_of_many_lengths_and_no_document_is_long(dealt: list[Document]) -> None:
    lengths = [learn.index(True) for _, learn, _ in dealt]
    assert min(lengths) < 6
    assert max(lengths) > 60
    assert max(len(ids) for ids, *_ in dealt) < 256


def test_the_same_seed_deals_the_same() -> None:
    assert copying.documents(BEGIN, WORDS, 1.0, seed=3) == copying.documents(BEGIN, WORDS, 1.0, seed=3)
