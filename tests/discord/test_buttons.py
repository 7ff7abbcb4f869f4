"""Buttons, the form behind them, and reactions: on any message, after a restart, one verdict a person."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.domain.ratings import Verdict
from bot.errors import EngineDied
from tests.discord.bots import Bot, open_bot
from tests.patience import PATIENCE_S
from tests.servers.discord import Channel, DiscordServer, Message, Person


async def _answer(bot: Bot, channel: Channel, ana: Person) -> Message:
    await ana.says(channel, f"{bot.server.bot.mention} hello")
    (answer,) = await bot.answers(channel)
    return answer


async def _verdicts(bot: Bot, answer: Message) -> list[tuple[Verdict, str]]:
    return [(rating.verdict, rating.reason) for rating in await bot.ratings(answer)]


async def test_a_thumb_up_is_kept_and_thanked_for_privately(bot: Bot, channel: Channel, ana: Person) -> None:
    answer = await _answer(bot, channel, ana)

    act = await ana.presses(answer, "👍")

    assert act.reply.text == "Noted: 👍"
    assert act.reply.ephemeral_for is ana
    assert await _verdicts(bot, answer) == [(Verdict.GOOD, "")]


async def test_a_thumb_down_counts_at_once_and_asks_why(bot: Bot, channel: Channel, ana: Person) -> None:
    answer = await _answer(bot, channel, ana)

    act = await ana.presses(answer, "👎")
    assert await _verdicts(bot, answer) == [(Verdict.BAD, "")]
    assert act.modal is not None
    assert [field.label for field in act.modal.fields] == ["Why was it not good?", "A better answer"]
    sent = await ana.submits(act.modal, {"reason": "Too short.", "better": "A longer one."})

    assert sent.reply.text == "Noted, thank you."
    assert await _verdicts(bot, answer) == [(Verdict.BAD, "Too short.")]
    assert [better.text for better in await bot.suggestions(answer)] == ["A longer one."]


async def test_a_better_answer_can_be_suggested_without_a_verdict(bot: Bot, channel: Channel, ana: Person) -> None:
    answer = await _answer(bot, channel, ana)

    act = await ana.presses(answer, "Suggest")
    await ana.submits(act.modal, {"better": "A longer one."})

    assert not await bot.ratings(answer)
    assert [better.text for better in await bot.suggestions(answer)] == ["A longer one."]


async def test_a_form_left_empty_keeps_nothing(bot: Bot, channel: Channel, ana: Person) -> None:
    answer = await _answer(bot, channel, ana)
    act = await ana.presses(answer, "👎")

    sent = await ana.submits(act.modal, {})

    assert sent.reply.text == "Nothing was written, so nothing is kept."


async def test_regenerate_answers_beside_the_first_answer(bot: Bot, channel: Channel, ana: Person) -> None:
    answer = await _answer(bot, channel, ana)
    bot.generator.enqueue("Other.")

    act = await ana.presses(answer, "Regenerate")

    first, second = await bot.answers(channel, 2)
    assert act.failed is None
    assert (first.text, second.text) == ("Fine.", "Other.")
    assert second.reply_to is first
    assert bot.generator.requests[1].messages == bot.generator.requests[0].messages


async def test_a_private_answer_is_regenerated_privately(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    act = await ana.calls(channel, "summarize", text="something")
    await server.until(lambda: act.replies and any(button.label == "Regenerate" for button in act.reply.buttons))

    again = await ana.presses(act.reply, "Regenerate")

    await server.until(lambda: again.replies and again.reply.text == "Fine.")
    assert again.reply.ephemeral_for is ana


async def test_continue_goes_on_where_the_answer_ended(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    bot.generator.enqueue("Once upon", EngineDied())
    answer = await _answer(bot, channel, ana)
    bot.generator.enqueue("a time.")

    await ana.presses(answer, "Continue")

    answers = await bot.answers(channel, 2)
    assert answers[1].text == "a time."
    assert bot.generator.requests[1].messages[-1].content == "Once upon"


async def test_buttons_work_after_a_restart(
    server: DiscordServer, channel: Channel, ana: Person, tmp_path: Path
) -> None:
    async with open_bot(server, tmp_path) as bot:
        answer = await _answer(bot, channel, ana)
        form = await ana.presses(answer, "👎")

    async with open_bot(server, tmp_path) as bot:
        await ana.presses(answer, "Regenerate")
        await bot.answers(channel, 2)
        sent = await ana.submits(form.modal, {"reason": "Too short."})

        assert sent.failed is None
        assert await _verdicts(bot, answer) == [(Verdict.BAD, "Too short.")]


async def test_buttons_are_in_the_askers_language(bot: Bot, server: DiscordServer, channel: Channel) -> None:
    lin = server.add_user("琳", locale="zh-CN")

    act = await lin.calls(channel, "write", about="春天")

    await bot.answers(channel)
    assert act.reply.rows == [
        ["👍", "👎", "重新生成", "改进", "作为消息发送"],
        ["更短", "更长", "更正式", "更亲切", "译成中文"],
    ]


async def test_an_answer_that_nobody_remembers_cannot_be_pressed(
    server: DiscordServer, channel: Channel, ana: Person, tmp_path: Path
) -> None:
    async with open_bot(server, tmp_path) as bot:
        answer = await _answer(bot, channel, ana)

    async with open_bot(server, tmp_path / "elsewhere"):
        again = await ana.presses(answer, "Regenerate")
        await server.until(lambda: again.replies)
        vote = await ana.presses(answer, "👎")

    unknown = "I no longer know this answer, so nothing can be done with it."
    assert (again.reply.text, vote.reply.text) == (unknown, unknown)


async def test_reactions_of_any_skin_tone_are_votes_and_taking_one_back_withdraws_it(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    answer = await _answer(bot, channel, ana)

    await ana.reacts(answer, "👎🏽")
    await _until(bot, answer, [(Verdict.BAD, "")])
    await ana.reacts(answer, "👍")
    await _until(bot, answer, [(Verdict.GOOD, "")])
    await ana.unreacts(answer, "👎🏽")
    await ana.reacts(answer, "🎉")
    await ana.says(channel, f"{server.bot.mention} next")
    await bot.answers(channel, 2)
    assert await _verdicts(bot, answer) == [(Verdict.GOOD, "")]

    await ana.unreacts(answer, "👍")
    await _until(bot, answer, [])


async def _until(bot: Bot, answer: Message, wanted: list[tuple[Verdict, str]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await _verdicts(bot, answer) != wanted:
            await asyncio.sleep(0.01)


async def test_reactions_in_direct_channels_count_and_those_of_bots_do_not(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    robot = server.add_user("Robot", bot=True)
    answer = await _answer(bot, channel, ana)
    direct = await _answer(bot, ana.dm, ana)

    await robot.reacts(answer, "👍")
    await ana.reacts(direct, "👍")

    await _until(bot, direct, [(Verdict.GOOD, "")])
    assert await _verdicts(bot, answer) == []


async def test_which_reactions_count_is_a_setting(
    server: DiscordServer, channel: Channel, ana: Person, tmp_path: Path
) -> None:
    async with open_bot(server, tmp_path, GOOD_REACTIONS="⭐,party", BAD_REACTIONS="💤") as bot:
        answer = await _answer(bot, channel, ana)

        await ana.reacts(answer, "party:123456789012345678")

        await _until(bot, answer, [(Verdict.GOOD, "")])
        assert await _verdicts(bot, answer) == [(Verdict.GOOD, "")]


async def test_stop_under_an_answer_that_ended_is_told_so(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    gate = asyncio.Event()
    bot.generator.enqueue("Half ", gate, "whole.")
    await ana.says(channel, f"{server.bot.mention} hello")
    answer = (await server.until(lambda: [each for each in channel.messages if each.buttons]))[0]
    stop = list(answer.components)
    gate.set()
    await bot.answers(channel)
    answer.components = stop

    act = await ana.presses(answer, "Stop")

    assert act.reply.text == "This answer is not being written any more."
