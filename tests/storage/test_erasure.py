from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.domain.conversation import Delivery, DeliveryState, Turn, TurnStatus
from bot.domain.generation import PromptMessage, Role, SamplingParams
from bot.domain.keeping import Erased, Kept
from bot.domain.messages import Attachment, MessageRef, Picture
from bot.domain.places import Platform
from bot.domain.preferences import Preference, PreferenceName
from bot.domain.ratings import Suggestion
from bot.ports import UnitOfWorkFactory
from storage.database import Database
from storage.tables import delivery, inbox, rating, turn
from storage.unit_of_work import SqlUnitOfWorkFactory
from tests.storage.builders import (
    ADA,
    LIN,
    NOW,
    PLACE,
    answer,
    item,
    later,
    message,
    new_id,
    path_to,
    question,
    stored_exchange,
    verdict,
)

SECRET = "织布机-violet-heron"
PROMPT = (PromptMessage(Role.USER, f"Ada: {SECRET}"),)
WEB = (Platform.WEB,)


async def test_forgetting_empties_a_persons_turns_and_the_answers_and_keeps_the_tree(units: UnitOfWorkFactory) -> None:
    asked, answered = await stored_exchange(units, prompt=PROMPT, completion_tokens=9)
    continued = answer(answered, "And more.")
    theirs = question(asked.conversation_id, "Lin's own words", LIN, parent_id=continued.id)
    async with units() as uow:
        await uow.turns.add(continued, theirs)
        await uow.erasure.forget(ADA.key)

    async with units.reading() as uow:
        path = await path_to(uow, theirs.id)
    assert [each.id for each in path] == [asked.id, answered.id, continued.id, theirs.id]
    assert [each.status for each in path[:3]] == [TurnStatus.FORGOTTEN] * 3
    assert {each.text + each.author + each.author_name + each.note for each in path[:3]} == {""}
    assert (path[1].release, path[1].completion_tokens) == ("base", 9)
    assert path[3] == theirs


async def test_forgetting_returns_what_was_erased_with_its_files(units: UnitOfWorkFactory) -> None:
    file = Attachment("a.txt", "text/plain", 3, "uploads/a", "abc")
    picture = Picture(new_id(), "images/1.png", "a loom", {"prompt": "a loom"})
    _, answered = await stored_exchange(units)
    async with units() as uow:
        conversation = await uow.turns.conversation_of(PLACE, new_id, NOW)
        drawn_for = question(conversation.id, attachments=(file,))
        await uow.turns.add(drawn_for, answer(drawn_for, pictures=(picture,)))
        await uow.ratings.put(verdict(answered))
        await uow.ratings.suggest(Suggestion(new_id(), answered.id, ADA.key, "Better", NOW))
        await uow.ratings.suggest(Suggestion(new_id(), answered.id, LIN.key, "Also better", NOW))

    async with units() as uow:
        assert await uow.erasure.kept_of(ADA.key) == Kept(turns=2, ratings=1, suggestions=1)
        assert await uow.erasure.forget(ADA.key) == Erased(2, 1, 1, [file], [picture])
        assert await uow.erasure.kept_of(ADA.key) == Kept(0, 0, 0)
        assert await uow.erasure.kept_of(LIN.key) == Kept(0, 0, 1)
        assert await uow.erasure.forget(ADA.key) == Erased(0, 0, 0, [], [])


async def test_forgetting_leaves_other_people_as_they_are(units: UnitOfWorkFactory) -> None:
    elsewhere = replace(PLACE, channel="weavers")
    turns = await stored_exchange(units, by=LIN, place=elsewhere, prompt=PROMPT)
    choice = Preference(LIN.key, PreferenceName.OPT_OUT, "yes", LIN.key, NOW)
    waiting = item(message(by=LIN))
    await stored_exchange(units, by=ADA)
    async with units() as uow:
        await uow.ratings.put(verdict(turns[1], LIN))
        await uow.preferences.put(choice)
        await uow.preferences.put(replace(choice, owner=ADA.key))
        await uow.inbox.add(waiting)
        await uow.erasure.forget(ADA.key)

    async with units.reading() as uow:
        assert [await uow.turns.get(each.id) for each in turns] == list(turns)
        assert len(await uow.ratings.of_turns([turns[1].id])) == 1
        assert await uow.preferences.get(LIN.key, PreferenceName.OPT_OUT) == choice
        assert await uow.preferences.get(ADA.key, PreferenceName.OPT_OUT) is None
        assert await uow.inbox.pending(WEB, NOW) == [waiting]


async def test_prompts_go_where_the_person_took_part_and_in_threads_that_began_there(units: UnitOfWorkFactory) -> None:
    _, of_ada = await stored_exchange(units, by=ADA, prompt=PROMPT)
    _, of_lin = await stored_exchange(units, by=LIN, prompt=PROMPT)
    async with units() as uow:
        thread = await uow.turns.conversation_of(replace(PLACE, thread="t"), new_id, NOW)
        in_thread = question(thread.id, by=LIN, parent_id=of_ada.id)
        answered = answer(in_thread, prompt=PROMPT)
        await uow.turns.add(in_thread, answered)
        await uow.erasure.forget(ADA.key)

        for kept in (of_lin, answered):
            assert await uow.turns.get(kept.id) == replace(kept, prompt=None)


async def test_a_forgotten_turn_stays_forgotten_when_its_answer_is_finished(units: UnitOfWorkFactory) -> None:
    _, waiting = await stored_exchange(units, text="", status=TurnStatus.WAITING)
    async with units() as uow:
        await uow.erasure.forget(ADA.key)
        await uow.turns.update(waiting.ended(TurnStatus.COMPLETE, SECRET))
        kept = await uow.turns.get(waiting.id)
    assert kept is not None
    assert (kept.status, kept.text) == (TurnStatus.FORGOTTEN, "")


async def test_an_erased_prompt_does_not_come_back_with_an_answer_that_was_being_made(units: UnitOfWorkFactory) -> None:
    await stored_exchange(units, by=ADA)
    _, waiting = await stored_exchange(units, by=LIN, status=TurnStatus.WAITING, prompt=PROMPT)
    async with units() as uow:
        await uow.erasure.forget(ADA.key)
        await uow.turns.update(waiting.ended(TurnStatus.COMPLETE, "Done."))
        assert await uow.turns.get(waiting.id) == replace(waiting.ended(TurnStatus.COMPLETE, "Done."), prompt=None)


async def test_an_unanswered_event_of_a_forgotten_person_is_not_answered_even_if_delivered_again(
    units: UnitOfWorkFactory, database: Database
) -> None:
    kept = item(message(SECRET))
    async with units() as uow:
        await uow.inbox.add(kept)
        await uow.erasure.forget(ADA.key)
        assert await uow.inbox.pending(WEB, NOW) == []
        assert not await uow.inbox.claim(kept.id, "a", NOW, later(60))
        assert not await uow.inbox.add(item(kept.ask))  # type: ignore[arg-type]

    async with database.reading() as transaction:
        row = (await transaction.execute(select(inbox.c.ask, inbox.c.person))).one()
    assert tuple(row) == (None, "")


async def everything_of(person_text: str, units: UnitOfWorkFactory) -> None:
    """Store a person's words in every way there is, many times and in all sizes, so that pages split and merge."""
    shuffled = random.Random(7)
    for number in range(60):
        words = f"{person_text} {number} " * shuffled.choice([1, 3, 40, 400])
        picture = Picture(new_id(), f"images/{number}.png", words, {"prompt": words})
        file = Attachment(person_text, "text/plain", 3, f"uploads/{number}", words)
        async with units() as uow:
            conversation = await uow.turns.conversation_of(PLACE, new_id, NOW)
            asked = question(conversation.id, words, replace(ADA, name=person_text), attachments=(file,))
            prompt = (PromptMessage(Role.USER, words),)
            answered = answer(
                asked, words, prompt=prompt, pictures=(picture,), note=words, sampling=SamplingParams(stop=(words,))
            )
            theirs = question(conversation.id, "Lin's " * shuffled.choice([1, 30, 300]), LIN, parent_id=answered.id)
            await uow.inbox.add(item(message(words), question_id=asked.id, answer_id=answered.id))
            await uow.turns.add(asked, answered, theirs, answer(theirs, "Yes.", prompt=prompt))
            await uow.turns.update(replace(asked, note=words))
            await uow.ratings.put(verdict(answered, reason=words))
            await uow.ratings.suggest(Suggestion(new_id(), answered.id, ADA.key, words, NOW))


async def test_no_byte_of_a_forgotten_persons_words_stays_in_the_database_file(sqlite_database: Database) -> None:
    units = SqlUnitOfWorkFactory(sqlite_database)
    await everything_of(SECRET, units)
    file = sqlite_database.file
    assert file is not None
    (file.parent / "inkling.db.0000.backup").write_text(SECRET)
    assert SECRET in text_of(file.parent)

    async with units() as uow:
        await uow.erasure.forget(ADA.key)

    assert SECRET not in text_of(file.parent)
    assert "Lin's" in text_of(file.parent)


def text_of(folder: Path) -> str:
    """All files of a folder, whatever their bytes mean."""
    return "".join(file.read_bytes().decode(errors="replace") for file in folder.iterdir())


async def test_a_failed_forgetting_forgets_nothing(units: UnitOfWorkFactory) -> None:
    turns = await stored_exchange(units)

    async def interrupted() -> None:
        async with units() as uow:
            await uow.erasure.forget(ADA.key)
            raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        await interrupted()

    async with units.reading() as uow:
        assert [await uow.turns.get(each.id) for each in turns] == list(turns)


async def count(database: Database) -> dict[str, int]:
    """Rows by table."""
    async with database.reading() as transaction:
        tables = (turn, delivery, inbox, rating)
        counts = [await transaction.execute(select(func.count()).select_from(table)) for table in tables]
    return {table.name: each.scalar_one() for table, each in zip(tables, counts, strict=True)}


async def tree(units: UnitOfWorkFactory, second: float) -> list[Turn]:
    """A question, its answer and a follow-up `second` seconds later, with all that hangs on them."""
    asked, answered = await stored_exchange(units)
    last = question(asked.conversation_id, parent_id=answered.id, created_at=later(second))
    async with units() as uow:
        await uow.turns.add(last)
        await uow.deliveries.put(Delivery(answered.id, 0, DeliveryState.SENT, MessageRef(Platform.WEB, "c", asked.id)))
        await uow.ratings.put(verdict(answered))
        await uow.inbox.add(item(question_id=asked.id, answer_id=answered.id))
    return [asked, answered, last]


async def test_trees_expire_whole_and_take_everything_with_them(units: UnitOfWorkFactory, database: Database) -> None:
    file = Attachment("a.txt", "text/plain", 3, "uploads/a")
    picture = Picture(new_id(), "images/1.png", "a loom", {})
    old = await tree(units, second=10)
    young = await tree(units, second=1000)
    async with units() as uow:
        await uow.turns.update(replace(old[0], attachments=(file,)))
        await uow.turns.update(replace(old[1], pictures=(picture,)))

    async with units() as uow:
        assert await uow.erasure.expire(later(11)) == Erased(3, 1, 0, [file], [picture])
        assert await uow.erasure.expire(later(11)) == Erased(0)

    assert await count(database) == {"turn": 3, "delivery": 1, "inbox": 1, "rating": 1}
    async with units.reading() as uow:
        assert await path_to(uow, young[-1].id) == young


async def test_expiry_goes_in_steps_of_about_the_limit_oldest_first(units: UnitOfWorkFactory) -> None:
    trees = [await tree(units, second) for second in (1, 2, 3)]
    erased = []
    async with units() as uow:
        for _ in range(3):
            erased.append((await uow.erasure.expire(later(100), limit=7)).turns)
        assert [await uow.turns.get(each[0].id) for each in trees] == [None] * 3
        assert erased == [6, 3, 0]


async def test_a_tree_larger_than_the_limit_still_expires(units: UnitOfWorkFactory) -> None:
    await tree(units, 1)
    async with units() as uow:
        assert (await uow.erasure.expire(later(100), limit=1)).turns == 3
