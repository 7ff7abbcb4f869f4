"""Slash commands, menus and completion, made from the core's command table."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from adapters.discord.commands import payloads, same
from bot.domain.commands import COMMANDS
from bot.domain.lines import say
from bot.domain.places import Platform, owning_place
from tests.discord.bots import Bot, open_bot
from tests.servers.discord import Channel, DiscordServer, Impossible, Person


def test_every_command_of_the_table_is_there_and_within_discords_limits() -> None:
    rows = {row["name"]: row for row in payloads()}

    assert set(rows) == {command.name for command in COMMANDS} | {"Summarise from here", "Rewrite this"}
    for row in rows.values():
        options = row.get("options", [])
        assert len(row.get("description", "")) <= 100
        assert len(options) <= 25
        assert [option["required"] for option in options if "required" in option] == sorted(
            (option["required"] for option in options if "required" in option), reverse=True
        )
        assert all(len(option.get("choices", [])) <= 25 for option in options)


def test_admins_commands_are_hidden_from_others() -> None:
    hidden = {row["name"] for row in payloads() if row.get("default_member_permissions") == "32"}

    assert hidden == {"retrain", "release", "digest", "settings"}


def test_descriptions_and_choices_exist_in_both_kinds_of_chinese() -> None:
    write = next(row for row in payloads() if row["name"] == "write")

    assert write["description_localizations"]["zh-CN"] == write["description_localizations"]["zh-TW"]
    tone = next(option for option in write["options"] if option["name"] == "tone")
    assert tone["choices"][1] == {
        "name": "formal",
        "name_localizations": {"zh-CN": "正式", "zh-TW": "正式"},
        "value": "formal",
    }


def test_what_discord_adds_makes_no_difference_but_another_language_does() -> None:
    ours = payloads()
    known = [{**row, "id": "1", "version": "2", "nsfw": False, "dm_permission": True} for row in reversed(ours)]
    other = [{**row, "description_localizations": {}} for row in ours]

    assert same(known, ours)
    assert not same(other, ours)


async def test_commands_are_registered_once_and_not_at_each_start(
    server: DiscordServer, channel: Channel, tmp_path: Path
) -> None:
    for _ in range(2):
        async with open_bot(server, tmp_path):
            pass

    assert server.command_syncs == 1


async def test_a_command_is_acknowledged_and_its_response_becomes_the_answer(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    act = await ana.calls(channel, "write", form="email", about="a picnic")

    answers = await bot.answers(channel)

    assert act.failed is None
    assert answers == [act.reply]
    assert act.reply.text == "Fine."
    assert bot.generator.requests[0].messages[-1].content == "Write an email: a picnic"
    assert act.reply.rows[0] == ["👍", "👎", "Regenerate", "Suggest", "Use as message"]


async def test_a_private_command_is_shown_to_its_caller_alone(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    act = await ana.calls(channel, "help")

    await server.until(lambda: act.replies and not act.reply.loading)

    assert act.reply.ephemeral_for is ana
    assert act.reply.text.startswith("**I am Inkling.**")


async def test_lines_are_in_the_language_of_the_caller(bot: Bot, server: DiscordServer, channel: Channel) -> None:
    lin = server.add_user("琳", locale="zh-CN")

    act = await lin.calls(channel, "help")

    await server.until(lambda: act.replies and not act.reply.loading)
    assert act.reply.text.startswith("**我是 Inkling。**")


async def test_a_long_answer_to_a_command_continues_in_further_messages(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    bot.generator.enqueue("\n\n".join(f"Paragraph {number}. " + "words " * 40 for number in range(18)))

    act = await ana.calls(channel, "write", about="much")

    await bot.answers(channel, 3)
    assert [bool(reply.buttons) for reply in act.replies] == [False, False, True]
    assert act.replies[0].text.startswith("Paragraph 0.")


async def test_a_long_private_answer_stays_private(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    bot.generator.enqueue("\n\n".join(f"Paragraph {number}. " + "words " * 40 for number in range(12)))

    act = await ana.calls(channel, "summarize", text="something to read")

    await server.until(lambda: len(act.replies) == 2 and act.replies[-1].buttons)
    assert all(reply.ephemeral_for is ana for reply in act.replies)


async def test_a_file_can_be_summed_up(bot: Bot, server: DiscordServer, channel: Channel, ana: Person) -> None:
    act = await ana.calls(channel, "summarize", file=("notes.txt", b"Tea at four."))

    await server.until(lambda: act.replies and act.reply.text == "Fine.")
    assert "Tea at four." in bot.generator.requests[0].messages[-1].content


async def test_a_channel_is_summed_up_without_discords_own_notices(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    await ana.says(channel, "Tea at four?")
    await ana.opens_thread(channel, "plans")
    await server.add_user("Ben").says(channel, "Yes.")

    act = await ana.calls(channel, "summarize")

    await server.until(lambda: act.replies and act.reply.text.startswith("Fine."))
    assert "Ana: Tea at four?\nBen: Yes." in bot.generator.requests[0].messages[-1].content
    assert "Covers 2 messages" in act.reply.text


async def test_what_is_read_of_a_channel_tells_who_wrote_it_and_where(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    message = await ana.says(channel, "Tea at four?")
    await channel.add_webhook("News").says("It rains.")
    guild = channel.guild
    assert guild is not None

    place = owning_place(Platform.DISCORD, guild.id, channel.id)
    news, tea = [read async for read in bot.platform.history(place, limit=5)]

    assert (tea.author, tea.text, tea.person, tea.automated) == ("Ana", "Tea at four?", f"discord/{ana.id}", False)
    assert tea.link == f"https://discord.com/channels/{guild.id}/{channel.id}/{message.id}"
    assert (news.text, news.automated, news.by_bot) == ("It rains.", True, False)


async def test_a_channel_that_cannot_be_read_is_told_so(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    channel.bot_may(read_message_history=False)

    act = await ana.calls(channel, "summarize")

    await server.until(lambda: act.replies and not act.reply.loading)
    assert act.reply.text
    assert not bot.generator.requests
    server.violations.clear()


async def test_summarise_from_here_reads_from_that_message_on(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    await ana.says(channel, "Before.")
    here = await ana.says(channel, "From here.")
    await ana.says(channel, "After.")

    act = await ana.uses(here, "Summarise from here")

    await server.until(lambda: act.replies and act.reply.text.startswith("Fine."))
    assert act.reply.ephemeral_for is ana
    read = bot.generator.requests[0].messages[-1].content
    assert "Ana: From here.\nAna: After." in read
    assert "Before." not in read


async def test_rewrite_this_rewrites_a_message(bot: Bot, server: DiscordServer, channel: Channel, ana: Person) -> None:
    ben = server.add_user("Ben")
    message = await ben.says(channel, f"we gotta go {ana.mention}")

    act = await ana.uses(message, "Rewrite this")

    await bot.answers(channel)
    assert act.failed is None
    assert bot.generator.requests[0].messages[-1].content == "Rewrite in plain language: we gotta go @Ana"


async def test_an_answer_of_the_bots_own_is_rewritten_without_its_small_print(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    bot.generator.enqueue("Once upon ", asyncio.Event(), "a time.")
    await ana.says(channel, f"{server.bot.mention} a story")
    growing = (await server.until(lambda: [each for each in channel.messages if each.buttons]))[0]
    await bot.noted(growing)
    await ana.presses(growing, "Stop")
    (stopped,) = await bot.answers(channel)

    await ana.uses(stopped, "Rewrite this")
    await bot.answers(channel, 2)

    assert stopped.text == "Once upon\n-# Stopped."
    assert bot.generator.requests[-1].messages[-1].content == "Rewrite in plain language: Once upon"


async def test_a_message_without_words_cannot_be_rewritten(bot: Bot, channel: Channel, ana: Person) -> None:
    message = await ana.says(channel, files=[("picture.png", b"not words")])

    act = await ana.uses(message, "Rewrite this")

    assert act.reply.text == "There are no words in this message to rewrite."
    assert act.reply.ephemeral_for is ana
    assert bot.generator.requests == []


async def test_styles_are_proposed_while_one_types(bot: Bot, channel: Channel, ana: Person) -> None:
    choices = await ana.completes(channel, "image", "style", "water")

    assert choices
    assert all("water" in str(choice.value) for choice in choices)


async def test_every_option_that_completes_proposes_values(bot: Bot, server: DiscordServer, channel: Channel) -> None:
    mo = server.add_user("Mo", admin=True)
    await mo.says(channel, f"{server.bot.mention} hello")
    await bot.answers(channel)

    for command in COMMANDS:
        for option in command.options:
            if option.completes:
                assert await mo.completes(channel, command.name, option.name), f"/{command.name} {option.name}"


async def test_a_number_is_asked_for_within_its_bounds(bot: Bot, channel: Channel, ana: Person) -> None:
    with pytest.raises(Impossible):
        await ana.calls(channel, "image", prompt="a cat", guidance=21.5)

    act = await ana.calls(channel, "image", prompt="a cat", guidance=2.5)

    assert act.failed is None


async def test_a_command_for_admins_is_refused_by_the_roles_of_the_moment(
    bot: Bot, server: DiscordServer, channel: Channel
) -> None:
    guild = channel.guild
    assert guild is not None
    mo = server.add_user("Mo")
    managers = guild.add_role("Managers", "manage_guild")
    guild.give(mo, managers)

    allowed = await mo.calls(channel, "release", action="list")
    await server.until(lambda: allowed.replies and not allowed.reply.loading)
    guild.take(mo, managers)
    refused = await mo.calls(mo.dm, "release", action="list")
    await server.until(lambda: refused.replies and not refused.reply.loading)

    refusal = say("command.admins_only", "en")
    assert allowed.reply.text != refusal
    assert refused.reply.text == refusal


async def test_an_interaction_delivered_twice_is_answered_once(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    server.faults.redeliver(1.0)

    act = await ana.calls(channel, "write", about="a picnic")

    await bot.answers(channel)
    assert len(act.replies) == 1
    assert len(bot.generator.requests) == 1


async def test_when_the_token_runs_out_a_public_answer_goes_on_in_the_channel(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    gate = asyncio.Event()
    bot.generator.enqueue("Half ", gate, "whole.")
    act = await ana.calls(channel, "write", about="a picnic")
    await server.until(lambda: act.replies and act.reply.text.startswith("Half"))
    server.interactions.token_seconds = 0.0
    gate.set()

    await bot.answers(channel)

    assert act.reply.text == "Half whole."
    server.violations.clear()


async def test_when_the_token_runs_out_a_private_answer_goes_on_in_the_direct_channel(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    gate = asyncio.Event()
    bot.generator.enqueue(gate, "Done.")
    await ana.calls(channel, "summarize", text="something")
    await server.until(lambda: bot.generator.requests)
    server.interactions.token_seconds = 0.0
    gate.set()

    (answer,) = await bot.answers(ana.dm)

    assert answer.text == "Done."
    server.violations.clear()


async def test_a_command_taken_up_after_a_crash_is_answered_in_the_channel_without_a_trace_of_thinking(
    server: DiscordServer, channel: Channel, ana: Person, tmp_path: Path
) -> None:
    async with open_bot(server, tmp_path) as bot:
        bot.generator.enqueue(asyncio.Event())
        await ana.calls(channel, "write", about="a picnic")
        await server.until(lambda: bot.generator.requests)

    async with open_bot(server, tmp_path) as bot:
        answers = await bot.answers(channel)

    assert [answer.text for answer in answers] == ["Fine."]


async def test_a_private_command_taken_up_after_a_crash_is_answered_directly(
    server: DiscordServer, channel: Channel, ana: Person, tmp_path: Path
) -> None:
    async with open_bot(server, tmp_path) as bot:
        bot.generator.enqueue(asyncio.Event())
        await ana.calls(channel, "summarize", text="something")
        await server.until(lambda: bot.generator.requests)

    async with open_bot(server, tmp_path) as bot:
        (answer,) = await bot.answers(ana.dm)

    assert answer.text == "Fine."


async def test_a_command_that_nobody_registered_cannot_be_called(bot: Bot, channel: Channel, ana: Person) -> None:
    with pytest.raises(Impossible):
        await ana.calls(channel, "dance")
