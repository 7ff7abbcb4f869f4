"""Workspaces and channels of every kind: without agents, in organisations, shared, closed, archived, renamed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from adapters.slack.checking import check
from bot.errors import SettingsError
from tests.servers.slack import Channel, SlackServer, User
from tests.slack.workspaces import Workspace, at_work, slack_settings


async def test_in_a_workspace_without_agents_everything_is_answered_without_status(
    server: SlackServer, general: Channel, ana: User, tmp_path: Path
) -> None:
    server.world.is_agent = False
    async with at_work(server, tmp_path) as workspace:
        await ana.opens_agent()
        await ana.says(ana.dm, "one")
        await ana.says(general, f"{server.bot.mention} two")

        answers = [*await workspace.answers(ana.dm), *await workspace.answers(general)]

        assert [answer.text for answer in answers] == ["You said: one", "You said: two"]


async def test_in_an_organisation_of_several_workspaces_answers_stream_and_admins_are_known(
    server: SlackServer, general: Channel, ana: User, tmp_path: Path
) -> None:
    server.world.enterprise_id = "E0ORG000001"
    boss = server.add_user("Boss", admin=True)
    async with at_work(server, tmp_path) as workspace:
        gate = asyncio.Event()
        workspace.generator.enqueue("Once upon ", gate, "a time.")
        await boss.says(general, f"{server.bot.mention} a story")
        await server.until(lambda: workspace.asked("chat.startStream"))
        gate.set()
        await workspace.answers(general)
        call = await boss.calls(general, "release")
        await server.until(lambda: call.replies)

    assert server.seen("chat.startStream")[0].body["recipient_team_id"] == server.team.id
    assert "Only admins" not in call.replies[-1].text


async def test_an_installation_for_a_whole_organisation_ends_the_start_with_what_to_do(
    server: SlackServer, tmp_path: Path
) -> None:
    server.world.is_enterprise_install = True

    with pytest.raises(SettingsError, match="install the app in one workspace"):
        async with at_work(server, tmp_path):
            pass


async def test_a_stranger_of_a_shared_channel_is_answered_and_streamed_to_as_of_their_own_workspace(
    server: SlackServer, general: Channel, ana: User, tmp_path: Path
) -> None:
    guest = server.add_user("Guest", team="T0OTHER0001")
    async with at_work(server, tmp_path) as workspace:
        gate = asyncio.Event()
        workspace.generator.enqueue("Once upon ", gate, "a time.")
        await guest.says(general, f"{server.bot.mention} a story")
        await server.until(lambda: workspace.asked("chat.startStream"))
        gate.set()
        answer = await workspace.answer(general)

    assert answer.text.startswith("Once upon a time.")
    assert server.seen("chat.startStream")[0].body["recipient_team_id"] == "T0OTHER0001"


async def test_an_admin_of_another_workspace_that_shares_a_channel_is_no_admin_here(
    workspace: Workspace, server: SlackServer, general: Channel
) -> None:
    guest = server.add_user("Guest", admin=True, team="T0OTHER0001")

    call = await guest.calls(general, "release")

    await server.until(lambda: call.replies)
    assert "Only admins may do this" in call.replies[-1].text + call.replies[-1].notes


async def test_nobody_is_an_admin_while_slack_does_not_tell(
    workspace: Workspace, server: SlackServer, general: Channel
) -> None:
    boss = server.add_user("Boss", admin=True)
    server.faults.refuse("users.info", error="user_not_visible", times=10)

    call = await boss.calls(general, "release")

    await server.until(lambda: call.replies)
    assert "Only admins may do this" in call.replies[-1].text + call.replies[-1].notes


async def test_a_channel_that_the_bot_is_invited_to_is_a_place_at_once(
    workspace: Workspace, server: SlackServer, ana: User
) -> None:
    private = server.add_channel("private", kind="group", bot=False)
    await server.bot.joins(private)

    await ana.says(private, f"{server.bot.mention} hello")

    _, answer = await workspace.answers(private, 2)
    assert answer.text == "You said: hello"


async def test_a_renamed_channel_keeps_its_threads(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    question = await ana.says(general, f"{server.bot.mention} one")
    await workspace.answers(general)
    general.name = "everybody"

    await ana.says(general, "two", thread=question)
    await workspace.answers(general, 2)

    said = [message.content for message in workspace.generator.requests[-1].messages]
    assert said[-3:] == ["one", "You said: one", "two"]


def _close(channel: Channel, server: SlackServer, how: str) -> None:
    match how:
        case "archived":
            channel.archived = True
        case "read only":
            channel.read_only = True
        case "removed":
            channel.members.remove(server.bot)


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("archived", "but that channel is archived by now."),
        ("read only", "but only some people may post there. Its managers can let me."),
        ("removed", "but I am no member of that channel. Invite me there, then ask again."),
    ],
)
async def test_where_an_answer_cannot_be_posted_any_more_the_asker_is_told_directly(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User, how: str, told: str
) -> None:
    gate = asyncio.Event()
    workspace.generator.enqueue(gate, "Too late.")
    await ana.says(general, f"{server.bot.mention} hello")
    await server.until(lambda: workspace.generator.requests)

    _close(general, server, how)
    gate.set()

    answer = await workspace.answer(ana.dm)
    assert answer.raw == f"You asked me something in {general.mention}, {told}"


@pytest.mark.parametrize("error", ["invalid_blocks", "msg_blocks_too_long", "msg_too_long"])
async def test_where_slack_refuses_the_blocks_the_words_come_without_them(
    workspace: Workspace, server: SlackServer, ana: User, error: str
) -> None:
    server.faults.refuse("chat.postMessage", error=error)

    await ana.says(ana.dm, "hello")

    answer = await workspace.answer(ana.dm)
    assert answer.raw == "You said: hello"
    assert answer.blocks == []


async def test_where_slack_refuses_the_blocks_of_an_edit_the_words_stand_in_the_same_message(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    gate = asyncio.Event()
    workspace.generator.enqueue("Once upon ", gate, "a time.")
    await ana.calls(general, "write", "poem the sea")
    await server.until(lambda: workspace.by_bot(general))
    server.faults.refuse("chat.update", error="invalid_blocks")
    gate.set()

    answers = await workspace.answers(general)

    assert [answer.raw for answer in answers] == ["Once upon a time."]


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("archived", "is archived: unarchive it, or choose another."),
        ("removed", "type /invite @Inkling there."),
    ],
)
async def test_a_channel_that_the_bot_cannot_post_in_is_found_by_the_checks(
    server: SlackServer, general: Channel, tmp_path: Path, how: str, told: str
) -> None:
    _close(general, server, how)

    findings = [finding async for finding in check(slack_settings(server, tmp_path), channel=general.id)]

    assert not findings[-1].well
    assert findings[-1].text.endswith(told)
