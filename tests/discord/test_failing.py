"""What cannot be done is said, once, to the one who asked; what cannot be known is marked."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.chat.dispatch import Core
from bot.domain.lines import say
from bot.domain.messages import Ask
from bot.errors import DiskFull
from tests.discord.bots import Bot, open_bot
from tests.houses import FakeClock
from tests.servers.discord import Channel, DiscordServer, Person


@pytest.fixture
def full_disk(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    async def accept(self: Core, ask: Ask) -> None:
        raise DiskFull("no space left")

    monkeypatch.setattr(Core, "accept", accept)


@pytest.mark.usefixtures("full_disk")
async def test_a_message_that_cannot_be_kept_is_refused_visibly(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    question = await ana.says(channel, f"{server.bot.mention} hello")

    (answer,) = await bot.answers(channel)

    assert answer.text == say("error.disk_full", "en")
    assert answer.reply_to is question


@pytest.mark.usefixtures("full_disk")
async def test_a_message_that_was_not_for_the_bot_is_not_refused_aloud(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    await ana.says(channel, "among us")
    await ana.says(channel, f"{server.bot.mention} hello")

    assert len(await bot.answers(channel)) == 1


@pytest.mark.usefixtures("full_disk")
async def test_a_command_that_cannot_be_kept_is_refused_privately(bot: Bot, channel: Channel, ana: Person) -> None:
    act = await ana.calls(channel, "write", about="a picnic")

    assert act.reply.text == say("error.disk_full", "en")
    assert act.reply.ephemeral_for is ana


async def test_storing_that_takes_long_does_not_let_the_interaction_fail(
    bot: Bot, channel: Channel, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.discord.interacting._STORE_S", 0.05)
    accept = Core.accept

    async def slowly(self: Core, ask: Ask) -> object:
        await asyncio.sleep(0.5)
        return await accept(self, ask)

    monkeypatch.setattr(Core, "accept", slowly)

    act = await ana.calls(channel, "write", about="a picnic")

    await bot.answers(channel)
    assert act.acked_after is not None
    assert act.acked_after < 0.4
    assert act.reply.text == "Fine."


async def test_a_wrong_option_is_explained(bot: Bot, server: DiscordServer, channel: Channel, ana: Person) -> None:
    await ana.says(channel, f"{server.bot.mention} !write form:sonnet")

    (answer,) = await bot.answers(channel)

    assert "needs “about”" in answer.text or "not a choice" in answer.text


async def test_a_crash_in_the_middle_of_serving_an_interaction_is_told(
    bot: Bot, channel: Channel, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(self: Core, ask: Ask) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Core, "accept", broken)

    act = await ana.calls(channel, "write", about="a picnic")

    assert act.reply.text == say("error.unknown", "en")


async def test_an_answer_that_discord_refuses_for_a_while_arrives_after_all(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    gate = asyncio.Event()
    bot.generator.enqueue("Half ", gate, "whole.")
    await ana.says(channel, f"{server.bot.mention} hello")
    await server.until(lambda: len(channel.messages) == 2)
    server.faults.refuse("PATCH /channels/.*/messages", 503, times=4)
    gate.set()

    (answer,) = await bot.answers(channel)

    assert answer.text == "Half whole."


async def test_a_repeat_that_cannot_be_ruled_out_is_marked(
    server: DiscordServer, channel: Channel, ana: Person, tmp_path: Path
) -> None:
    long_ago = FakeClock(datetime.now(UTC) - timedelta(minutes=30))
    async with open_bot(server, tmp_path, clock=long_ago) as bot:
        server.faults.delay("POST /channels/.*/messages", 60.0)
        await ana.says(channel, f"{server.bot.mention} hello")
        await bot.answers(channel)
    server.nonces.clear()
    channel.bot_may(read_message_history=False)

    async with open_bot(server, tmp_path) as bot:
        answers = await bot.answers(channel, 2)

    assert answers[-1].text == "Fine.\n-# I was interrupted while sending this, so it may be a repeat."
    server.violations.clear()
