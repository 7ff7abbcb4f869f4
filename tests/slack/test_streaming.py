"""An answer that grows: Slack's stream, its budget, its deaths, and what stands there in the end."""

from __future__ import annotations

import asyncio
from pathlib import Path

from adapters.slack.pacing import SLACK_RATES
from adapters.slack.words import PART_BYTES
from bot.domain.messages import Control
from bot.engine.scripted import ScriptedGenerator
from bot.errors import EngineDied
from tests.servers.slack import Channel, SlackServer, User
from tests.slack.workspaces import Workspace, at_work


async def test_an_answer_grows_as_a_stream_while_it_is_made(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    first, second = asyncio.Event(), asyncio.Event()
    workspace.generator.enqueue("One ", first, "two ", second, "three.")
    await ana.says(general, f"{server.bot.mention} count")

    await server.until(lambda: any(message.text == "One" for message in workspace.by_bot(general)))
    first.set()
    await server.until(lambda: workspace.by_bot(general)[0].text == "One two")
    second.set()
    answer = await workspace.answer(general)

    assert answer.states == ["One", "One two", "One two three."]
    assert workspace.asked("chat.postMessage") == 0
    assert (workspace.asked("chat.startStream"), workspace.asked("chat.stopStream")) == (1, 1)
    assert server.violations == []


async def test_a_short_answer_is_one_request(workspace: Workspace, server: SlackServer, ana: User) -> None:
    workspace.platform.pace = 5.0

    await ana.says(ana.dm, "hello")
    await workspace.answers(ana.dm)

    sent = [seen.api for seen in server.requests if seen.api.startswith(("chat.", "agents.", "assistant."))]
    assert len(sent) <= 2


async def test_a_finished_stream_carries_its_buttons(workspace: Workspace, ana: User) -> None:
    await ana.says(ana.dm, "hello")

    answer = await workspace.answer(ana.dm)

    assert [button.action_id for button in answer.buttons] == ["rate", "rate", "regenerate", "suggest"]


async def test_a_stream_that_dies_goes_on_by_edits(workspace: Workspace, server: SlackServer, ana: User) -> None:
    first, second, third = asyncio.Event(), asyncio.Event(), asyncio.Event()
    workspace.generator.enqueue("Once upon ", first, "a time ", second, "there was ", third, "a fox.")
    await ana.says(ana.dm, "a story")
    await server.until(lambda: workspace.by_bot(ana.dm))
    answer = workspace.by_bot(ana.dm)[0]

    server.kill_stream(answer)
    first.set()
    await server.until(lambda: any(seen.error == "message_not_in_streaming_state" for seen in server.requests))
    second.set()
    await server.until(lambda: answer.text.strip() == "Once upon a time there was")
    third.set()
    await workspace.idle()

    assert answer.text == "Once upon a time there was a fox."
    assert workspace.by_bot(ana.dm) == [answer]
    assert "regenerate" in [button.action_id for button in answer.buttons]


async def test_a_stream_that_cannot_begin_is_posted_instead(
    workspace: Workspace, server: SlackServer, ana: User
) -> None:
    server.faults.refuse("chat.startStream", error="not_allowed_token_type")
    gate = asyncio.Event()
    workspace.generator.enqueue("Once upon ", gate, "a time.")

    await ana.says(ana.dm, "a story")
    await server.until(lambda: any(seen.api == "chat.startStream" for seen in server.requests))
    gate.set()
    answer = await workspace.answer(ana.dm)

    assert answer.text == "Once upon a time."


async def test_an_append_whose_answer_is_lost_leaves_no_word_twice(
    workspace: Workspace, server: SlackServer, ana: User
) -> None:
    gate, lost = asyncio.Event(), asyncio.Event()
    workspace.generator.enqueue("Once ", gate, "upon ", lost, "a time.")
    await ana.says(ana.dm, "a story")
    await server.until(lambda: workspace.by_bot(ana.dm))
    server.faults.lose("chat.appendStream")

    gate.set()
    await server.until(lambda: workspace.asked("chat.appendStream"))
    lost.set()
    answer = await workspace.answer(ana.dm)

    assert answer.blocks[0]["text"] == "Once upon a time."


async def test_without_budget_for_streams_answers_are_posted_and_edited(
    server: SlackServer, general: Channel, ana: User, tmp_path: Path
) -> None:
    rates = {**SLACK_RATES, "chat.startStream": "1/minute"}
    async with at_work(server, tmp_path, rates=rates) as workspace:
        gate = asyncio.Event()
        workspace.generator.enqueue("A", gate)
        await ana.says(ana.dm, "one")
        await server.until(lambda: workspace.by_bot(ana.dm))
        workspace.generator.enqueue("Once upon ", gate, "a time.")
        await ana.says(ana.dm, "two")
        await server.until(lambda: len(workspace.by_bot(ana.dm)) == 2)
        growing = workspace.by_bot(ana.dm)[1]
        shown = growing.text, [button.action_id for button in growing.buttons]
        gate.set()
        await workspace.idle()

    assert shown == ("Once upon ", ["stop"])
    assert growing.text == "Once upon a time."
    assert workspace.asked("chat.startStream") == 1


async def test_without_any_budget_the_answer_is_one_post(
    server: SlackServer, general: Channel, ana: User, tmp_path: Path
) -> None:
    rates = {**SLACK_RATES, "chat.startStream": "1/minute", "chat.update": "10/minute"}
    async with at_work(server, tmp_path, rates=rates) as workspace:
        await ana.says(ana.dm, "zero")
        await workspace.answers(ana.dm)
        workspace.platform.pace = 0.0
        workspace.generator.enqueue(*(f"{number} " for number in range(200)))
        await ana.says(ana.dm, "count")
        answers = await workspace.answers(ana.dm, 2)

    assert answers[1].states == [answers[1].text]
    assert answers[1].text.endswith("199")


async def test_a_long_answer_goes_on_in_further_messages_and_loses_nothing(tmp_path: Path) -> None:
    rows = "\n".join(f"| {number} | row {number} of the table |" for number in range(300))
    paragraphs = "\n\n".join(f"Paragraph {number}. " + "word " * 60 for number in range(80))
    code = "```python\n" + "\n".join(f"line_{number} = {number}" for number in range(300)) + "\n```"
    chinese = "，".join(f"第{number}句话讲一个很长的故事" for number in range(300))
    long = f"{paragraphs}\n\n| n | what |\n|---|---|\n{rows}\n\n{code}\n\n{chinese}"
    assert len(long) > 40_000
    async with SlackServer(limits=False) as server, at_work(server, tmp_path, rates={}) as workspace:
        ana, general = server.add_user("Ana"), server.add_channel("general")
        workspace.generator.enqueue(long)
        await ana.says(general, f"{server.bot.mention} everything")
        await server.until(lambda: workspace.by_bot(general))
        await workspace.idle()
        parts = workspace.by_bot(general)

    whole = "\n".join(message.text for message in parts)
    assert all(len(message.text.encode()) <= PART_BYTES for message in parts)
    assert all(f"Paragraph {number}." in whole for number in range(80))
    assert all(f"row {number} of" in whole for number in range(300))
    assert all(f"line_{number} = {number}\n" in whole for number in range(300))
    assert all(f"第{number}句话" in whole for number in range(300))
    assert all(message.text.count("```") % 2 == 0 for message in parts)
    assert [bool(message.buttons) for message in parts] == [False] * (len(parts) - 1) + [True]
    assert server.violations == []


async def test_an_answer_that_outgrows_its_message_while_streaming_goes_on_in_the_next(
    workspace: Workspace, server: SlackServer, ana: User
) -> None:
    gate = asyncio.Event()
    paragraphs = [f"Paragraph {number}. " + "word " * 60 + "\n\n" for number in range(50)]
    workspace.generator.enqueue(*paragraphs[:20], gate, *paragraphs[20:])
    await ana.says(ana.dm, "much")
    await server.until(lambda: workspace.by_bot(ana.dm))
    gate.set()
    await workspace.idle()

    parts = workspace.by_bot(ana.dm)
    assert len(parts) == 2
    told = [message.text.split("\n")[0] for message in parts]
    assert told[0].startswith("Paragraph 0.")
    seen = [number for message in parts for number in range(50) if f"Paragraph {number}." in message.text]
    assert seen == list(range(50))


async def test_nobody_is_pinged_by_generated_text(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User, lin: User
) -> None:
    evil = f"<!channel> <!here> @everyone @here <@{lin.id}> <!subteam^S0AAAAAAA> `<!channel>`\n\n```\n<!everyone>\n```"
    gate = asyncio.Event()
    workspace.generator.enqueue("<", gate, "!channel> @chan", "nel ", evil)
    await ana.says(general, f"{server.bot.mention} repeat this")
    gate.set()
    await workspace.answers(general)
    workspace.generator.enqueue(evil)
    await ana.calls(general, "write", f"repeat {evil}")
    answers = await workspace.answers(general, 2)

    assert [answer.pinged for answer in answers] == [set(), set()]
    assert "channel>" in answers[0].text


async def test_an_engine_that_dies_leaves_what_was_written_with_continue(
    workspace: Workspace, server: SlackServer, ana: User
) -> None:
    workspace.generator.enqueue("Half a ", EngineDied())

    await ana.says(ana.dm, "a story")
    answer = await workspace.answer(ana.dm)

    assert answer.text == "Half a"
    assert "model stopped" in answer.notes
    assert Control.CONTINUE.value in [button.action_id for button in answer.buttons]


async def test_a_long_wait_shows_a_status_and_a_stop_button(
    workspace: Workspace, server: SlackServer, lin: User
) -> None:
    gate = asyncio.Event()
    workspace.generator.enqueue(gate, "好了")

    question = await lin.says(lin.dm, "你好")
    session = server.session(question)
    await server.until(lambda: session.loading)
    waiting = session.status, session.loading[-1]
    gate.set()
    await workspace.answers(lin.dm)

    assert waiting == ("processing", "正在思考……")
    assert session.status == "active"


async def test_the_place_in_a_long_line_is_told(
    server: SlackServer, general: Channel, ana: User, tmp_path: Path
) -> None:
    generator = ScriptedGenerator(lambda request: "ok", capacity=1)
    gate = asyncio.Event()
    generator.enqueue(gate, "first")
    async with at_work(server, tmp_path, generator=generator) as workspace:
        for number in range(3):
            last = await ana.says(ana.dm, f"question {number}")
            await server.until(lambda number=number: len(generator.requests) + workspace.core.reading.line() > number)
        await server.until(lambda: any("number 2 in line" in text for text in server.session(last).loading))
        gate.set()
        await workspace.answers(ana.dm, 3)


async def test_who_stops_what_others_asked_for_before_its_words_appear_is_told(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    gate = asyncio.Event()
    workspace.generator.enqueue(gate, "Once upon a time.")
    ben = server.add_user("Ben")
    question = await ana.says(general, f"{server.bot.mention} a story")
    await server.until(lambda: server.session(question).status == "processing")

    await ben.stops(question)
    await server.until(lambda: ben.ephemerals)
    gate.set()
    answer = await workspace.answer(general)

    assert ben.ephemerals[0].text.startswith("Nothing that you asked for is under way here.")
    assert answer.text == "Once upon a time."


async def test_pressing_stop_ends_the_stream_and_gives_the_session_back(
    workspace: Workspace, server: SlackServer, ana: User
) -> None:
    workspace.generator.enqueue("Once upon ", asyncio.Event())
    question = await ana.says(ana.dm, "a story")
    await server.until(lambda: workspace.by_bot(ana.dm) and server.session(question).status == "processing")

    await ana.stops(question)
    await workspace.idle()

    answer = workspace.by_bot(ana.dm)[0]
    assert "Stopped." in answer.notes
    assert "continue" in [button.action_id for button in answer.buttons]
    assert server.session(question).status == "active"
