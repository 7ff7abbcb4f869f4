"""How answers come about in people's eyes: they grow, continue, arrive once, and ping nobody."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.domain.generation import Queued
from bot.errors import EngineDied
from tests.discord.bots import Bot, open_bot
from tests.patience import PATIENCE_S
from tests.servers.discord import Channel, DiscordServer, Message, Person


async def _first(bot: Bot, channel: Channel) -> Message:
    """The bot's first message, growing or not."""
    ours = await bot.server.until(lambda: [each for each in channel.messages if each.author is bot.server.bot])
    return ours[0]


async def test_an_answer_grows_and_can_be_stopped_while_it_does(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    gate = asyncio.Event()
    bot.generator.enqueue("A **bold", gate, "** word.")
    await ana.says(channel, f"{server.bot.mention} hello")

    answer = await _first(bot, channel)
    assert answer.text == "A **bold**"
    assert [button.label for button in answer.buttons] == ["Stop"]
    gate.set()
    await bot.answers(channel)

    assert answer.text == "A **bold** word."
    assert [button.label for button in answer.buttons] == ["👍", "👎", "Regenerate", "Suggest"]


async def test_typing_is_shown_until_there_are_words(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    gate = asyncio.Event()
    bot.generator.enqueue(gate, "Now.")
    await ana.says(channel, f"{server.bot.mention} hello")

    await server.until(lambda: server.bot in channel.typing)
    assert len(channel.messages) == 1
    gate.set()

    await bot.answers(channel)


async def test_a_place_in_line_is_told_and_becomes_the_answer(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    gate = asyncio.Event()
    bot.generator.enqueue(Queued(3), gate, "Now.")
    await ana.says(channel, f"{server.bot.mention} hello")

    answer = await _first(bot, channel)
    assert answer.text == "-# Number 3 in line …"
    gate.set()

    assert await bot.answers(channel) == [answer]
    assert answer.text == "Now."


async def test_forty_thousand_characters_arrive_whole_in_messages_of_two_thousand(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    server.limits.on = False
    paragraph = "A sentence that says something, number {}, and then says it again in other words. "
    text = "\n\n".join(paragraph.format(number) * 4 for number in range(120))[:40_000].rsplit("\n\n", 1)[0]
    bot.generator.enqueue(text)
    await ana.says(channel, f"{server.bot.mention} hello")

    parts = await server.until(lambda: _whole(channel, server), timeout=PATIENCE_S)

    assert all(len(part.text) <= 2000 for part in parts)
    assert "\n\n".join(part.text for part in parts).split() == text.split()
    assert [bool(part.buttons) for part in parts] == [False] * (len(parts) - 1) + [True]
    assert [part.reply_to is None for part in parts[:2]] == [False, True]


def _whole(channel: Channel, server: DiscordServer) -> list[Message] | None:
    ours = [each for each in channel.messages if each.author is server.bot]
    return ours if ours and any(button.label == "Regenerate" for button in ours[-1].buttons) else None


async def test_generated_text_pings_nobody_but_the_asker(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    ben = server.add_user("Ben")
    guild = channel.guild
    assert guild is not None
    crew = guild.add_role("Crew", mentionable=True)
    gate = asyncio.Event()
    bot.generator.enqueue("Hi ", gate, f"@everyone {ben.mention} {crew.mention} @here")
    await ana.says(channel, f"{server.bot.mention} hello")
    await _first(bot, channel)
    gate.set()

    (answer,) = await bot.answers(channel)

    assert answer.pinged == [ana]
    assert not answer.mention_everyone


async def test_a_stopped_answer_keeps_what_was_written_and_can_be_continued(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    bot.generator.enqueue("Once upon ", asyncio.Event(), "a time")
    await ana.says(channel, f"{server.bot.mention} tell")
    answer = await _first(bot, channel)
    await bot.noted(answer)

    act = await ana.presses(answer, "Stop")

    await bot.answers(channel)
    assert act.failed is None
    assert answer.text == "Once upon\n-# Stopped."
    assert "Continue" in [button.label for button in answer.buttons]


async def test_a_deleted_question_gets_no_answer(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    bot.generator.enqueue(asyncio.Event(), "never")
    question = await ana.says(channel, f"{server.bot.mention} hello")
    await server.until(lambda: bot.generator.requests)

    await ana.deletes(question)

    await server.until(lambda: bot.generator.cancelled)
    await ana.says(channel, f"{server.bot.mention} again")
    (answer,) = await bot.answers(channel)
    assert answer.text == "Fine."


async def test_bulk_deletion_cancels_too(bot: Bot, server: DiscordServer, channel: Channel, ana: Person) -> None:
    bot.generator.enqueue(asyncio.Event(), "never")
    other = await ana.says(channel, "something")
    question = await ana.says(channel, f"{server.bot.mention} hello")
    await server.until(lambda: bot.generator.requests)

    await ana.deletes_all([other, question])

    await server.until(lambda: bot.generator.cancelled)
    await ana.says(channel, f"{server.bot.mention} again")
    (answer,) = await bot.answers(channel)
    assert answer.text == "Fine."


async def test_a_question_that_vanishes_unseen_is_answered_without_reference(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    gate = asyncio.Event()
    bot.generator.enqueue(gate, "Here.")
    question = await ana.says(channel, f"{server.bot.mention} hello")
    await server.until(lambda: bot.generator.requests)
    channel.drop(question)
    del server.world.messages[question.id]
    gate.set()

    (answer,) = await bot.answers(channel)

    assert answer.text == "Here."
    assert answer.reply_to is None


async def test_an_answer_deleted_half_way_is_posted_anew_when_it_is_finished(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    gate = asyncio.Event()
    bot.generator.enqueue("Half ", gate, "whole.")
    moderator = server.add_user("Mo", admin=True)
    await ana.says(channel, f"{server.bot.mention} hello")
    await moderator.deletes(await _first(bot, channel))
    gate.set()

    (answer,) = await bot.answers(channel)

    assert answer.text == "Half whole."


async def test_an_edited_question_is_answered_as_it_reads_now(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    bot.generator.enqueue(asyncio.Event(), "never")
    question = await ana.says(channel, f"{server.bot.mention} helo")
    await server.until(lambda: bot.generator.requests)

    await ana.edits(question, f"{server.bot.mention} hello")

    await server.until(lambda: [each for each in channel.messages if each.text == "Fine."])
    assert bot.generator.requests[-1].messages[-1].content == "hello"


async def test_edits_of_many_answers_in_one_channel_keep_within_its_pace(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    people = [server.add_user(f"P{number}") for number in range(4)]
    gates = [asyncio.Event() for _ in people]
    for gate in gates:
        bot.generator.enqueue(*(f"word {number} " for number in range(30)), gate, "end.")
    for person in people:
        await person.says(channel, f"{server.bot.mention} hello")
        await asyncio.sleep(0.02)
    for gate in gates:
        gate.set()

    answers = await bot.answers(channel, 4)

    assert all(answer.text.endswith("end.") for answer in answers)
    assert not [request for request in server.requests if request.status == 429]


async def test_what_a_crash_left_half_shown_is_finished_in_the_same_message(
    server: DiscordServer, channel: Channel, ana: Person, tmp_path: Path
) -> None:
    async with open_bot(server, tmp_path) as bot:
        bot.generator.enqueue("Half ", asyncio.Event())
        await ana.says(channel, f"{server.bot.mention} hello")
        half = await _first(bot, channel)

    async with open_bot(server, tmp_path) as bot:
        answers = await bot.answers(channel)

    assert answers == [half]
    assert half.text == "Fine."


async def test_a_message_sent_but_not_noted_before_a_crash_is_taken_over(
    server: DiscordServer, channel: Channel, ana: Person, tmp_path: Path
) -> None:
    async with open_bot(server, tmp_path) as bot:
        server.faults.delay("POST /channels/.*/messages", 60.0)
        await ana.says(channel, f"{server.bot.mention} hello")
        (sent,) = await bot.answers(channel)
    server.nonces.clear()

    async with open_bot(server, tmp_path) as bot:
        await ana.says(channel, f"{server.bot.mention} again", reply_to=sent)
        answers = await bot.answers(channel, 2)

    assert answers[0] is sent
    assert len(answers) == 2


async def test_a_lost_response_does_not_double_a_message(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    server.faults.lose("POST /channels/.*/messages")

    await ana.says(channel, f"{server.bot.mention} hello")

    answers = await bot.answers(channel)
    await ana.says(channel, f"{server.bot.mention} again")
    answers = await bot.answers(channel, 2)
    assert [answer.text for answer in answers] == ["Fine.", "Fine."]


async def test_refused_and_limited_requests_are_made_again_until_the_last_state_arrives(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    server.faults.refuse("POST /channels/.*/messages", 503, times=2)
    server.faults.refuse("POST /channels/.*/messages", 429, retry_after=0.1)

    await ana.says(channel, f"{server.bot.mention} hello")

    (answer,) = await bot.answers(channel)
    assert answer.text == "Fine."


async def test_where_the_bot_may_not_write_the_asker_is_told_directly(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    channel.bot_may(send_messages=False)

    await ana.says(channel, f"{server.bot.mention} hello")

    await server.until(lambda: ana.dm.messages)
    told = f"You asked me something in {channel.mention}, but I may not write there."
    assert ana.dm.messages[0].text.startswith(told)
    assert len(server.violations) <= 2
    server.violations.clear()


async def test_a_private_command_in_words_is_answered_by_direct_message(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    question = await ana.says(channel, f"{server.bot.mention} !privacy")

    (answer,) = await bot.answers(ana.dm)
    (pointer,) = await bot.answers(channel)

    assert answer.text.startswith("I keep of you")
    link = f"https://discord.com/channels/@me/{ana.dm.id}/{answer.id}"
    assert pointer.text == f"-# For your eyes only, so I answered directly: {link}"
    assert pointer.reply_to is question
    assert pointer.pinged == []


async def test_a_crash_while_it_points_at_a_direct_answer_repeats_neither(
    server: DiscordServer, channel: Channel, ana: Person, tmp_path: Path
) -> None:
    async with open_bot(server, tmp_path) as bot:
        server.faults.delay(f"POST /channels/{channel.id}/messages", 60.0)
        await ana.says(channel, f"{server.bot.mention} !privacy")
        await bot.answers(channel)
    server.nonces.clear()

    async with open_bot(server, tmp_path) as bot:
        await ana.says(channel, f"{server.bot.mention} hello")
        pointer, _ = await bot.answers(channel, 2)

        assert "so I answered directly" in pointer.text
        assert len(await bot.answers(ana.dm)) == 1


async def test_a_private_answer_to_someone_who_takes_no_direct_messages_is_not_shown_to_others(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    ana.closed_dms = True

    await ana.says(channel, f"{server.bot.mention} !privacy")

    (answer,) = await bot.answers(channel)
    assert answer.text.startswith("This answer is for you alone, and I cannot send you a direct message.")
    server.violations.clear()


async def test_the_state_shown_before_an_engine_dies_stays_with_the_reason(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    bot.generator.enqueue("Half a sentence", EngineDied())
    await ana.says(channel, f"{server.bot.mention} hello")

    (answer,) = await bot.answers(channel)

    assert answer.text.startswith("Half a sentence\n-# The model stopped in the middle of this answer.")
    assert "Continue" in [button.label for button in answer.buttons]
