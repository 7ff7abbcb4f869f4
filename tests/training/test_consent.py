"""Whose votes and words are learned from: consent by place and by person; over real storage."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.training import ExampleKind
from storage.unit_of_work import SqlUnitOfWorkFactory
from tests.storage.builders import PLACE, new_id, question
from tests.training.conftest import Collect
from tests.training.talk import (
    EVE,
    GUILD,
    answered,
    answered_again,
    chooses,
    opts_out,
    suggests,
    votes,
)

VERDICT, DEMONSTRATION = ExampleKind.VERDICT, ExampleKind.DEMONSTRATION


async def test_vendors_places_are_off_until_an_admin_turns_them_on_and_local_ones_on_until_off(
    units: SqlUnitOfWorkFactory, collected: Collect
) -> None:
    await votes(units, await answered(units, "There?", place=GUILD), bad="lin eve ada")
    await votes(units, await answered(units, "Here?"), bad="lin")

    by_default = await collected()
    await chooses(units, GUILD, "on")
    await chooses(units, PLACE, "off")
    as_chosen = await collected()

    assert [each.prompt[-1].content for each in by_default.examples] == ["Here?"]
    assert by_default.dropped == {"no_consent": 3}
    assert [each.prompt[-1].content for each in as_chosen.examples] == ["There?"]
    assert as_chosen.dropped == {"no_consent": 1}


async def test_a_thread_is_learned_from_as_its_channel_is_unless_it_chose_for_itself(
    units: SqlUnitOfWorkFactory, collected: Collect
) -> None:
    thread, quiet = replace(GUILD, thread="1"), replace(GUILD, thread="2")
    await votes(units, await answered(units, "In a thread?", place=thread), bad="lin")
    await votes(units, await answered(units, "In the quiet one?", place=quiet), bad="lin")
    await chooses(units, GUILD, "on")
    await chooses(units, quiet, "off")

    found = await collected()

    assert [each.prompt[-1].content for each in found.examples] == ["In a thread?"]
    assert found.dropped == {"no_consent": 1}


async def test_a_vote_of_someone_who_opted_out_does_not_count(units: SqlUnitOfWorkFactory, collected: Collect) -> None:
    turn = await answered(units)
    await votes(units, turn, good="lin", bad="eve bob")
    await suggests(units, turn, "Better.", "eve")
    await opts_out(units, "eve")
    await opts_out(units, "bob")

    found = await collected()

    assert {(each.kind, each.good, each.origin.people) for each in found.examples} == {
        (VERDICT, True, ("web/ada", "web/lin")),
        (DEMONSTRATION, True, ("web/ada", "web/lin")),
    }
    assert found.dropped == {"opted_out": 3}


async def test_words_of_someone_who_opted_out_are_in_no_prompt(units: SqlUnitOfWorkFactory, collected: Collect) -> None:
    """Wherever on the branch they spoke."""
    first = await answered(units, by=EVE)
    follow_up = question(first.conversation_id, parent_id=first.id)
    second = replace(first, id=new_id(), parent_id=follow_up.id)
    async with units() as uow:
        await uow.turns.add(follow_up, second)
    await votes(units, second, good="lin")
    await opts_out(units, "eve")

    found = await collected()

    assert found.examples == ()
    assert found.dropped == {"opted_out": 1}


async def test_whoever_asked_for_an_answer_anew_is_asked_too(units: SqlUnitOfWorkFactory, collected: Collect) -> None:
    first = await answered(units)
    await votes(units, await answered_again(units, first, "Second.", by=EVE), good="lin")
    await opts_out(units, "eve")

    assert (await collected()).dropped == {"opted_out": 1}


async def test_nothing_is_left_of_a_forgotten_person(units: SqlUnitOfWorkFactory, collected: Collect) -> None:
    await votes(units, await answered(units, "Theirs?"), good="ada lin")
    other = await answered(units, "Same place, another's?", by=EVE)
    await votes(units, other, good="lin", bad="ada eve")
    async with units() as uow:
        await uow.erasure.forget("web/ada")

    found = await collected()

    assert found.examples == ()
    assert found.dropped == {"forgotten": 1, "no_prompt": 2}
