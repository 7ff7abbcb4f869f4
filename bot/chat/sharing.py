"""Posting an answer for all to see: what only its asker saw, or a draft that is used as it is."""

from __future__ import annotations

from bot.chat.jobs import Job, Services
from bot.domain.conversation import Turn, TurnStatus
from bot.domain.lines import say
from bot.domain.ratings import Rating, RatingSource, Verdict
from bot.errors import Refused
from bot.ports import UnitOfWork


async def share(job: Job, services: Services) -> Turn:
    """The answer's text, as a message of its own. A draft that is used counts as liked by who uses it.

    Raises:
        Refused: the answer is gone.
    """
    async with services.units() as uow:
        source = await source_of(job.answer, uow)
        if not source.private:
            await prefer(source, RatingSource.USE, job, services, uow)
    note = say("share.by", job.locale, name=job.asker.name) if source.private else ""
    return job.answer.ended(TurnStatus.COMPLETE, source.text, note)


async def source_of(answer: Turn, uow: UnitOfWork) -> Turn:
    """The turn that an answer is made from.

    Raises:
        Refused: it was deleted meanwhile.
    """
    source = await uow.turns.get(answer.revises) if answer.revises else None
    if source is None or source.status is TurnStatus.FORGOTTEN:
        raise Refused("change.gone")
    return source


async def prefer(turn: Turn, source: RatingSource, job: Job, services: Services, uow: UnitOfWork) -> None:
    """Keep that the asker chose this answer, unless they have said what they think of it."""
    voted = [rating.person for rating in await uow.ratings.of_turns([turn.id])]
    if job.asker.key not in voted:
        now = services.clock.now()
        await uow.ratings.put(Rating(turn.id, job.asker.key, Verdict.GOOD, source, now, turn.release))
