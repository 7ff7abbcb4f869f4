"""Ratings of pictures: kept and exported as those of texts are; no painter is tuned on them yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from bot.domain.conversation import Turn, TurnStatus
from bot.domain.generation import PromptMessage, Role
from bot.domain.messages import Picture
from bot.domain.ratings import Verdict
from bot.domain.training import Example, ExampleKind, ExampleSource, Origin
from bot.ports import RatedTurn, UnitOfWorkFactory
from bot.training.collecting import rated_turns
from bot.training.consent import Consent
from bot.training.earning import Earned
from bot.training.refining import Refinery

_WORDS = frozenset({"alt", "prompt", "negative", "style", "towards"})


@dataclass(frozen=True, slots=True)
class RatedPicture:
    """What was to be painted, the picture's file inside the data folder, its parameters, and the majority's verdict.

    `over` are the pictures beside which it was picked: it is preferred to each of them. Parameters hold no words: those
    that people wrote stand in the prompt, scrubbed.
    """

    prompt: str
    file: str
    parameters: Mapping[str, str | int | float]
    good: bool
    origin: Origin
    over: tuple[Picture, ...] = ()


async def collect_pictures(refinery: Refinery, units: UnitOfWorkFactory) -> list[RatedPicture]:
    """All that consent allows, in the order they were painted; several of one answer share its votes.

    Raises:
        StorageError: the database cannot be read.
        TrainingFailed: the process that scrubs ended.
    """
    rated = [each async for each in _judged(units)]
    # Scrubbed as the verdict on an answer without words.
    earned = [Earned((each,), names) for _, each, names in rated]
    scrubbed = [each.earned.examples[0] async for each in refinery.refine(earned, Counter())]
    pictures = []
    for (turn, _, _), example in zip(rated, scrubbed, strict=True):
        over = await _picked_over(turn.turn, units) if example.good else ()
        pictures += [
            RatedPicture(
                example.prompt[0].content, picture.path, without_words(picture), example.good, example.origin, over
            )
            for picture in turn.turn.pictures
        ]
    return pictures


def without_words(picture: Picture) -> dict[str, str | int | float]:
    """A picture's parameters without what people wrote."""
    return {name: value for name, value in picture.parameters.items() if name not in _WORDS}


async def _picked_over(turn: Turn, units: UnitOfWorkFactory) -> tuple[Picture, ...]:
    """The others of the pictures that this one was picked from, as far as they are kept. Each has a seed of its own."""
    if turn.change != "pick" or turn.revises is None:
        return ()
    async with units.reading() as uow:
        grid = await uow.turns.get(turn.revises)
    picked = {picture.parameters.get("seed") for picture in turn.pictures}
    return tuple(picture for picture in grid.pictures if picture.parameters.get("seed") not in picked) if grid else ()


async def _judged(units: UnitOfWorkFactory) -> AsyncIterator[tuple[RatedTurn, Example, tuple[str, ...]]]:
    consent = Consent(units)
    async for rated in rated_turns(units, consent, pictures=True):
        people = {*rated.people, *([rated.asker] if rated.asker else [])}
        allowed = consent.is_given(rated.place) and not any(map(consent.opted_out, people))
        votes = [vote for vote in rated.ratings if consent.is_given_by(vote.person, rated.place)]
        good = sum(vote.verdict is Verdict.GOOD for vote in votes)
        if not allowed or rated.turn.status is not TurnStatus.COMPLETE or 2 * good == len(votes):
            continue
        verdict = Verdict.GOOD if 2 * good > len(votes) else Verdict.BAD
        agreeing = [vote for vote in votes if vote.verdict is verdict]
        first = min(agreeing, key=lambda vote: (vote.rated_at, vote.person))
        origin = Origin(
            ExampleSource.RATING,
            first.rated_at,
            turn_id=rated.turn.id,
            place=rated.place.key,
            rated_by=first.person,
            people=tuple(sorted({*people, *(vote.person for vote in agreeing)})),
            release=rated.turn.release,
        )
        prompt = (PromptMessage(Role.USER, rated.turn.pictures[0].alt),)
        good_example = Example(ExampleKind.VERDICT, prompt, "", origin, good=verdict is Verdict.GOOD)
        yield rated, good_example, tuple(name for shown in rated.people.values() for name in shown if name)
