"""Rated answers as learning reads them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import text

from bot.domain.conversation import Turn, TurnStatus
from bot.domain.generation import PromptMessage, Role, SamplingParams
from bot.domain.messages import Picture
from bot.domain.places import Person
from bot.domain.ratings import Suggestion, Verdict
from bot.ports import RatedTurn, UnitOfWorkFactory
from storage.database import Database
from tests.storage.builders import (
    ADA,
    LIN,
    NOW,
    PLACE,
    answer,
    item,
    later,
    new_id,
    question,
    stored_exchange,
    verdict,
)

PROMPT = (PromptMessage(Role.SYSTEM, "Weave."), PromptMessage(Role.USER, "What is a loom?"))


async def rated_turns(units: UnitOfWorkFactory, **how: Any) -> list[RatedTurn]:
    async with units.reading() as uow:
        return list(await uow.feedback.rated_turns(**how))


async def liked(units: UnitOfWorkFactory, turn: Turn, by: Person = ADA) -> None:
    async with units() as uow:
        await uow.ratings.put(verdict(turn, by))


async def test_an_answer_comes_with_its_prompt_place_votes_and_better_answers(units: UnitOfWorkFactory) -> None:
    _, answered = await stored_exchange(units, prompt=PROMPT, sampling=SamplingParams(max_tokens=9))
    await stored_exchange(units, text="Nobody rates this.")
    votes = [verdict(answered, ADA), verdict(answered, LIN, Verdict.BAD, rated_at=later(1))]
    better = Suggestion(new_id(), answered.id, LIN.key, "A frame for weaving.", NOW)
    async with units() as uow:
        for vote in votes:
            await uow.ratings.put(vote)
        await uow.ratings.suggest(better)

    (found,) = await rated_turns(units)

    assert found.turn == answered
    assert found.place == PLACE
    assert found.asker == ADA.key
    assert found.people == {ADA.key: (ADA.name,)}
    assert found.beside == ()
    assert found.ratings == tuple(votes)
    assert found.suggestions == (better,)


async def test_a_better_answer_alone_is_enough(units: UnitOfWorkFactory) -> None:
    _, answered = await stored_exchange(units)
    async with units() as uow:
        await uow.ratings.suggest(Suggestion(new_id(), answered.id, LIN.key, "Better.", NOW))

    assert [each.turn.id for each in await rated_turns(units)] == [answered.id]


async def test_everyone_who_spoke_in_the_branch_is_named_and_nobody_else(units: UnitOfWorkFactory) -> None:
    """With every name they were shown by."""
    asked, answered = await stored_exchange(units, by=ADA)
    renamed = replace(ADA, name="Countess")
    follow_up = question(asked.conversation_id, by=renamed, parent_id=answered.id)
    second = answer(follow_up)
    elsewhere = question(asked.conversation_id, by=LIN, parent_id=answered.id)
    async with units() as uow:
        await uow.turns.add(follow_up, second, elsewhere)
    await liked(units, second, LIN)

    (found,) = await rated_turns(units)

    assert found.people == {ADA.key: (ADA.name, "Countess")}


async def test_who_asked_for_an_answer_made_anew_is_who_pressed(units: UnitOfWorkFactory) -> None:
    asked, first = await stored_exchange(units, by=ADA, prompt=PROMPT)
    second, third = (answer(asked, text, prompt=PROMPT) for text in ("Second.", "Third."))
    async with units() as uow:
        await uow.turns.add(second, third)
        again = item()
        again = replace(again, ask=replace(again.ask, by=LIN), answer_id=second.id)
        assert await uow.inbox.add(again)
        await uow.inbox.finish(again.id, NOW)
    await liked(units, second)

    (found,) = await rated_turns(units)

    assert found.asker == LIN.key
    assert found.beside == (first,)


async def test_pictures_are_read_apart(units: UnitOfWorkFactory) -> None:
    picture = Picture(new_id(), "images/1.png", "a loom", {"seed": 3})
    _, written = await stored_exchange(units)
    _, painted = await stored_exchange(units, text="/image a loom", origin="image", pictures=(picture,))
    await liked(units, written)
    await liked(units, painted)

    assert [each.turn for each in await rated_turns(units)] == [written]
    assert [each.turn for each in await rated_turns(units, pictures=True)] == [painted]


async def test_pages_follow_one_another(units: UnitOfWorkFactory) -> None:
    answers = [(await stored_exchange(units))[1] for _ in range(5)]
    for each in answers:
        await liked(units, each)

    first = await rated_turns(units, limit=3)
    rest = await rated_turns(units, after=first[-1].turn.id, limit=3)

    assert [each.turn.id for each in [*first, *rest]] == [each.id for each in answers]
    assert await rated_turns(units, after=rest[-1].turn.id) == []


async def test_of_a_forgotten_person_neither_words_nor_votes_are_left(units: UnitOfWorkFactory) -> None:
    _, answered = await stored_exchange(units, by=ADA, prompt=PROMPT)
    await liked(units, answered, ADA)
    await liked(units, answered, LIN)
    async with units() as uow:
        await uow.erasure.forget(ADA.key)

    (found,) = await rated_turns(units)

    assert found.turn.status is TurnStatus.FORGOTTEN
    assert (found.turn.text, found.turn.prompt, found.asker) == ("", None, "")
    assert found.people == {}
    assert [rating.person for rating in found.ratings] == [LIN.key]


async def test_votes_are_counted_from_a_moment_on(units: UnitOfWorkFactory) -> None:
    _, answered = await stored_exchange(units)
    async with units() as uow:
        await uow.ratings.put(verdict(answered, ADA, rated_at=later(-1)))
        await uow.ratings.put(verdict(answered, LIN, rated_at=later(1)))
        assert await uow.feedback.votes_since(NOW) == 1
        assert await uow.feedback.votes_since(later(-1)) == 2


async def test_a_damaged_prompt_is_no_prompt_and_hides_no_other(database: Database, units: UnitOfWorkFactory) -> None:
    answers = [(await stored_exchange(units, prompt=PROMPT))[1] for _ in range(3)]
    for each in answers:
        await liked(units, each)
    async with database.writing() as transaction:
        for each, damaged in zip(answers, ("{half", '[{"role": "boss"}]'), strict=False):
            await transaction.execute(
                text("UPDATE turn SET prompt = :it WHERE id = :id"), [{"it": damaged, "id": each.id}]
            )

    assert [found.turn.prompt for found in await rated_turns(units)] == [None, None, PROMPT]
