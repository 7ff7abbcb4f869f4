"""Lost connections, sessions and time: what was said meanwhile is answered once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.discord.bots import Bot, open_bot
from tests.houses import FakeClock
from tests.patience import PATIENCE_S
from tests.servers.discord import Channel, DiscordServer, Person


def _asked(bot: Bot) -> list[str]:
    return sorted(request.messages[-1].content for request in bot.generator.requests)


async def test_what_was_said_while_a_socket_was_lost_comes_with_the_resumed_session(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    server.faults.replay_more(5)
    await ana.says(channel, f"{server.bot.mention} one")
    await bot.answers(channel)
    server.faults.drop_sockets()

    await ana.says(channel, f"{server.bot.mention} two")

    await bot.answers(channel, 2)
    assert _asked(bot) == ["one", "two"]


async def test_an_answer_that_grows_is_finished_over_a_lost_socket(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    gate = asyncio.Event()
    bot.generator.enqueue("Half ", gate, "whole.")
    await ana.says(channel, f"{server.bot.mention} hello")
    await server.until(lambda: len(channel.messages) == 2)
    server.faults.drop_sockets()
    gate.set()

    (answer,) = await bot.answers(channel)

    assert answer.text == "Half whole."


@pytest.mark.slow
async def test_what_was_said_while_a_session_was_lost_is_read_from_history(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    """The library waits five seconds before it identifies anew."""
    await ana.says(channel, f"{server.bot.mention} one")
    await bot.answers(channel)
    await ana.says(ana.dm, "two")
    await bot.answers(ana.dm)
    # The first session's catching up is over.
    await asyncio.sleep(0.5)
    server.faults.invalidate_sessions()
    await server.until(lambda: not server.connected)

    await ana.says(channel, f"{server.bot.mention} three")
    await ana.says(ana.dm, "four")

    await server.until(lambda: len(bot.generator.requests) == 4, timeout=PATIENCE_S)
    assert _asked(bot) == ["four", "one", "three", "two"]


async def test_what_was_said_while_the_bot_was_down_is_answered_after_its_start(
    server: DiscordServer, channel: Channel, ana: Person, tmp_path: Path
) -> None:
    thread = await ana.opens_thread(channel, "plans")
    async with open_bot(server, tmp_path) as bot:
        await ana.says(channel, f"{server.bot.mention} one")
        await ana.says(thread, f"{server.bot.mention} two")
        await ana.says(ana.dm, "three")
        await server.until(lambda: len(bot.generator.requests) == 3)
        await bot.answers(channel)
        await bot.answers(thread)
        await bot.answers(ana.dm)
    await ana.says(channel, f"{server.bot.mention} four")
    await ana.says(channel, "not for the bot")
    await ana.says(thread, "five")
    await ana.says(ana.dm, "six")

    async with open_bot(server, tmp_path) as bot:
        await server.until(lambda: len(bot.generator.requests) == 3, timeout=PATIENCE_S)
        await bot.answers(channel, 2)
        await bot.answers(thread, 2)
        await bot.answers(ana.dm, 2)

        assert _asked(bot) == ["five", "four", "six"]


async def test_what_is_older_than_the_setting_is_left(
    server: DiscordServer, channel: Channel, ana: Person, tmp_path: Path
) -> None:
    long_ago = FakeClock(datetime.now(UTC) - timedelta(hours=5))
    async with open_bot(server, tmp_path, clock=long_ago) as bot:
        await ana.says(channel, f"{server.bot.mention} one")
        await bot.answers(channel)
    await ana.says(channel, f"{server.bot.mention} too old", ago=7200)
    await ana.says(channel, f"{server.bot.mention} in time", ago=600)

    async with open_bot(server, tmp_path, CATCH_UP_HOURS="1") as bot:
        await server.until(lambda: bot.generator.requests, timeout=PATIENCE_S)
        await bot.answers(channel, 2)

        assert _asked(bot) == ["in time"]


async def test_a_bot_that_never_heard_anything_catches_nothing_up(
    server: DiscordServer, channel: Channel, ana: Person, tmp_path: Path
) -> None:
    await ana.says(channel, f"{server.bot.mention} before its time")

    async with open_bot(server, tmp_path) as bot:
        await server.until(lambda: server.connected)
        await asyncio.sleep(0.5)

        assert not bot.generator.requests


async def test_a_channel_that_may_not_be_read_is_left_out_of_catching_up(
    server: DiscordServer, channel: Channel, ana: Person, tmp_path: Path
) -> None:
    guild = channel.guild
    assert guild is not None
    hidden = guild.add_channel("hidden")
    hidden.bot_may(view_channel=False)
    async with open_bot(server, tmp_path) as bot:
        await ana.says(channel, f"{server.bot.mention} one")
        await bot.answers(channel)
    await ana.says(hidden, f"{server.bot.mention} unseen")
    await ana.says(channel, f"{server.bot.mention} two")

    async with open_bot(server, tmp_path) as bot:
        await server.until(lambda: bot.generator.requests, timeout=PATIENCE_S)
        await bot.answers(channel, 2)

        assert _asked(bot) == ["two"]


async def test_many_questions_with_doubled_events_limits_and_lost_sockets_are_answered_once_each(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    guild = channel.guild
    assert guild is not None
    channels = [guild.add_channel(f"room-{number}") for number in range(6)]
    server.faults.redeliver(0.3, seed=1)
    server.faults.rate_limit(0.05, seed=2)

    for number, room in enumerate(channels):
        if number in (2, 4):
            server.faults.drop_sockets()
        for word in ("a", "b"):
            await ana.says(room, f"{server.bot.mention} {word}{number}")

    for room in channels:
        answers = await bot.answers(room, 2)
        assert [answer.text for answer in answers] == ["Fine.", "Fine."]
    assert len(bot.generator.requests) == 12


async def test_the_bot_can_be_stopped_while_a_session_is_lost(
    server: DiscordServer, channel: Channel, ana: Person, tmp_path: Path
) -> None:
    async with open_bot(server, tmp_path) as bot:
        server.faults.invalidate_sessions()
        await server.until(lambda: not server.connected)
        await bot.platform.stop_listening()

    assert not server.connected


@pytest.mark.slow
async def test_a_discord_out_of_reach_is_a_line_in_the_log_and_no_traceback(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person, caplog: pytest.LogCaptureFixture
) -> None:
    with capture_logs() as ours:
        await server.faults.outage(1.0)

        await server.until(lambda: server.connected, timeout=PATIENCE_S)
        await ana.says(channel, f"{server.bot.mention} hello")
        await bot.answers(channel)
    assert "Traceback" not in caplog.text
    assert not [line for line in ours if "exc_info" in line]


async def test_answers_to_a_crowd_keep_within_what_discord_takes_of_a_bot_in_a_second(
    bot: Bot, server: DiscordServer, channel: Channel, tmp_path: Path
) -> None:
    crowd = [server.add_user(f"Person {number}") for number in range(70)]

    for person in crowd:
        await person.says(person.dm, "hello")
    for person in crowd:
        await bot.answers(person.dm)

    assert [request for request in server.requests if request.status == 429] == []


async def test_two_connections_on_one_database_give_one_answer_to_each(
    server: DiscordServer, channel: Channel, ana: Person, tmp_path: Path
) -> None:
    async with open_bot(server, tmp_path) as one, open_bot(server, tmp_path) as other:
        for number in range(6):
            await ana.says(channel, f"{server.bot.mention} {number}")
        answers = await one.answers(channel, 6)

        assert len(answers) == 6
        assert len(one.generator.requests) + len(other.generator.requests) == 6
