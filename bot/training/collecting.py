"""From votes and better answers to the examples that may be learned from.

What an answer teaches is decided in `bot.training.earning`, consent in `bot.training.consent`; scrubbing, doubles and
one person's share in `bot.training.refining`. Whether there is enough, and what is held out to test with, is for the
callers.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

from bot.domain.releases import ReleaseState
from bot.domain.training import Collected
from bot.ports import RatedTurn, UnitOfWorkFactory
from bot.settings import LearningSettings
from bot.training.consent import Consent
from bot.training.earning import Earned, Earning
from bot.training.imported import read_imported
from bot.training.refining import Refinery, distinct, within_share

# Turns read in one transaction: each brings its whole prompt along.
_PAGE = 25


async def collect(units: UnitOfWorkFactory, settings: LearningSettings) -> Collected:
    """All examples that may be learned from, oldest first, and how many votes were left out for which reason.

    Raises:
        StorageError: the database or an imported file cannot be read.
        TrainingFailed: the process that scrubs the examples ended.
    """
    async with Refinery.opened(settings.training_nice) as refinery:
        return await collect_with(refinery, units, settings)


async def collect_with(refinery: Refinery, units: UnitOfWorkFactory, settings: LearningSettings) -> Collected:
    """As `collect`, with a refinery that is open already."""
    dropped: Counter[str] = Counter()
    earned = [each async for each in _earned(units, dropped)]
    async for rated in rated_turns(units, Consent(units), pictures=True):
        dropped["picture"] += len(rated.ratings) + len(rated.suggestions)
    imported = await _imported(units, settings, dropped)
    own = [each async for each in refinery.refine(earned, dropped)]
    foreign = [each async for each in refinery.refine(imported, dropped)]
    kept = within_share(distinct(own, dropped), settings.person_share, dropped)
    # What people here said comes before what was imported of the same words, and is the only part that is capped.
    kept += distinct(foreign, dropped, known={key for each in own for key in each.keys})
    examples = sorted(
        (example for each in kept for example in each.earned.examples),
        key=lambda example: (example.origin.at, example.origin.turn_id),
    )
    return Collected(tuple(examples), {reason: count for reason, count in sorted(dropped.items()) if count})


async def rated_turns(
    units: UnitOfWorkFactory, consent: Consent, *, pictures: bool = False
) -> AsyncIterator[RatedTurn]:
    """All rated turns, in pages; of each, the choices of its place and people are known to `consent`."""
    after = ""
    while True:
        async with units.reading() as uow:
            page = await uow.feedback.rated_turns(pictures=pictures, after=after, limit=_PAGE)
        if not page:
            return
        await consent.ask({rated.place for rated in page}, {person for rated in page for person in _people(rated)})
        for rated in page:
            yield rated
        after = page[-1].turn.id


async def _earned(units: UnitOfWorkFactory, dropped: Counter[str]) -> AsyncIterator[Earned]:
    consent = Consent(units)
    earning = Earning(consent, await _model_in_service(units), dropped)
    async for rated in rated_turns(units, consent):
        for each in earning.earn(rated):
            yield each


async def _model_in_service(units: UnitOfWorkFactory) -> str:
    """The base model's name without its fingerprint; empty as long as none has answered."""
    async with units.reading() as uow:
        releases = await uow.releases.all()
    active = next((row for row in releases if row.state is ReleaseState.ACTIVE), None)
    if active is None:
        return ""
    return (active.base if active.weights else active.name).partition("@")[0]


async def _imported(units: UnitOfWorkFactory, settings: LearningSettings, dropped: Counter[str]) -> list[Earned]:
    """What was imported; of exports of our own, nothing of those who opted out since."""
    examples, damaged = await asyncio.to_thread(read_imported, settings.data_folder)
    dropped["damaged"] += damaged
    consent = Consent(units)
    await consent.ask((), {person for example in examples for person in example.origin.people})
    allowed = [one for one in examples if not any(map(consent.opted_out, one.origin.people))]
    dropped["opted_out"] += len(examples) - len(allowed)
    return [Earned((example,)) for example in allowed]


def _people(rated: RatedTurn) -> set[str]:
    voters = {vote.person for vote in rated.ratings} | {better.person for better in rated.suggestions}
    return {*rated.people, *voters, *([rated.asker] if rated.asker else [])}
