from __future__ import annotations

from bot.domain.ratings import RatingSource, Suggestion, Verdict
from bot.ports import UnitOfWorkFactory
from tests.storage.builders import ADA, LIN, NOW, later, new_id, stored_exchange, verdict


async def test_second_rating_by_the_same_person_replaces_the_first(units: UnitOfWorkFactory) -> None:
    _, answered = await stored_exchange(units)
    first = verdict(answered, says=Verdict.GOOD)
    second = verdict(
        answered, says=Verdict.BAD, rated_at=later(1), source=RatingSource.REACTION, reason="太长", release="tuned-1"
    )
    async with units() as uow:
        await uow.ratings.put(first)
        await uow.ratings.put(second)
        assert await uow.ratings.of_turns([answered.id]) == [second]


async def test_an_earlier_rating_that_arrives_late_changes_nothing(units: UnitOfWorkFactory) -> None:
    _, answered = await stored_exchange(units)
    later_one = verdict(answered, says=Verdict.BAD, rated_at=later(1))
    async with units() as uow:
        await uow.ratings.put(later_one)
        await uow.ratings.put(verdict(answered, says=Verdict.GOOD))
        assert await uow.ratings.of_turns([answered.id]) == [later_one]


async def test_people_rate_for_themselves(units: UnitOfWorkFactory) -> None:
    _, first = await stored_exchange(units)
    _, second = await stored_exchange(units)
    ratings = [verdict(first, ADA), verdict(first, LIN, rated_at=later(1)), verdict(second, ADA)]
    async with units() as uow:
        for rating in ratings:
            await uow.ratings.put(rating)
        assert await uow.ratings.of_turns([first.id, second.id]) == ratings
        assert await uow.ratings.of_turns([]) == []


async def test_a_withdrawn_rating_is_gone(units: UnitOfWorkFactory) -> None:
    _, answered = await stored_exchange(units)
    async with units() as uow:
        await uow.ratings.put(verdict(answered))
        assert await uow.ratings.withdraw(answered.id, ADA.key)
        assert not await uow.ratings.withdraw(answered.id, ADA.key)
        assert await uow.ratings.of_turns([answered.id]) == []


async def test_suggestions_are_kept_in_their_order(units: UnitOfWorkFactory) -> None:
    _, answered = await stored_exchange(units)
    suggestions = [Suggestion(new_id(), answered.id, by.key, f"Better, says {by.name}", NOW) for by in (ADA, LIN)]
    async with units() as uow:
        for suggestion in suggestions:
            await uow.ratings.suggest(suggestion)
        assert await uow.ratings.suggestions_of([answered.id]) == suggestions
