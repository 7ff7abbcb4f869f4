"""Which ratings are held out: the latest, and all of some people, so that a candidate is tested on what comes after and
on whom it never heard."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.domain.training import Example, ExampleKind, ExampleSource
from bot.training.rows import write_examples

# Fewer held-out ratings than these cannot show a difference that people would notice.
LEAST_HELDOUT = 15
MOST_HELDOUT = 300
# Of either verdict.
LEAST_SIDE = 5
_TIME_SHARE = 0.2
_PEOPLE_SHARE = 0.1
_MOST_SHARE = 0.4
# With fewer people, leaving one out would leave a taste out.
_LEAST_PEOPLE = 5


@dataclass(frozen=True, slots=True)
class Split:
    """What is learned from, what is tested with, and who is unseen: people of whom nothing is learned from."""

    train: tuple[Example, ...]
    heldout: tuple[Example, ...]
    unseen: frozenset[str]


def split(examples: Sequence[Example], seed: int) -> Split:
    """Hold ratings out; whatever shares a prompt, a turn or a held-out person with them is not learned from either.

    About 10 % of the ratings are those of people left out whole (where there are five people or more), and the latest
    20 % of the others, at least 15, are held out by time; further back while either verdict has fewer than five, to
    40 % at most. Imported examples are never held out: nobody's rating is behind them.
    """
    ratings = sorted((one for one in examples if _is_rating(one)), key=lambda one: (one.origin.at, one.origin.turn_id))
    unseen = _choose_people(ratings, seed)
    of_unseen = [one for one in ratings if one.origin.rated_by in unseen]
    others = [one for one in ratings if one.origin.rated_by not in unseen]
    heldout = {*_latest(others, len(ratings)), *of_unseen}
    taken = {_prompt(one) for one in heldout}
    turns = {one.origin.turn_id for one in heldout if one.origin.turn_id}
    train = tuple(
        one
        for one in examples
        if _prompt(one) not in taken
        and one.origin.turn_id not in turns
        and one.origin.rated_by not in unseen
        and unseen.isdisjoint(one.origin.people)
    )
    # Another rating on a held-out answer is tested with, too.
    tested = tuple(one for one in ratings if _prompt(one) in taken or one.origin.turn_id in turns)
    return Split(train, tested, unseen)


def data_fingerprint(examples: Sequence[Example]) -> str:
    """64 hex digits that are equal for equal examples, in whatever order."""
    rows = sorted(write_examples([example]) for example in examples)
    return hashlib.sha256("".join(rows).encode()).hexdigest()


def file_fingerprint(path: Path) -> str:
    """64 hex digits that are equal for equal files."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cluster(example: Example) -> str:
    """What depends on each other: all ratings on one prompt."""
    return hashlib.sha256(json.dumps(_prompt(example), ensure_ascii=False).encode()).hexdigest()[:16]


def _is_rating(example: Example) -> bool:
    return example.kind is ExampleKind.VERDICT and example.origin.source is not ExampleSource.IMPORTED


def _prompt(example: Example) -> tuple[tuple[str, str], ...]:
    return tuple((message.role.value, message.content) for message in example.prompt)


def _choose_people(ratings: Sequence[Example], seed: int) -> frozenset[str]:
    people = sorted({one.origin.rated_by for one in ratings if one.origin.rated_by})
    if len(people) < _LEAST_PEOPLE:
        return frozenset()
    random.Random(seed).shuffle(people)
    chosen: set[str] = set()
    left = _PEOPLE_SHARE * len(ratings)
    for person in people:
        theirs = sum(one.origin.rated_by == person for one in ratings)
        if theirs <= 2 * left:
            chosen.add(person)
            left -= theirs
        if left <= 0:
            break
    return frozenset(chosen)


def _latest(ratings: Sequence[Example], all_ratings: int) -> Sequence[Example]:
    least = min(MOST_HELDOUT, max(LEAST_HELDOUT, round(_TIME_SHARE * all_ratings)))
    most = max(least, min(MOST_HELDOUT, int(_MOST_SHARE * all_ratings)))
    number = min(least, len(ratings))
    while number < min(most, len(ratings)) and not _has_both(ratings[-number:]):
        number += 1
    return ratings[len(ratings) - number :]


def _has_both(ratings: Sequence[Example]) -> bool:
    good = sum(one.good for one in ratings)
    return min(good, len(ratings) - good) >= LEAST_SIDE
