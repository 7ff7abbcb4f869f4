"""Which votes become which examples, and which are left out for which reason; over real storage."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bot.domain.conversation import TurnStatus
from bot.domain.generation import PromptMessage, Role
from bot.domain.messages import Change, Picture
from bot.domain.releases import Release, ReleaseState
from bot.domain.training import Collected, Example, ExampleKind, ExampleSource, Origin
from bot.training.collecting import collect
from bot.training.earning import Earned
from bot.training.refining import Refined, key_of, within_share
from bot.training.rows import write_examples
from storage.unit_of_work import SqlUnitOfWorkFactory
from tests.storage.builders import NOW, PLACE, later, new_id
from tests.training.conftest import Collect
from tests.training.talk import (
    answered,
    answered_again,
    learning,
    opts_out,
    prompt_for,
    revised,
    suggests,
    votes,
)

VERDICT, DEMONSTRATION, PAIR = ExampleKind.VERDICT, ExampleKind.DEMONSTRATION, ExampleKind.PAIR


def shape(found: Collected) -> list[tuple[ExampleKind, str, bool, str]]:
    return sorted((each.kind, each.answer, each.good, each.rejected) for each in found.examples)


# --- what teaches what ----------------------------------------------------------------------------------------------


async def test_a_liked_answer_is_a_verdict_and_a_demonstration_with_its_origin(
    units: SqlUnitOfWorkFactory, collected: Collect
) -> None:
    turn = await answered(units)
    await votes(units, turn, good="lin eve", at=5)

    found = await collected()

    origin = Origin(
        ExampleSource.RATING,
        later(5),
        turn_id=turn.id,
        place=PLACE.key,
        rated_by="web/lin",
        people=("web/ada", "web/eve", "web/lin"),
        release=turn.release,
    )
    assert set(found.examples) == {
        Example(VERDICT, prompt_for("What is a loom?"), turn.text, origin),
        Example(DEMONSTRATION, prompt_for("What is a loom?"), turn.text, origin),
    }
    assert found.dropped == {}
    assert found.verdicts == 1


async def test_a_disliked_answer_is_never_a_target(units: SqlUnitOfWorkFactory, collected: Collect) -> None:
    await votes(units, await answered(units, "One?"), bad="lin")

    assert shape(await collected()) == [(VERDICT, "A loom weaves cloth.", False, "")]


async def test_a_suggested_answer_is_a_target_and_a_pair_over_what_it_corrects(
    units: SqlUnitOfWorkFactory, collected: Collect
) -> None:
    turn = await answered(units)
    await suggests(units, turn, "First try.", "lin")
    await suggests(units, turn, "A frame.", "lin", at=1)
    await suggests(units, turn, turn.text, "eve")
    await suggests(units, turn, "/help", "bob")

    found = await collected()

    assert shape(found) == [(DEMONSTRATION, "A frame.", True, ""), (PAIR, "A frame.", True, turn.text)]
    assert {each.origin.source for each in found.examples} == {ExampleSource.SUGGESTION}
    assert {each.origin.rated_by for each in found.examples} == {"web/lin"}
    assert found.dropped == {"command": 1, "replaced": 1, "unchanged": 1}


async def test_an_answer_made_anew_and_liked_is_a_pair_over_the_disliked_one_before(
    units: SqlUnitOfWorkFactory, collected: Collect
) -> None:
    first = await answered(units, "Q?")
    second = await answered_again(units, first, "Second.")
    third = await answered_again(units, first, "Third.")
    await votes(units, first, bad="lin")
    await votes(units, second, good="lin")
    await votes(units, third, good="eve")

    pairs = [each for each in (await collected()).examples if each.kind is PAIR]

    assert {(each.answer, each.rejected) for each in pairs} == {("Second.", first.text), ("Third.", first.text)}
    assert {each.origin.source for each in pairs} == {ExampleSource.REGENERATED}
    assert {each.origin.people for each in pairs} == {("web/ada", "web/lin"), ("web/ada", "web/eve", "web/lin")}


async def test_asking_again_and_liking_what_comes_is_a_judgement_of_its_own(
    units: SqlUnitOfWorkFactory, collected: Collect
) -> None:
    """Only of the one who asked again; another's liking says nothing of the answer that nobody rated."""
    one = await answered(units, "One?")
    two = await answered(units, "Two?")
    await votes(units, await answered_again(units, one, "Better one."), good="ada")
    await votes(units, await answered_again(units, two, "Better two."), good="lin")

    pairs = [each for each in (await collected()).examples if each.kind is PAIR]

    assert [(each.answer, each.rejected) for each in pairs] == [("Better one.", one.text)]


async def test_a_text_made_anew_that_is_disliked_is_the_lesser_of_a_liked_one_before(
    units: SqlUnitOfWorkFactory, collected: Collect
) -> None:
    first = await answered(units, "Q?")
    second = await answered_again(units, first, "Second.")
    await votes(units, first, good="lin")
    await votes(units, second, bad="eve")

    (pair,) = [each for each in (await collected()).examples if each.kind is PAIR]

    assert (pair.prompt, pair.answer, pair.rejected) == (first.prompt, first.text, "Second.")
    assert pair.origin.people == ("web/ada", "web/eve", "web/lin")


async def test_a_shorter_text_that_is_liked_is_a_pair_under_the_prompt_of_the_one_it_was_made_from(
    units: SqlUnitOfWorkFactory, collected: Collect
) -> None:
    first = await answered(units, "Q?", origin="write")
    shorter = await revised(units, first, "Short.")
    friendlier = await revised(units, shorter, "Short, friend!", Change.FRIENDLY)
    await votes(units, friendlier, good="ada")

    found = await collected()

    assert [(each.prompt, each.answer, each.rejected) for each in found.examples if each.kind is PAIR] == [
        (first.prompt, "Short, friend!", "Short.")
    ]
    assert [each.prompt for each in found.examples if each.kind is DEMONSTRATION] == [friendlier.prompt]


async def test_a_text_is_compared_with_the_one_that_it_was_made_from_before_any_nearer_one(
    units: SqlUnitOfWorkFactory, collected: Collect
) -> None:
    first = await answered(units, "Q?", origin="write")
    await revised(units, first, "Short.")
    formal = await revised(units, first, "Formally.", Change.FORMAL)
    await votes(units, formal, good="ada")

    (pair,) = [each for each in (await collected()).examples if each.kind is PAIR]

    assert (pair.answer, pair.rejected) == ("Formally.", first.text)


async def test_a_translation_is_no_better_wording(units: SqlUnitOfWorkFactory, collected: Collect) -> None:
    first = await answered(units, "Q?", origin="write")
    chinese = await revised(units, first, "短文。", Change.CHINESE)
    shorter = await revised(units, chinese, "短。")
    await votes(units, chinese, good="ada")
    await votes(units, shorter, good="ada")

    assert not [each for each in (await collected()).examples if each.kind is PAIR]


async def test_several_people_on_one_answer_are_one_example_by_majority(
    units: SqlUnitOfWorkFactory, collected: Collect
) -> None:
    await votes(units, await answered(units, "One?"), good="ada", bad="lin eve")
    await votes(units, await answered(units, "Two?"), good="ada", bad="lin")

    found = await collected()

    (example,) = found.examples
    assert not example.good
    assert (example.origin.rated_by, example.origin.people) == ("web/lin", ("web/ada", "web/eve", "web/lin"))
    assert found.dropped == {"even": 2, "outvoted": 1}


async def test_the_same_words_rated_twice_count_once_and_as_judged_last(
    units: SqlUnitOfWorkFactory, collected: Collect
) -> None:
    await votes(units, await answered(units), good="ada", at=1)
    await votes(units, await answered(units), bad="lin", at=2)

    found = await collected()

    assert [(each.good, each.origin.rated_by) for each in found.examples] == [(False, "web/lin")]
    assert found.dropped == {"duplicate": 1}


async def test_examples_come_oldest_first(units: SqlUnitOfWorkFactory, collected: Collect) -> None:
    for asks, at in (("One?", 30.0), ("Two?", 10.0), ("Three?", 20.0)):
        await votes(units, await answered(units, asks), bad="ada", at=at)

    found = await collected()

    assert [each.prompt[-1].content for each in found.examples] == ["Two?", "Three?", "One?"]


# --- what is no good example ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": TurnStatus.STOPPED}, "unfinished"),
        ({"status": TurnStatus.INTERRUPTED}, "unfinished"),
        ({"status": TurnStatus.FAILED}, "unfinished"),
        ({"text": "  "}, "unfinished"),
        ({"prompt": None}, "no_prompt"),
        ({"private": True}, "private"),
        ({"origin": "summarize"}, "summary"),
        ({"origin": "help"}, "command"),
        ({"prompt": (*prompt_for("Q"), PromptMessage(Role.ASSISTANT, "It"))}, "continuation"),
        ({"completion_tokens": 99}, "cut_off"),
        ({"release": "other@1a2b3c4d"}, "other_model"),
    ],
)
async def test_answers_that_teach_nothing_good_are_left_out(
    units: SqlUnitOfWorkFactory, collected: Collect, changes: dict[str, object], reason: str
) -> None:
    async with units() as uow:
        await uow.releases.put(Release("writer@1a2b3c4d", "writer", ReleaseState.ACTIVE, NOW))
    await votes(units, await answered(units, **changes), good="lin eve")

    found = await collected()

    assert found.examples == ()
    assert found.dropped == {reason: 2}


async def test_a_better_answer_counts_where_the_answer_itself_is_no_example(
    units: SqlUnitOfWorkFactory, collected: Collect
) -> None:
    turn = await answered(units, status=TurnStatus.STOPPED)
    await suggests(units, turn, "A frame.")

    assert shape(await collected()) == [(DEMONSTRATION, "A frame.", True, "")]


async def test_a_release_trained_on_the_base_in_service_is_the_same_model(
    units: SqlUnitOfWorkFactory, collected: Collect
) -> None:
    async with units() as uow:
        tuned = Release("writer-0a1b2c@99887766", "writer@1a2b3c4d", ReleaseState.ACTIVE, NOW, weights="runs/1/weights")
        await uow.releases.put(tuned)
    await votes(units, await answered(units, "One?", release="writer-0a1b2c@99887766"), bad="lin")
    await votes(units, await answered(units, "Two?", release="writer@00000000"), bad="lin")
    await votes(units, await answered(units, "Three?", release="writer-large@00000000"), bad="lin")

    found = await collected()

    assert [each.prompt[-1].content for each in found.examples] == ["One?", "Two?"]
    assert found.dropped == {"other_model": 1}


async def test_ratings_of_pictures_are_only_counted(units: SqlUnitOfWorkFactory, collected: Collect) -> None:
    picture = Picture(new_id(), "images/1.png", "a loom", {"seed": 3})
    await votes(units, await answered(units, origin="image", text="", pictures=(picture,)), good="lin eve")

    found = await collected()

    assert found.examples == ()
    assert found.dropped == {"picture": 2}


async def test_examples_hold_no_private_data_and_no_names(units: SqlUnitOfWorkFactory, collected: Collect) -> None:
    prompt = (PromptMessage(Role.USER, "Ada Lovelace: write to bob@example.com"),)
    await votes(units, await answered(units, prompt=prompt, text="Hi bob@example.com, Ada Lovelace wrote."), good="lin")
    await votes(units, await answered(units, "Whom?", text="Call 13812345678"), good="lin")

    found = await collected()

    (example,) = {each.prompt: each for each in found.examples}.values()
    assert example.prompt[0].content == "<PERSON_1>: write to <EMAIL_1>"
    assert example.answer == "Hi <EMAIL_1>, <PERSON_1> wrote."
    assert found.dropped == {"private_data": 1}


# --- one person's share, imports ------------------------------------------------------------------------------------


async def test_one_persons_share_is_capped_and_their_oldest_go_first(
    units: SqlUnitOfWorkFactory, collected: Collect
) -> None:
    for number in range(6):
        await votes(units, await answered(units, f"Q{number}?"), bad="ada", at=number)
    for number, name in enumerate(["lin", "eve", "bob"]):
        await votes(units, await answered(units, f"R{number}?"), bad=name, at=-10)

    found = await collected(RETRAIN_PERSON_SHARE="0.5")

    assert [each.prompt[-1].content for each in found.examples] == ["R0?", "R1?", "R2?", "Q3?", "Q4?", "Q5?"]
    assert found.dropped == {"person_cap": 3}


@pytest.mark.parametrize(
    ("counts", "share", "kept"),
    [
        ({"ada": 100}, 0.5, {"ada": 100}),
        ({"ada": 100, "lin": 10}, 0.5, {"ada": 100, "lin": 10}),
        ({"ada": 100, "lin": 1, "eve": 1}, 0.5, {"ada": 2, "lin": 1, "eve": 1}),
        ({"ada": 100, "lin": 10, "eve": 10}, 0.5, {"ada": 20, "lin": 10, "eve": 10}),
        ({"ada": 9, "lin": 1}, 0.1, {"ada": 9, "lin": 1}),
        ({"ada": 100, "lin": 1}, 1.0, {"ada": 100, "lin": 1}),
        ({}, 0.5, {}),
    ],
)
def test_a_share_is_one_of_what_is_left(counts: dict[str, int], share: float, kept: dict[str, int]) -> None:
    refined, dropped = [], Counter[str]()
    for name, count in counts.items():
        for number in range(count):
            example = Example(
                VERDICT, (), f"{name} {number}", Origin(ExampleSource.RATING, later(number), rated_by=name)
            )
            refined.append(Refined(Earned((example,)), (key_of(example),)))

    within = within_share(refined, share, dropped)

    assert {name: sum(each.rated_by == name for each in within) for name in counts} == kept
    assert sum(dropped.values()) == sum(counts.values()) - sum(kept.values())


async def test_imported_examples_stand_beside_the_ratings_and_damaged_lines_are_told(
    units: SqlUnitOfWorkFactory, collected: Collect, tmp_path: Path
) -> None:
    def imported(text: str, people: tuple[str, ...] = ()) -> Example:
        return Example(DEMONSTRATION, prompt_for(text), "Good.", Origin(ExampleSource.IMPORTED, NOW, people=people))

    (tmp_path / "imported").mkdir()
    rows = write_examples([imported("One?"), imported("Out?", ("web/eve",)), imported("Two?")])
    (tmp_path / "imported" / "a.jsonl").write_text(rows + "{half a li\n" + write_examples([imported("One?")]))
    await votes(units, await answered(units, "Two?", text="Good."), good="lin")
    await opts_out(units, "eve")

    found = await collected()

    assert {each.prompt[-1].content for each in found.examples} == {"One?", "Two?"}
    assert found.dropped == {"damaged": 1, "duplicate": 2, "opted_out": 1}


async def test_a_process_of_its_own_scrubs_and_ends(units: SqlUnitOfWorkFactory, tmp_path: Path) -> None:
    await votes(units, await answered(units, "Is bob@example.com right?", text="Yes."), good="lin")

    found = await collect(units, learning(tmp_path))

    assert {each.prompt[-1].content for each in found.examples} == {"Is <EMAIL_1> right?"}
