"""Bad days: dropped sockets, redelivery, rate limits, lost answers, breakdowns, restarts, and what was missed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest

from adapters.slack import client, outbound
from bot.chat.showing import StoredDeliveries
from bot.errors import DiskFull
from tests.patience import PATIENCE_S
from tests.servers.slack import Channel, SlackServer, User
from tests.slack.workspaces import Workspace, at_work, slack_settings


async def test_a_redelivered_event_is_answered_once(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    server.faults.redeliver(1.0)

    for number in range(4):
        await ana.says(general, f"{server.bot.mention} question {number}")
    await server.until(lambda: len([one for one in server.deliveries.log if one.attempt]) >= 8)
    answers = await workspace.answers(general, 4)

    assert len(answers) == 4


async def test_two_connections_on_one_database_give_one_answer_to_each(
    server: SlackServer, general: Channel, ana: User, tmp_path: Path
) -> None:
    server.faults.redeliver(1.0)
    async with at_work(server, tmp_path) as one, at_work(server, tmp_path) as other:
        await server.until(lambda: len(server.sockets.connections) == 2)

        for number in range(6):
            await ana.says(general, f"{server.bot.mention} {number}")
        await server.until(lambda: len([each for each in server.deliveries.log if each.attempt]) >= 12)
        answers = await one.answers(general, 6)

        assert sorted(answer.text for answer in answers) == [f"You said: {number}" for number in range(6)]
        assert len(one.generator.requests) + len(other.generator.requests) == 6


async def test_a_socket_that_slack_wants_replaced_loses_nothing(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    await ana.says(general, f"{server.bot.mention} one")
    await server.sockets.say_goodbye("warning")
    await ana.says(general, f"{server.bot.mention} two")
    await server.until(lambda: server.sockets.opened == 2)
    await ana.says(general, f"{server.bot.mention} three")

    answers = await workspace.answers(general, 3)

    assert sorted(answer.text for answer in answers) == ["You said: one", "You said: three", "You said: two"]


async def test_a_dropped_socket_in_the_middle_of_an_answer_loses_nothing(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    gate = asyncio.Event()
    workspace.generator.enqueue("Once upon ", gate, "a time.")
    await ana.says(ana.dm, "a story")
    await server.until(lambda: workspace.by_bot(ana.dm))

    server.faults.drop_sockets()
    gate.set()
    await workspace.answers(ana.dm)
    await server.until(lambda: server.sockets.connections)
    await ana.says(ana.dm, "another")
    answers = await workspace.answers(ana.dm, 2)

    assert [answer.text for answer in answers] == ["Once upon a time.", "You said: another"]


async def test_a_429_is_waited_out_as_told_and_nobody_else_asks_meanwhile(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    server.faults.refuse("chat.startStream", 429, retry_after=1)

    for number in range(4):
        await ana.says(general, f"{server.bot.mention} question {number}")
    answers = await workspace.answers(general, 4)

    assert len(answers) == 4
    assert server.violations == []


@pytest.mark.slow
async def test_many_429s_lose_nothing_and_say_nothing_twice(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    server.faults.rate_limit(0.2, seed=1)

    for number in range(4):
        await ana.says(ana.dm, f"question {number}")
    answers = await workspace.answers(ana.dm, 4)

    assert sorted(answer.text for answer in answers) == [f"You said: question {number}" for number in range(4)]
    assert server.violations == []


async def test_a_post_whose_answer_is_lost_is_found_and_not_sent_again(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    server.faults.lose("chat.postMessage")

    await ana.calls(general, "write", "poem the sea")
    await server.until(lambda: workspace.by_bot(general))
    await workspace.idle()

    assert len(workspace.by_bot(general)) == 1
    assert await workspace.votes(workspace.by_bot(general)[0]) == []


async def test_a_post_that_slack_carries_out_after_we_gave_it_up_is_repeated_with_the_mark(
    server: SlackServer, general: Channel, ana: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TIMEOUT", aiohttp.ClientTimeout(total=0.5))
    server.faults.stall("chat.postMessage", 2)

    async with at_work(server, tmp_path) as workspace:
        await ana.says(ana.dm, "hello")
        await server.until(lambda: len(workspace.by_bot(ana.dm)) == 2)
        await workspace.idle()

    marked, late = workspace.by_bot(ana.dm)
    assert [answer.blocks[0]["text"] for answer in (marked, late)] == ["You said: hello"] * 2
    assert "repeat" in marked.notes
    assert "repeat" not in late.notes


async def test_a_stream_that_slack_begins_after_we_gave_it_up_is_taken_back_and_the_answer_marked(
    server: SlackServer, general: Channel, ana: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TIMEOUT", aiohttp.ClientTimeout(total=0.5))
    monkeypatch.setattr(outbound, "_LATE_S", (0.2, 2.0))
    server.faults.stall("chat.startStream", 1.5)

    async with at_work(server, tmp_path) as workspace:
        gate = asyncio.Event()
        workspace.generator.enqueue("Once upon ", gate, "a time.")
        await ana.says(ana.dm, "a story")
        await server.until(lambda: server.faults.stalled)
        gate.set()
        await workspace.idle()
        await server.until(lambda: workspace.asked("chat.delete"))

    (answer,) = workspace.by_bot(ana.dm)
    assert answer.blocks[0]["text"] == "Once upon a time."
    assert "repeat" in answer.notes


async def test_a_post_that_slack_never_heard_of_is_sent_again_without_a_mark(
    workspace: Workspace, server: SlackServer, ana: User
) -> None:
    server.faults.refuse("chat.postMessage", 503)

    await ana.says(ana.dm, "hello")
    answer = await workspace.answer(ana.dm)

    assert answer.text == "You said: hello"
    assert "repeat" not in answer.notes


async def test_a_stream_whose_beginning_is_lost_is_found_and_finished(
    workspace: Workspace, server: SlackServer, ana: User
) -> None:
    server.faults.lose("chat.startStream")
    gate = asyncio.Event()
    workspace.generator.enqueue("Once upon ", gate, "a time.")

    await ana.says(ana.dm, "a story")
    await server.until(lambda: workspace.by_bot(ana.dm))
    gate.set()
    await workspace.idle()

    (answer,) = workspace.by_bot(ana.dm)
    assert answer.blocks[0]["text"] == "Once upon a time."


@pytest.mark.slow
async def test_a_breakdown_of_slack_is_outlasted(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    gate = asyncio.Event()
    workspace.generator.enqueue(gate, "Once upon a time.")
    await ana.says(ana.dm, "a story")
    await server.until(lambda: workspace.generator.requests)

    server.faults.outage(1.5)
    gate.set()
    answer = await workspace.answer(ana.dm)

    assert answer.text == "Once upon a time."


@pytest.mark.slow
async def test_what_was_said_while_the_network_was_gone_is_caught_up(
    workspace: Workspace, server: SlackServer, ana: User
) -> None:
    server.rules.retry_delays_s = ()
    await ana.says(ana.dm, "before")
    await workspace.answers(ana.dm)

    server.faults.outage(8)
    await ana.says(ana.dm, "meanwhile")
    await server.until(lambda: len(workspace.by_bot(ana.dm)) == 2, timeout=PATIENCE_S)
    await workspace.idle()

    assert workspace.by_bot(ana.dm)[1].text == "You said: meanwhile"


async def test_an_answer_that_a_crash_broke_off_is_made_again_in_its_own_message(
    server: SlackServer, general: Channel, ana: User, tmp_path: Path
) -> None:
    async with at_work(server, tmp_path, graceful=False) as workspace:
        workspace.generator.enqueue("Once upon ", asyncio.Event())
        await ana.says(ana.dm, "a story")
        await server.until(lambda: workspace.by_bot(ana.dm))

    async with at_work(server, tmp_path) as workspace:
        await workspace.idle()
        (answer,) = workspace.by_bot(ana.dm)

    assert answer.blocks[0]["text"] == "You said: a story"
    assert answer.buttons


async def test_a_crash_between_sending_and_noting_it_repeats_nothing(
    server: SlackServer, general: Channel, ana: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(*_: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        async with at_work(server, tmp_path, graceful=False) as workspace:
            patched.setattr(StoredDeliveries, "sent", crash)
            await ana.calls(general, "write", "poem the sea")
            await server.until(lambda: workspace.by_bot(general))

    async with at_work(server, tmp_path) as workspace:
        await workspace.idle()
        (answer,) = workspace.by_bot(general)
        assert await workspace.votes(answer) == []
        assert "repeat" not in answer.notes


async def test_what_was_said_while_the_bot_was_down_is_answered(
    server: SlackServer, general: Channel, ana: User, lin: User, tmp_path: Path
) -> None:
    async with at_work(server, tmp_path) as workspace:
        question = await ana.says(general, f"{server.bot.mention} hello")
        await workspace.answers(general)

    await ana.says(general, "and again", thread=question)
    await lin.says(general, f"{server.bot.mention} 你好")
    await lin.says(lin.dm, "在吗")
    await lin.says(general, "nothing for the bot")

    async with at_work(server, tmp_path) as workspace:
        await server.until(lambda: len(workspace.by_bot(general)) == 3 and workspace.by_bot(lin.dm))
        await workspace.idle()
        texts = [message.text for message in [*workspace.by_bot(general), *workspace.by_bot(lin.dm)]]

    assert sorted(texts) == ["You said: and again", "You said: hello", "You said: 你好", "You said: 在吗"]


async def test_what_is_older_than_the_host_wants_is_not_caught_up(
    server: SlackServer, general: Channel, ana: User, tmp_path: Path
) -> None:
    async with at_work(server, tmp_path) as workspace:
        await ana.says(general, f"{server.bot.mention} hello")
        await workspace.answers(general)
    await ana.says(general, f"{server.bot.mention} again")

    settings = slack_settings(server, tmp_path, CATCH_UP_HOURS="0")
    async with at_work(server, tmp_path, settings=settings) as workspace:
        await ana.says(general, f"{server.bot.mention} now")
        await server.until(lambda: len(workspace.by_bot(general)) == 2)
        await workspace.idle()

    assert [message.text for message in workspace.by_bot(general)] == ["You said: hello", "You said: now"]


async def test_a_name_that_slack_is_slow_to_tell_delays_no_acknowledgement(
    workspace: Workspace, server: SlackServer, ana: User
) -> None:
    server.faults.delay("users.info", 5.0)

    await ana.says(ana.dm, "hello")
    answer = await workspace.answer(ana.dm)

    assert answer.text == "You said: hello"
    assert all(one.attempt == 0 for one in server.deliveries.log)


async def test_answers_under_way_are_finished_before_the_bot_stops(
    server: SlackServer, general: Channel, ana: User, tmp_path: Path
) -> None:
    gate = asyncio.Event()
    async with at_work(server, tmp_path) as workspace:
        workspace.generator.enqueue("Once upon ", gate, "a time.")
        await ana.says(ana.dm, "a story")
        await server.until(lambda: workspace.by_bot(ana.dm))
        await workspace.platform.stop_listening()
        gate.set()
        await ana.says(ana.dm, "too late")
        await workspace.idle()
        texts = [message.text for message in workspace.by_bot(ana.dm)]

    assert texts == ["Once upon a time."]


async def test_a_full_disk_is_told_to_the_one_who_asked(
    workspace: Workspace, server: SlackServer, lin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise DiskFull("full")

    monkeypatch.setattr(workspace.core, "accept", full)
    await lin.says(lin.dm, "你好")

    await server.until(lambda: lin.ephemerals)
    assert "磁盘已满" in lin.ephemerals[0].text
