from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from bot.domain.conversation import Conversation, Spoken, TurnStatus
from bot.domain.messages import Ask, Attachment, CommandCall, ContinueReply, MessageRef, RegenerateReply
from bot.domain.places import PlaceKind, Platform
from bot.domain.preferences import Preference, PreferenceName
from bot.ports import Standing, UnitOfWorkFactory
from storage.database import Database
from storage.tables import inbox
from storage.unit_of_work import SqlUnitOfWorkFactory
from tests.storage.builders import ADA, NOW, PLACE, item, later, message, new_id, question, stored_exchange

WEB = (Platform.WEB,)
REF = MessageRef(Platform.WEB, "general", "1")
ASKS: list[Ask] = [
    message("你好 \x07 \\u0000", mentions_bot=True, reply_to=REF, attachments=(Attachment("a", "text/plain", 1, "x"),)),
    CommandCall(
        "e1", PLACE, ADA, "write", NOW, {"form": "email", "words": 80, "heat": 0.5, "draft": True}, message=REF
    ),
    RegenerateReply("e2", PLACE, REF, ADA, NOW),
    ContinueReply("e3", PLACE, REF, ADA, NOW),
]


@pytest.mark.parametrize("ask", ASKS, ids=lambda ask: ask.kind)
async def test_an_event_comes_back_as_it_was_accepted(ask: Ask, units: UnitOfWorkFactory) -> None:
    kept = replace(item(), ask=ask)
    async with units() as uow:
        assert await uow.inbox.add(kept)
    async with units.reading() as uow:
        assert await uow.inbox.pending(WEB, NOW) == [kept]


async def test_an_event_delivered_twice_is_one_and_the_rest_of_the_transaction_stands(
    units: UnitOfWorkFactory,
) -> None:
    first = item()
    async with units() as uow:
        assert await uow.inbox.add(first)
    async with units() as uow:
        conversation = await uow.turns.conversation_of(PLACE, new_id, NOW)
        assert not await uow.inbox.add(replace(item(), ask=first.ask))

    async with units.reading() as uow:
        assert await uow.inbox.pending(WEB, NOW) == [first]
        assert await uow.turns.find_conversation(PLACE) == conversation


async def test_an_event_delivered_many_times_at_once_is_one(units: UnitOfWorkFactory) -> None:
    ask = message()

    async def deliver() -> bool:
        async with units() as uow:
            return await uow.inbox.add(item(ask))

    assert sum(await asyncio.gather(*(deliver() for _ in range(20)))) == 1


async def test_an_event_meets_the_conversation_of_its_place_and_what_was_said_last(units: UnitOfWorkFactory) -> None:
    asked, answered = await stored_exchange(units)
    beside = question(asked.conversation_id, "/help", aside=True)
    known, new = message(), message()
    last = Spoken(answered.id, answered.created_at)
    async with units() as uow:
        await uow.turns.add(beside)
        await uow.inbox.add(item(known))

    async with units.reading() as uow:
        elsewhere = replace(new, place=replace(PLACE, channel="elsewhere"))
        talk = await uow.turns.find_conversation(PLACE)
        assert await uow.inbox.standings([new, known, elsewhere]) == [
            Standing(False, talk, last),
            Standing(True, talk, last),
            Standing(False, None, None),
        ]
        assert await uow.inbox.standings([]) == []


async def test_an_event_of_a_plain_channel_meets_what_was_chosen_there(units: UnitOfWorkFactory) -> None:
    idle = Preference(PLACE.channel_key, PreferenceName.IDLE, "5", ADA.key, NOW)
    async with units() as uow:
        await uow.preferences.put(idle)
    in_channel = message()
    in_thread = replace(message(), place=replace(PLACE, thread="t", kind=PlaceKind.THREAD))

    async with units.reading() as uow:
        assert await uow.inbox.standings([in_thread, in_channel]) == [
            Standing(False, None, None),
            Standing(False, None, None, (idle,)),
        ]


async def test_a_first_event_of_a_place_begins_its_conversation(units: UnitOfWorkFactory) -> None:
    ask, began = message(), Conversation(new_id(), PLACE, NOW)
    async with units.accepting() as uow:
        assert await uow.inbox.standings([ask]) == [Standing(False, None, None)]
        await uow.turns.begin(began)
        assert await uow.inbox.add(item(ask))

    async with units.accepting() as uow:
        assert await uow.inbox.standings([ask]) == [Standing(True, began, None)]
        assert not await uow.inbox.add(item(ask))


async def test_platforms_do_not_share_event_identities(units: UnitOfWorkFactory) -> None:
    ask = message()
    async with units() as uow:
        assert await uow.inbox.add(item(ask))
        assert await uow.inbox.add(item(replace(ask, place=replace(PLACE, platform=Platform.TERMINAL))))
        assert len(await uow.inbox.pending([Platform.TERMINAL], NOW)) == 1


async def test_of_two_owners_one_claims(units: UnitOfWorkFactory) -> None:
    kept = item()
    async with units() as uow:
        await uow.inbox.add(kept)

    async def claim(owner: str) -> bool:
        async with units() as uow:
            return await uow.inbox.claim(kept.id, owner, NOW, later(60))

    assert sorted(await asyncio.gather(claim("a"), claim("b"), claim("a"))) == [False, False, True]
    async with units.reading() as uow:
        assert await uow.inbox.pending(WEB, later(59)) == []
        (free_again,) = await uow.inbox.pending(WEB, later(60))
    assert free_again == replace(kept, attempts=1)


async def test_an_event_kept_with_an_owner_is_claimed_in_the_same_breath(units: UnitOfWorkFactory) -> None:
    kept = item()
    async with units() as uow:
        assert await uow.inbox.add(kept, owner="a", until=later(60))
        assert not await uow.inbox.claim(kept.id, "b", later(59), later(500))
        assert await uow.inbox.pending(WEB, later(60)) == [replace(kept, attempts=1)]


async def test_a_claim_that_ran_out_is_taken_over_and_one_renewed_is_not(units: UnitOfWorkFactory) -> None:
    kept = item()
    async with units() as uow:
        await uow.inbox.add(kept)
        await uow.inbox.claim(kept.id, "a", NOW, later(60))
        await uow.inbox.renew("a", later(120))
        assert not await uow.inbox.claim(kept.id, "b", later(119), later(500))
        assert await uow.inbox.claim(kept.id, "b", later(120), later(500))
        await uow.inbox.renew("a", later(9999))
        assert len(await uow.inbox.pending(WEB, later(500))) == 1


async def test_claims_of_a_former_process_are_dropped(units: UnitOfWorkFactory) -> None:
    items = [item(), item(), item()]
    async with units() as uow:
        for each in items:
            await uow.inbox.add(each)
        await uow.inbox.claim(items[0].id, "a", NOW, later(60))
        await uow.inbox.claim(items[1].id, "b", NOW, later(60))
        assert await uow.inbox.release("a") == 1
        assert [each.id for each in await uow.inbox.pending(WEB, NOW)] == [items[0].id, items[2].id]


async def test_a_finished_event_keeps_its_identity_only(units: UnitOfWorkFactory, database: Database) -> None:
    kept = item(message("secret words"))
    async with units() as uow:
        await uow.inbox.add(kept)
        await uow.inbox.finish(kept.id, later(1))
        assert not await uow.inbox.claim(kept.id, "a", later(2), later(60))
        assert not await uow.inbox.add(item(kept.ask))  # type: ignore[arg-type]
        assert await uow.inbox.pending(WEB, later(2)) == []

    async with database.reading() as transaction:
        assert (await transaction.execute(select(inbox.c.ask))).scalar_one() is None


@pytest.mark.parametrize("stored", ["{", json.dumps({"kind": "telepathy"}), json.dumps({"kind": "message"})])
async def test_an_event_that_cannot_be_read_fails_and_the_others_are_answered(
    stored: str, units: SqlUnitOfWorkFactory, database: Database
) -> None:
    asked, waiting = await stored_exchange(units, status=TurnStatus.WAITING)
    broken, whole = item(question_id=asked.id, answer_id=waiting.id), item()
    async with units() as uow:
        await uow.inbox.add(broken)
        await uow.inbox.add(whole)
    async with database.writing() as transaction:
        await transaction.execute(update(inbox).where(inbox.c.id == broken.id).values(ask=stored))

    async with units.reading() as uow:
        assert await uow.inbox.pending(WEB, NOW) == [whole]
    async with units() as uow:
        assert await uow.inbox.pending(WEB, NOW) == [whole]
        assert await uow.turns.get(waiting.id) == replace(waiting, status=TurnStatus.FAILED)
        assert (await uow.statistics.totals()).pending == 1
