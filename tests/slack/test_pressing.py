"""Votes, buttons and the modal, on answers of any age."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S
from tests.servers.slack import Channel, Message, SlackServer, User
from tests.slack.workspaces import Workspace, at_work


@pytest.fixture
async def answer(workspace: Workspace, server: SlackServer, general: Channel, ana: User) -> Message:
    await ana.says(general, f"{server.bot.mention} hello")
    return await workspace.answer(general)


async def suggestions(workspace: Workspace, answer: Message) -> list[str]:
    turn = await workspace.turn(answer)
    async with workspace.services.units.reading() as uow:
        return [better.text for better in await uow.ratings.suggestions_of([turn.id])]


async def test_a_reaction_in_any_skin_tone_is_a_vote_and_can_be_taken_back(
    workspace: Workspace, server: SlackServer, answer: Message, ana: User, lin: User
) -> None:
    await ana.reacts(answer, "👍🏽")
    await lin.reacts(answer, "thumbsdown", item_user=False)
    await until_votes(workspace, answer, ["bad", "good"])

    await ana.unreacts(answer, "👍🏽")
    await until_votes(workspace, answer, ["bad"])


async def test_other_reactions_and_those_of_bots_are_no_votes(
    workspace: Workspace, server: SlackServer, answer: Message, ana: User
) -> None:
    robot = server.add_user("Robot", bot=True)
    await robot.reacts(answer, "👎")
    await ana.reacts(answer, "🎉")
    await ana.reacts(answer, "👍")

    await until_votes(workspace, answer, ["good"])


async def test_a_bot_of_which_slack_tells_late_is_no_voter(
    workspace: Workspace, server: SlackServer, answer: Message, ana: User
) -> None:
    robot = server.add_user("Robot", bot=True)
    server.faults.delay("users.info", 0.8)
    await robot.reacts(answer, "👎")
    await server.until(lambda: [each for each in server.deliveries.log if each.type == "reaction_added"])
    await ana.reacts(answer, "👍")

    await until_votes(workspace, answer, ["good"])


async def test_a_good_press_is_a_vote_and_is_thanked_for(
    workspace: Workspace, server: SlackServer, answer: Message, ana: User
) -> None:
    act = await ana.presses(answer, "good")

    await server.until(lambda: act.replies)
    assert "Noted" in act.replies[0].text
    assert await workspace.votes(answer) == ["good"]


async def test_a_bad_press_is_a_vote_and_asks_why_and_for_a_better_answer(
    workspace: Workspace, server: SlackServer, answer: Message, lin: User
) -> None:
    act = await lin.presses(answer, "bad")
    await server.until(lambda: act.modal)
    assert await workspace.votes(answer) == ["bad"]

    await lin.submits(act.modal, {"reason": "too short", "better": "Hello, dear Ana!"})

    assert await suggestions(workspace, answer) == ["Hello, dear Ana!"]
    turn = await workspace.turn(answer)
    async with workspace.services.units.reading() as uow:
        (vote,) = await uow.ratings.of_turns([turn.id])
    assert vote.reason == "too short"
    await server.until(lambda: lin.ephemerals)
    assert "已记下" in lin.ephemerals[0].text


async def test_a_form_that_slack_does_not_open_in_time_is_told_and_the_vote_is_kept(
    workspace: Workspace, server: SlackServer, answer: Message, ana: User
) -> None:
    server.faults.refuse("views.open", error="expired_trigger_id")

    act = await ana.presses(answer, "bad")
    await server.until(lambda: act.replies)

    assert act.modal is None
    assert "too slow to open the form" in act.replies[0].text
    assert await workspace.votes(answer) == ["bad"]


async def test_a_better_answer_can_be_suggested(
    workspace: Workspace, server: SlackServer, answer: Message, ana: User
) -> None:
    act = await ana.presses(answer, "suggest")
    await server.until(lambda: act.modal)

    await ana.submits(act.modal, {"better": "Good morning!"})

    assert await suggestions(workspace, answer) == ["Good morning!"]
    assert await workspace.votes(answer) == []


async def test_regenerating_answers_beside_the_first(
    workspace: Workspace, server: SlackServer, general: Channel, answer: Message, ana: User
) -> None:
    workspace.generator.enqueue("Another one.")

    await ana.presses(answer, "Regenerate")
    answers = await workspace.answers(general, 2)

    first, second = [await workspace.turn(message) for message in answers]
    assert second.text == "Another one."
    assert first.parent_id == second.parent_id
    assert answers[1].thread_ts == answer.thread_ts


async def test_buttons_work_after_a_restart_on_old_messages(
    server: SlackServer, general: Channel, ana: User, tmp_path: Path
) -> None:
    async with at_work(server, tmp_path) as workspace:
        await ana.says(general, f"{server.bot.mention} hello")
        answer = await workspace.answer(general)

    async with at_work(server, tmp_path) as workspace:
        workspace.generator.enqueue("Another one.")
        await ana.presses(answer, "Regenerate")
        await ana.presses(answer, "good")
        answers = await workspace.answers(general, 2)
        assert answers[1].text == "Another one."
        assert await workspace.votes(answer) == ["good"]
        assert server.violations == []


async def test_a_press_on_an_answer_that_is_not_known_any_more_says_so(
    server: SlackServer, general: Channel, lin: User, tmp_path: Path
) -> None:
    async with at_work(server, tmp_path / "before") as workspace:
        await lin.says(general, f"{server.bot.mention} hello")
        answer = await workspace.answer(general)

    async with at_work(server, tmp_path / "after"):
        act = await lin.presses(answer, "regenerate")
        await server.until(lambda: act.replies)

    assert "不记得" in act.replies[0].text


async def test_the_stop_button_of_an_edited_answer_stops_it(
    server: SlackServer, general: Channel, ana: User, tmp_path: Path
) -> None:
    async with at_work(server, tmp_path) as workspace:
        workspace.generator.enqueue("Once upon ", asyncio.Event())
        await ana.calls(general, "write", "story")
        await ana.calls(general, "write", "story a fox")
        await server.until(lambda: any(message.buttons for message in workspace.by_bot(general)))
        growing = next(message for message in workspace.by_bot(general) if "Once" in message.text)
        await workspace.noted(growing)

        await ana.presses(growing, "Stop")
        await workspace.idle()

    assert "Stopped." in growing.notes
    assert "continue" in [button.action_id for button in growing.buttons]


async def until_votes(workspace: Workspace, answer: Message, votes: list[str]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while sorted(await workspace.votes(answer)) != votes:
            await asyncio.sleep(0.01)
