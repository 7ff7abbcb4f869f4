from __future__ import annotations

import asyncio
from dataclasses import replace

from bot.domain.conversation import Timings, TurnStatus
from bot.domain.generation import PromptMessage, Role, SamplingParams
from bot.domain.messages import Attachment, Picture
from bot.domain.places import Place, PlaceKind, Platform
from bot.domain.preferences import Preference, PreferenceName
from bot.ports import Heard, Look, UnitOfWorkFactory
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
)


async def test_a_turn_comes_back_as_it_was_stored(units: UnitOfWorkFactory) -> None:
    asked, _ = await stored_exchange(units)
    full = answer(
        asked,
        "🧵 织布机\n\n```\nloom\n```",
        note="a note",
        locale="zh-CN",
        aside=True,
        private=True,
        origin="image",
        prompt=(PromptMessage(Role.SYSTEM, "Be kind."), PromptMessage(Role.USER, "“loom”?")),
        sampling=SamplingParams(max_tokens=64, temperature=0.5, stop=("###",), seed=7),
        prompt_tokens=12,
        completion_tokens=34,
        timings=Timings(0.1, 0.25, 1.5),
        attachments=(Attachment("a.txt", "text/plain", 3, "uploads/a", "abc"),),
        pictures=(
            Picture(new_id(), "images/1.png", "a loom", {"seed": 1, "size": 64, "model": "m"}),
            Picture(new_id(), "images/2.png", "another", {"guidance": 7.5}),
        ),
    )

    async with units() as uow:
        await uow.turns.add(full)

    async with units.reading() as uow:
        assert await uow.turns.get(full.id) == full
        assert await uow.turns.get("unknown") is None


async def test_a_place_has_one_conversation(units: UnitOfWorkFactory) -> None:
    thread = Place(Platform.SLACK, "T1", "C1", "17.5", PlaceKind.THREAD)
    async with units() as uow:
        assert await uow.turns.find_conversation(thread) is None
        made = await uow.turns.conversation_of(thread, new_id, NOW)
        again = await uow.turns.conversation_of(thread, new_id, later(9))

    assert made == again
    assert made.place == thread
    assert made.created_at == NOW
    async with units.reading() as uow:
        assert await uow.turns.find_conversation(thread) == made
        assert await uow.turns.conversation(made.id) == made
        assert await uow.turns.conversation("unknown") is None


async def test_a_conversation_made_by_many_at_once_is_one(units: UnitOfWorkFactory) -> None:
    async def make() -> str:
        async with units() as uow:
            return (await uow.turns.conversation_of(PLACE, new_id, NOW)).id

    assert len(set(await asyncio.gather(*(make() for _ in range(20))))) == 1


async def test_conversations_come_with_the_latest_talk_first(units: UnitOfWorkFactory) -> None:
    old, new = replace(PLACE, channel="old"), replace(PLACE, channel="new")
    await stored_exchange(units, place=new)
    await stored_exchange(units, place=old)
    await stored_exchange(units, place=replace(PLACE, platform=Platform.TERMINAL))
    await stored_exchange(units, place=new)

    async with units.reading() as uow:
        assert [each.place for each in await uow.turns.conversations(Platform.WEB)] == [new, old]


async def test_the_path_leads_from_the_root_to_the_turn_without_its_siblings(units: UnitOfWorkFactory) -> None:
    root, first = await stored_exchange(units)
    second = answer(root, "Another answer.")
    follow_up = question(root.conversation_id, "And a shuttle?", parent_id=second.id)
    async with units() as uow:
        await uow.turns.add(second, follow_up)

    async with units.reading() as uow:
        assert await path_to(uow, follow_up.id) == [root, second, follow_up]
        assert await path_to(uow, first.id) == [root, first]
        assert await path_to(uow, "unknown") == []


async def test_one_look_shows_the_branches_of_several_turns_and_what_was_chosen_there(units: UnitOfWorkFactory) -> None:
    picture = Picture(new_id(), "images/1.png", "a loom", {"seed": 1})
    asked, answered = await stored_exchange(units, pictures=(picture,))
    other, _ = await stored_exchange(units, by=LIN)
    poet = Preference(ADA.key, PreferenceName.PERSONA, "poet", ADA.key, NOW)
    style = Preference(PLACE.channel_key, PreferenceName.HOUSE_STYLE, "Say “we”.", LIN.key, NOW)
    async with units() as uow:
        await uow.preferences.put(poet)
        await uow.preferences.put(style)

    async with units.reading() as uow:
        assert await uow.turns.heard([]) == []
        assert await uow.turns.heard(
            [
                Look(answered.id, 9, (PLACE.channel_key, ADA.key)),
                Look(other.id, 9, ("elsewhere", LIN.key)),
                Look("unknown", 9, (PLACE.channel_key, LIN.key)),
            ]
        ) == [Heard([asked, answered], [poet, style]), Heard([other], []), Heard([], [style])]


async def test_a_path_of_a_thousand_turns_ends_at_the_turn_and_keeps_the_nearest(units: UnitOfWorkFactory) -> None:
    async with units() as uow:
        conversation = await uow.turns.conversation_of(PLACE, new_id, NOW)
        turns = [question(conversation.id)]
        for _ in range(1000):
            turns.append(question(conversation.id, parent_id=turns[-1].id))
        await uow.turns.add(*turns)

    async with units.reading() as uow:
        assert await path_to(uow, turns[-1].id) == turns[1:]
        assert await path_to(uow, turns[-1].id, most=3) == turns[-3:]


async def test_a_path_may_begin_in_another_conversation(units: UnitOfWorkFactory) -> None:
    asked, answered = await stored_exchange(units)
    async with units() as uow:
        thread = await uow.turns.conversation_of(replace(PLACE, thread="t", kind=PlaceKind.THREAD), new_id, NOW)
        in_thread = question(thread.id, parent_id=answered.id)
        await uow.turns.add(in_thread)
        assert await path_to(uow, in_thread.id) == [asked, answered, in_thread]


async def test_a_path_does_not_carry_prompts_but_a_single_turn_does(units: UnitOfWorkFactory) -> None:
    prompt = (PromptMessage(Role.USER, "What is a loom?"),)
    _, answered = await stored_exchange(units, prompt=prompt)

    async with units() as uow:
        (_, on_path) = await path_to(uow, answered.id)
        assert on_path == replace(answered, prompt=None)
        await uow.turns.update(replace(on_path, note="edited"))

    async with units.reading() as uow:
        assert await uow.turns.get(answered.id) == replace(answered, note="edited")


async def test_latest_leaves_asides_out(units: UnitOfWorkFactory) -> None:
    asked, answered = await stored_exchange(units)
    async with units() as uow:
        await uow.turns.add(answer(asked, "Help.", aside=True))

    async with units.reading() as uow:
        assert await uow.turns.latest(asked.conversation_id) == answered
        assert await uow.turns.latest("unknown") is None


async def test_children_come_oldest_first(units: UnitOfWorkFactory) -> None:
    asked, first = await stored_exchange(units)
    second = answer(asked)
    async with units() as uow:
        await uow.turns.add(second)
        assert await uow.turns.children(asked.id) == [first, second]


async def test_a_conversation_is_paged_backwards(units: UnitOfWorkFactory) -> None:
    turns = [turn for _ in range(3) for turn in await stored_exchange(units)]
    conversation = turns[0].conversation_id

    async with units.reading() as uow:
        last = await uow.turns.in_conversation(conversation, limit=2)
        before = await uow.turns.in_conversation(conversation, before=last[0].id, limit=10)

    assert [*before, *last] == turns


async def test_an_update_replaces_text_status_and_pictures(units: UnitOfWorkFactory) -> None:
    picture = Picture(new_id(), "images/1.png", "a loom", {"seed": 1})
    _, waiting = await stored_exchange(units, text="", status=TurnStatus.WAITING)
    done = replace(waiting.ended(TurnStatus.COMPLETE, "Done.", "note"), pictures=(picture,), release="tuned-1")

    async with units() as uow:
        await uow.turns.update(done)
        await uow.turns.update(done)

    async with units.reading() as uow:
        assert await uow.turns.get(waiting.id) == done


async def test_text_that_no_database_holds_is_stored_with_replacement_characters(units: UnitOfWorkFactory) -> None:
    asked, _ = await stored_exchange(units, text="a\x00b\ud800c\x07")
    async with units.reading() as uow:
        stored = await uow.turns.get(asked.id)
    assert stored is not None
    assert stored.text == "a\N{REPLACEMENT CHARACTER}b?c\x07"


async def test_usage_counts_an_ended_answer_once_for_the_person_who_asked(units: UnitOfWorkFactory) -> None:
    asked, waiting = await stored_exchange(units, by=ADA, status=TurnStatus.WAITING)
    done = replace(waiting, status=TurnStatus.COMPLETE, prompt_tokens=10, completion_tokens=5)
    async with units() as uow:
        await uow.inbox.add(item(message(by=LIN), question_id=asked.id, answer_id=waiting.id))
        await uow.turns.update(done)
        await uow.turns.update(done)

    async with units.reading() as uow:
        once = {"requests": 1, "prompt_tokens": 10, "completion_tokens": 5}
        assert await uow.statistics.usage_of(LIN.key, NOW) == once
        assert await uow.statistics.usage_of(LIN.key, later(86_400)) == dict.fromkeys(once, 0)
        assert await uow.statistics.usage_of(ADA.key, NOW) == dict.fromkeys(once, 0)


async def test_a_refused_answer_uses_nothing(units: UnitOfWorkFactory) -> None:
    asked, waiting = await stored_exchange(units, status=TurnStatus.WAITING)
    async with units() as uow:
        await uow.inbox.add(item(question_id=asked.id, answer_id=waiting.id))
        await uow.turns.update(replace(waiting, status=TurnStatus.REFUSED))
        assert (await uow.statistics.usage_of(ADA.key, NOW))["requests"] == 0
