"""What can be made of an answer: changes from its menu, a draft used as a message, a private answer shared."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from adapters.slack.blocks import Part
from bot.domain.messages import Answer, Change, Control, Picture
from tests.servers.slack import Channel, Message, SlackServer, User
from tests.servers.slack.blocks import checked
from tests.servers.slack.world import buttons_of
from tests.slack.workspaces import Workspace, at_work

MENU = ["Shorter", "Longer", "More formal", "Friendlier", "In Chinese"]


@pytest.fixture
async def draft(workspace: Workspace, general: Channel, ana: User) -> Message:
    await ana.calls(general, "write", "lunch")
    return await workspace.answer(general)


async def test_a_change_chosen_from_the_menu_makes_another_draft_of_this_one(
    workspace: Workspace, server: SlackServer, general: Channel, draft: Message, ana: User
) -> None:
    assert [button.label for button in draft.buttons if button.kind == "static_select"] == MENU
    workspace.generator.enqueue("Lunch?")

    act = await ana.presses(draft, "Shorter")

    changed = (await workspace.answers(general, 2))[1]
    made, source = await workspace.turn(changed), await workspace.turn(draft)
    assert act.failed is None
    assert changed.text == "Lunch?"
    assert (made.change, made.revises) == ("shorter", source.id)
    assert server.violations == []


async def test_menu_and_buttons_work_after_a_restart(
    server: SlackServer, general: Channel, lin: User, tmp_path: Path
) -> None:
    async with at_work(server, tmp_path) as workspace:
        await lin.calls(general, "write", "午饭")
        draft = await workspace.answer(general)

    async with at_work(server, tmp_path) as workspace:
        await lin.presses(draft, "更亲切")
        await workspace.answers(general, 2)
        await lin.presses(draft, "作为消息发送")
        changed, used = (await workspace.answers(general, 3))[1:]

        assert (await workspace.turn(changed)).change == "friendly"
        assert (await workspace.turn(used)).change == "share"


def test_everything_that_can_be_pressed_is_within_slacks_limits() -> None:
    pictures = tuple(Picture(str(number), f"images/{number}.png", "a cat", {}) for number in range(4))
    answer = Answer("Fine.", pictures=pictures, controls=frozenset(Control), changes=tuple(Change), private=True)

    part = Part(answer.text).under_answer(answer, "", carrier=f"turn:{uuid4()}:0")

    made = checked(part.blocks, lambda: str(uuid4()))
    labels = [button.label for block in made for button in buttons_of(block)]
    assert labels[2:10] == [
        *("Regenerate", "Continue", "Suggest a better answer"),
        *("Pick 1", "Pick 2", "Pick 3", "Pick 4", "Share"),
    ]
    assert len(labels) == 10 + len(Change)


async def test_talk_has_no_menu(workspace: Workspace, server: SlackServer, general: Channel, ana: User) -> None:
    await ana.says(general, f"{server.bot.mention} hello")

    answer = await workspace.answer(general)

    assert [button.kind for button in answer.buttons if button.kind == "static_select"] == []


async def test_a_draft_is_used_as_a_message_and_counts_as_liked(
    workspace: Workspace, general: Channel, draft: Message, ana: User
) -> None:
    await ana.presses(draft, "Use as message")

    used = (await workspace.answers(general, 2))[1]
    assert (used.text, used.buttons) == (draft.text, [])
    assert await workspace.votes(draft) == ["good"]


async def test_a_private_answer_is_shared_as_a_message_that_all_see(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    call = await ana.calls(general, "summarize", "something")
    await server.until(lambda: call.replies and call.replies[-1].buttons)
    answer = call.replies[-1]

    await ana.presses(answer, "Share")

    shared = (await workspace.answers(general))[-1]
    assert (answer.ephemeral_for, shared.ephemeral_for) == (ana, None)
    assert shared.text == answer.text
    assert "Ana" in shared.notes
    assert shared.buttons == []


async def test_a_private_answer_is_shared_where_the_bot_is_not_a_member(
    workspace: Workspace, server: SlackServer, ana: User
) -> None:
    elsewhere = server.add_channel("elsewhere", bot=False)
    call = await ana.calls(elsewhere, "summarize", "something")
    await server.until(lambda: call.replies and call.replies[-1].buttons)

    share = await ana.presses(call.replies[-1], "Share")
    await workspace.idle()

    assert share.replies[-1].ephemeral_for is None
    assert "something" in share.replies[-1].text
