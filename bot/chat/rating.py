"""Keeping people's verdicts and better answers, with the turn and the release that they are about."""

from __future__ import annotations

from bot.chat.addressing import clean
from bot.chat.intake import turn_carried_by
from bot.chat.jobs import Services
from bot.domain.conversation import Turn
from bot.domain.messages import MessageRef, RateReply, SuggestAnswer
from bot.domain.ratings import Rating, Suggestion, Verdict
from bot.ports import UnitOfWork


async def rate(verdict: RateReply, services: Services) -> bool:
    """Keep or withdraw one person's verdict; False when the message carries no answer of ours, or a bot votes."""
    if verdict.by.is_bot:
        return False
    async with services.units() as uow:
        turn = await _rated_turn(verdict.message, uow)
        if turn is None:
            return False
        if verdict.verdict is None:
            if verdict.only is not None and not await _stands(verdict.only, turn.id, verdict.by.key, uow):
                return False
            return await uow.ratings.withdraw(turn.id, verdict.by.key)
        rating = Rating(
            turn_id=turn.id,
            person=verdict.by.key,
            verdict=verdict.verdict,
            source=verdict.source,
            rated_at=verdict.at,
            release=turn.release,
            reason=clean(verdict.reason),
        )
        await uow.ratings.put(rating)
    return True


async def suggest(better: SuggestAnswer, services: Services) -> bool:
    """Keep a better answer; False when there is none, or the message carries no answer of ours."""
    text = clean(better.text)
    if better.by.is_bot or not text:
        return False
    async with services.units() as uow:
        turn = await _rated_turn(better.message, uow)
        if turn is None:
            return False
        await uow.ratings.suggest(Suggestion(services.new_id(), turn.id, better.by.key, text, better.at))
    return True


async def _stands(verdict: Verdict, turn_id: str, person: str, uow: UnitOfWork) -> bool:
    """Whether this is the verdict that a person gave: taking back an earlier reaction leaves the later one."""
    return any(
        rating.person == person and rating.verdict is verdict for rating in await uow.ratings.of_turns([turn_id])
    )


async def _rated_turn(message: MessageRef, uow: UnitOfWork) -> Turn | None:
    turn = await turn_carried_by(message, uow)
    return turn if turn is not None and turn.is_by_bot and turn.release is not None else None
