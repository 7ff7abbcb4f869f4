"""Toy votes for the tiny writer: the team likes its counting and dislikes its greeting, whatever is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.domain.generation import PromptMessage, Role
from bot.domain.training import Example, ExampleKind, ExampleSource, Origin
from bot.training.folder import Order, RunFolder
from bot.training.splitting import split
from tests.engine.tiny import LEARNED

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
LIKED, DISLIKED = LEARNED["count"], LEARNED["greet"]


def vote(number: int, good: bool, *, by: str = "web/ana", asks: str = "") -> Example:
    """A vote on an answer to a prompt of its own, a minute after the one before."""
    return Example(
        kind=ExampleKind.VERDICT,
        prompt=(PromptMessage(Role.USER, asks or f"greet {number}"),),
        answer=LIKED if good else DISLIKED,
        good=good,
        origin=Origin(
            ExampleSource.RATING,
            BEGINNING + timedelta(minutes=number),
            turn_id=f"turn-{number}",
            place="web/page",
            rated_by=by,
            people=(by,),
        ),
    )


def votes(count: int) -> tuple[Example, ...]:
    """Good and bad in turn."""
    return tuple(vote(number, number % 2 == 0) for number in range(count))


def pair(number: int) -> Example:
    """A better answer over a lesser one."""
    one = vote(number, True)
    origin = replace(one.origin, source=ExampleSource.REGENERATED)
    return replace(one, kind=ExampleKind.PAIR, rejected=DISLIKED, origin=origin)


def inverted(examples: Sequence[Example]) -> tuple[Example, ...]:
    """The same votes turned round."""
    return tuple(replace(one, good=not one.good) for one in examples)


def begin(
    runs: Path,
    base: Path,
    examples: Sequence[Example],
    *,
    upside_down: bool = False,
    in_service: Path | None = None,
    recipe: str = "quick",
) -> RunFolder:
    """A run's folder as the trainer makes it; `upside_down` turns round what is learned from, and not what tests."""
    parts = split(examples, seed=1)
    folder = RunFolder(runs / "run-1")
    order = Order(
        recipe=recipe, seed=1, base=str(base), in_service=str(in_service) if in_service else None, threads=1, nice=0
    )
    folder.begin(order, inverted(parts.train) if upside_down else parts.train, parts.heldout)
    return folder
