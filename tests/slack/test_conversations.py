"""Being spoken to on Slack: mentions, threads, direct messages, edits, and who is not answered."""

from __future__ import annotations

import asyncio

from bot.domain.places import PlaceKind, Platform
from bot.engine.scripted import ScriptedGenerator
from tests.servers.slack import Channel, SlackServer, User
from tests.slack.workspaces import Workspace


async def test_a_mention_is_answered_in_a_thread_under_it(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    question = await ana.says(general, f"{server.bot.mention} hello there")

    answer = await workspace.answer(general)

    assert answer.reply_to is question
    assert answer.text == "You said: hello there"
    assert server.violations == []


async def test_a_mention_and_its_twin_get_one_answer_in_either_order(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    for number in range(4):
        await ana.says(general, f"{server.bot.mention} question {number}")

    answers = await workspace.answers(general, 4)

    assert sorted(answer.text for answer in answers) == [f"You said: question {number}" for number in range(4)]


async def test_talk_in_a_channel_that_does_not_mention_the_bot_is_left_alone(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    await ana.says(general, "lunch?")
    await ana.says(general, f"{server.bot.mention} hello")

    await workspace.answers(general)

    assert len(workspace.generator.requests) == 1


async def test_a_thread_goes_on_without_a_mention_and_remembers(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    question = await ana.says(general, f"{server.bot.mention} my name is Ana")
    await workspace.answers(general)

    await ana.says(general, "what is my name?", thread=question)
    await workspace.answers(general, 2)

    said = [message.content for message in workspace.generator.requests[-1].messages]
    assert said[-3:] == ["my name is Ana", "You said: my name is Ana", "what is my name?"]


async def test_a_follow_up_that_comes_on_the_heels_of_its_question_is_heard(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User, lin: User
) -> None:
    server.faults.delay("users.info", 0.3)
    question = await ana.says(general, f"{server.bot.mention} my name is Ana")
    await lin.says(general, "and I am 琳", thread=question)

    await workspace.answers(general, 2)

    said = [message.content for message in workspace.generator.requests[-1].messages]
    assert "and I am 琳" in said[-1]
    assert "my name is Ana" in said[-3]


async def test_each_direct_message_is_a_thread_of_its_own(workspace: Workspace, ana: User) -> None:
    first = await ana.says(ana.dm, "one")
    second = await ana.says(ana.dm, "two")

    answers = await workspace.answers(ana.dm, 2)

    assert {answer.reply_to for answer in answers} == {first, second}
    places = await workspace.core.reading.places(Platform.SLACK)
    assert {(place.thread, place.kind) for place in places} == {
        (first.ts, PlaceKind.THREAD),
        (second.ts, PlaceKind.THREAD),
    }


async def test_a_first_reply_under_a_posted_answer_goes_on_from_it(
    workspace: Workspace, general: Channel, ana: User
) -> None:
    await ana.calls(general, "write", "story about a fox")
    posted = await workspace.answer(general)

    await ana.says(general, "make it shorter", thread=posted)
    await workspace.answers(general, 2)

    said = [message.content for message in workspace.generator.requests[-1].messages]
    assert said[-2:] == [posted.text, "make it shorter"]


async def test_what_other_bots_say_is_ignored(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    robot = server.add_user("Robot", bot=True)
    classic = server.add_user("Classic", bot=True, classic=True)
    question = await ana.says(general, f"{server.bot.mention} hello")
    await workspace.answers(general)

    await robot.says(general, f"{server.bot.mention} buy now", thread=question)
    await classic.says(general, f"{server.bot.mention} buy now", thread=question)
    await ana.says(general, "and you?", thread=question)

    await workspace.answers(general, 2)
    assert len(workspace.generator.requests) == 2


async def test_mentions_of_others_are_read_as_names(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User, lin: User
) -> None:
    await ana.says(general, f"{server.bot.mention} greet {lin.mention} at https://example.com/a?b=1&c=2 <3")

    answer = await workspace.answer(general)

    assert answer.text == "You said: greet @琳 at https://example.com/a?b=1&c=2 <3"


async def test_an_edit_while_the_answer_is_made_is_answered_instead(
    workspace: Workspace, server: SlackServer, ana: User
) -> None:
    gate = asyncio.Event()
    workspace.generator.enqueue("old ", gate)
    question = await ana.says(ana.dm, "helo")
    await server.until(lambda: workspace.by_bot(ana.dm))

    await ana.edits(question, "hello")
    await workspace.answers(ana.dm, 2)

    texts = [message.text for message in workspace.by_bot(ana.dm)]
    assert texts == ["old", "You said: hello"]


async def test_an_edit_that_changes_nothing_is_ignored(workspace: Workspace, server: SlackServer, ana: User) -> None:
    question = await ana.says(ana.dm, "see https://example.com")
    await workspace.answers(ana.dm)

    await server.unfurl(question)
    await ana.edits(question, "see https://example.com")
    await ana.says(ana.dm, "next")
    await workspace.answers(ana.dm, 2)

    assert len(workspace.generator.requests) == 2


async def test_an_edit_that_adds_a_mention_is_answered_once(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    message = await ana.says(general, "what is the time?")
    await ana.edits(message, f"{server.bot.mention} what is the time?")
    await ana.says(general, f"{server.bot.mention} next")

    answers = await workspace.answers(general, 2)

    assert sorted(answer.text for answer in answers) == ["You said: next", "You said: what is the time?"]


async def test_deleting_a_question_stops_its_answer(workspace: Workspace, server: SlackServer, ana: User) -> None:
    workspace.generator.enqueue("Once upon", asyncio.Event())
    question = await ana.says(ana.dm, "a long story")
    await server.until(lambda: workspace.by_bot(ana.dm))

    await ana.deletes(question)
    await workspace.idle()

    assert workspace.generator.cancelled


async def test_an_attached_text_file_is_read(workspace: Workspace, ana: User) -> None:
    await ana.says(ana.dm, "what is in it?", files=[("notes.txt", b"the cat sat")])

    await workspace.answers(ana.dm)

    assert "the cat sat" in workspace.generator.requests[0].messages[-1].content


async def test_a_reply_sent_to_the_channel_as_well_is_heard_once(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    question = await ana.says(general, f"{server.bot.mention} hello")
    await workspace.answers(general)

    await ana.says(general, "and again", thread=question, broadcast=True)
    answers = await workspace.answers(general, 2)

    assert [answer.text for answer in answers] == ["You said: hello", "You said: and again"]


async def test_the_bot_speaks_the_language_of_the_one_who_asks(
    workspace: Workspace, general: Channel, lin: User
) -> None:
    call = await lin.calls(general, "write", "poem")

    await workspace.server.until(lambda: call.replies)

    assert call.replies[0].text == "/write 需要「about」，见 /help。"
    assert call.replies[0].ephemeral_for is lin


async def test_a_failing_engine_is_told_with_what_to_do(
    workspace: Workspace, generator_down: ScriptedGenerator, ana: User
) -> None:
    await ana.says(ana.dm, "hello")

    answer = await workspace.answer(ana.dm)

    assert "No model is answering right now" in answer.text
    assert [button.action_id for button in answer.buttons] == ["regenerate"]


async def test_whoever_opens_the_agents_pane_first_is_greeted_once_where_that_is_wanted(
    workspace: Workspace, server: SlackServer
) -> None:
    mo = server.add_user("Mo", admin=True)
    await mo.says(mo.dm, "!settings greet on")
    await workspace.answers(mo.dm)

    await mo.opens_agent()
    await server.until(lambda: len(workspace.by_bot(mo.dm)) == 2)
    await mo.opens_agent()
    await mo.says(mo.dm, "hello")
    answers = await workspace.answers(mo.dm, 3)

    greeting = answers[1]
    assert "Mo" in greeting.text
    assert (greeting.thread_ts, greeting.buttons) == (None, [])
    assert [answer.text for answer in answers[2:]] == ["You said: hello"]
