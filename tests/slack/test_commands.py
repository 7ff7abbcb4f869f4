"""Commands on Slack: as slash commands, as words, as shortcuts; who sees the answer, and who is refused."""

from __future__ import annotations

import asyncio
from pathlib import Path

from adapters.slack.connecting import manifest
from bot.engine.scripted import ScriptedGenerator
from tests.servers.slack import Channel, SlackServer, User
from tests.slack.workspaces import Workspace, at_work


async def test_a_command_is_shown_and_answered_in_the_channel(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    call = await ana.calls(general, "write", "email invite the team")

    answer = await workspace.answer(general)

    assert call.acked_after is not None
    assert answer.thread_ts is None
    assert (await workspace.turn(answer)).origin == "write"
    assert "email" in workspace.generator.requests[0].messages[-1].content
    assert "/write email invite the team" in [message.text for message in general.messages]
    assert server.violations == []


async def test_a_private_command_is_answered_for_the_asker_alone(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    call = await ana.calls(general, "help")

    await server.until(lambda: call.replies)
    await workspace.idle()

    assert "`/write" in call.replies[0].text
    assert call.replies[0].ephemeral_for is ana
    assert general.messages == []


async def test_what_a_command_cannot_read_is_refused_in_the_askers_language(
    workspace: Workspace, server: SlackServer, general: Channel, lin: User
) -> None:
    call = await lin.calls(general, "help", "me")

    await server.until(lambda: call.replies)

    assert call.replies[0].text.startswith("没有关于「me」的帮助。")
    assert call.replies[0].ephemeral_for is lin


async def test_words_after_a_mention_do_what_the_command_does(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    await ana.says(general, f"{server.bot.mention} !write poem the sea")

    answer = await workspace.answer(general)

    assert (await workspace.turn(answer)).origin == "write"


async def test_words_with_an_exclamation_mark_work_in_direct_messages_and_threads(
    workspace: Workspace, server: SlackServer, ana: User
) -> None:
    question = await ana.says(ana.dm, "!help")
    await workspace.answers(ana.dm)
    await ana.says(ana.dm, "!write list fruits", thread=question)

    answers = await workspace.answers(ana.dm, 2)

    assert "`/write" in answers[0].text
    assert (await workspace.turn(answers[1])).origin == "write"


async def test_a_private_answer_in_a_channels_thread_is_whispered(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    question = await ana.says(general, f"{server.bot.mention} !help")

    await server.until(lambda: ana.ephemerals)
    await workspace.idle()

    assert ana.ephemerals[0].reply_to is question
    assert workspace.by_bot(general) == []


async def test_an_admin_command_is_refused_to_others_and_open_to_the_workspaces_admins(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    boss = server.add_user("Boss", admin=True)

    refused = await ana.calls(general, "release", "list")
    listed = await boss.calls(general, "release", "list")
    await server.until(lambda: refused.replies and listed.replies)

    assert "Only admins may do this" in refused.replies[0].text
    assert "No release has answered yet" in listed.replies[0].text


async def test_who_is_an_admin_is_asked_at_the_time_of_the_act(
    workspace: Workspace, server: SlackServer, general: Channel
) -> None:
    boss = server.add_user("Boss", admin=True)
    first = await boss.calls(general, "release", "list")
    await server.until(lambda: first.replies)

    boss.admin = False
    second = await boss.calls(general, "release", "list")
    await server.until(lambda: second.replies)

    assert "Only admins may do this" in second.replies[0].text


async def test_a_summary_covers_the_channel_and_is_for_the_asker(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User, lin: User
) -> None:
    await ana.says(general, "shall we meet on Friday?")
    await lin.says(general, f"yes {ana.mention}, at noon")

    call = await ana.calls(general, "summarize")
    await server.until(lambda: call.replies)
    await workspace.idle()

    asked = workspace.generator.requests[-1].messages[-1].content
    assert "Ana: shall we meet on Friday?" in asked
    assert "yes @Ana, at noon" in asked
    assert "Covers 2 messages" in call.replies[0].notes


async def test_a_mention_that_asks_for_a_summary_sums_up_the_channel(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User, lin: User
) -> None:
    await lin.says(general, "the cake is ready")

    await ana.says(general, f"{server.bot.mention} !summarize")
    await server.until(lambda: ana.ephemerals)

    assert "the cake is ready" in workspace.generator.requests[-1].messages[-1].content


async def test_a_shortcut_sums_up_from_a_message_on(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User, lin: User
) -> None:
    await lin.says(general, "old news")
    here = await lin.says(general, "new news")
    await lin.says(general, "newest news")

    act = await ana.uses(here, "summarize_from_here")
    await server.until(lambda: act.replies)
    await workspace.idle()

    asked = workspace.generator.requests[-1].messages[-1].content
    assert "newest news" in asked
    assert act.replies[0].ephemeral_for is ana


async def test_a_shortcut_on_an_answer_sums_up_from_there_on_what_was_said_in_the_channel(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User, lin: User
) -> None:
    await lin.says(general, "old news")
    await ana.says(general, f"{server.bot.mention} hello")
    answer = await workspace.answer(general)
    await lin.says(general, "new news")

    act = await ana.uses(answer, "summarize_from_here")
    await server.until(lambda: act.replies)
    await workspace.idle()

    asked = workspace.generator.requests[-1].messages[-1].content
    assert asked.index("You said: hello") < asked.index("new news")
    assert "old news" not in asked


async def test_a_shortcut_rewrites_a_message_in_its_thread(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User, lin: User
) -> None:
    clumsy = await lin.says(general, "me want lunch")

    await ana.uses(clumsy, "rewrite_this")
    answer = await workspace.answer(general)

    assert answer.reply_to is clumsy
    assert workspace.generator.requests[-1].messages[-1].content == "Rewrite in plain language: me want lunch"


async def test_an_answer_of_the_bots_own_is_rewritten_whole_and_unescaped(
    server: SlackServer, general: Channel, ana: User, tmp_path: Path
) -> None:
    told = "**Mind** that `<b>` & co. matter.\n\n" + "This goes on and on. " * 160 + "\n\nThe end."
    generator = ScriptedGenerator(lambda request: told, capacity=16)
    async with at_work(server, tmp_path, generator=generator) as workspace:
        await ana.says(general, f"{server.bot.mention} hello")
        answer = await workspace.answer(general)

        await ana.uses(answer, "rewrite_this")
        await workspace.answers(general, count=2)

        assert generator.requests[-1].messages[-1].content == f"Rewrite in plain language: {told}"


async def test_where_the_bot_may_not_post_a_command_is_answered_all_the_same(
    workspace: Workspace, server: SlackServer, ana: User
) -> None:
    private = server.add_channel("private", kind="group", bot=False)

    call = await ana.calls(private, "write", "poem the sea")
    await server.until(lambda: call.replies)
    await workspace.idle()

    assert call.replies[-1].ephemeral_for is None
    assert call.replies[-1].text.startswith("You said")
    assert "repeat" not in call.replies[-1].notes


async def test_buttons_under_a_private_answer_work(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    await ana.says(general, "shall we meet on Friday?")
    call = await ana.calls(general, "summarize")
    await server.until(lambda: call.replies)
    await workspace.idle()

    again = await ana.presses(call.replies[-1], "Regenerate")
    await server.until(lambda: again.replies)
    await workspace.idle()

    assert len(workspace.generator.requests) == 2
    assert again.replies[0].ephemeral_for is ana


async def test_a_private_answer_that_a_restart_cut_off_comes_as_a_direct_message(
    server: SlackServer, general: Channel, ana: User, tmp_path: Path
) -> None:
    async with at_work(server, tmp_path, graceful=False) as workspace:
        workspace.generator.enqueue(*_never())
        await ana.says(general, "shall we meet on Friday?")
        await ana.calls(general, "summarize")
        await server.until(lambda: workspace.generator.requests)

    async with at_work(server, tmp_path) as workspace:
        answer = await workspace.answer(ana.dm)

    assert "shall we meet on Friday?" in answer.text


async def test_the_manifest_offers_every_command_of_the_table(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    server.install(manifest("Inkling"))

    call = await ana.calls(general, "help")
    await server.until(lambda: call.replies)

    assert call.failed is None


def _never() -> list[object]:
    return [asyncio.Event()]
