"""What is made of answers, wherever people meet the bot: changed drafts, shared answers, picked pictures."""

from __future__ import annotations

from tests.contracts.drivers import Driver
from tests.contracts.test_behaviour import IN_TEAMS, WITH_WINDOWS

TEXT_CHANGES = ("shorter", "longer", "formal", "friendly", "chinese")


@WITH_WINDOWS
async def test_a_draft_can_be_changed_after_a_restart_too(bot: Driver) -> None:
    await bot.says("!write email invite the team")
    (draft,) = await bot.answers()
    assert draft.changes == TEXT_CHANGES
    await bot.restart()

    await bot.chooses(draft, "shorter")

    answers = await bot.answers(2)
    turns = {turn.change: turn for turn in [await bot.turn(each) for each in answers]}
    assert turns["shorter"].revises == turns[""].id
    assert turns["shorter"].parent_id == turns[""].parent_id


@WITH_WINDOWS
async def test_talk_offers_no_changes_and_nothing_to_post(bot: Driver) -> None:
    await bot.says("hello")

    (answer,) = await bot.answers()

    assert answer.changes == ()
    assert answer.buttons == {"good", "bad", "regenerate"} | (answer.buttons & {"suggest"})


@WITH_WINDOWS
async def test_a_draft_that_is_used_stands_alone_and_counts_as_liked(bot: Driver) -> None:
    await bot.says("!write email invite the team")
    (draft,) = await bot.answers()

    await bot.presses(draft, "use")

    used = next(each for each in await bot.answers(2) if not each.buttons)
    assert used.words == draft.words
    assert used.changes == ()
    assert await bot.votes(draft, ["good"]) == ["good"]


@IN_TEAMS
async def test_what_only_one_saw_is_shared_with_all(bot: Driver) -> None:
    await bot.says("!summarize The meeting is on Friday.")
    whispered = await bot.whispered()
    assert "share" in whispered.buttons

    await bot.presses(whispered, "share")

    shared = (await bot.answers())[0]
    assert "Shared by Ana" in shared.words
    assert "The meeting is on Friday." in shared.words
    assert shared.buttons == frozenset()


@WITH_WINDOWS
async def test_a_picture_that_is_picked_comes_alone_and_counts_as_liked(bot: Driver) -> None:
    await bot.says("!image count:2 a cat")
    answers = await bot.answers()
    grid = next(each for each in answers if "pick 2" in each.buttons)

    await bot.presses(grid, "pick 2")

    picked = next(each for each in (await bot.answers(len(answers) + 1))[len(answers) :] if each.buttons)
    assert "pick 1" not in picked.buttons
    assert (await bot.turn(picked)).pictures[0].parameters["seed"] == 8
    assert await bot.votes(picked, ["good"]) == ["good"]
