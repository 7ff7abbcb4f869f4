"""From settings to a listening bot: what ends the start, what is waited out, and the two stages of a stop."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters.discord import DiscordPlatform
from bot.domain.places import Person as Someone
from bot.domain.places import Platform, owning_place
from bot.errors import SettingsError
from bot.system import SystemClock
from tests.discord.bots import Bot, open_bot, settings_for
from tests.servers.discord import Channel, DiscordServer, Person


async def test_a_wrong_token_ends_the_start_with_the_variable_and_the_remedy(
    server: DiscordServer, channel: Channel, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=r"^DISCORD_TOKEN: .*Reset Token.*\.env\.$") as caught:
        async with open_bot(server, tmp_path, DISCORD_TOKEN="wrong.token.altogether"):
            pass

    assert "altogether" not in str(caught.value)
    server.violations.clear()


async def test_a_missing_intent_ends_the_start_with_the_switch_and_the_way_around(
    server: DiscordServer, channel: Channel, tmp_path: Path
) -> None:
    server.message_content = False

    with pytest.raises(SettingsError, match=r"^DISCORD_MESSAGE_CONTENT: .*Message Content Intent.*=false"):
        async with open_bot(server, tmp_path):
            pass
    server.violations.clear()


async def test_only_the_intents_in_use_are_asked_for(bot: Bot, server: DiscordServer) -> None:
    (session,) = server.gateway.connected

    asked = {intent.name.lower() for intent in session.intents if intent.name}

    assert asked == {
        "guilds",
        "guild_messages",
        "direct_messages",
        "guild_message_reactions",
        "direct_message_reactions",
        "message_content",
    }


async def test_server_errors_at_the_start_are_waited_out(
    server: DiscordServer, channel: Channel, ana: Person, tmp_path: Path
) -> None:
    server.faults.refuse("GET /users/@me", 503)

    async with open_bot(server, tmp_path) as bot:
        await ana.says(channel, f"{server.bot.mention} hello")
        (answer,) = await bot.answers(channel)

    assert answer.text == "Fine."


async def test_commands_that_cannot_be_registered_do_not_keep_the_bot_away(
    server: DiscordServer, channel: Channel, ana: Person, tmp_path: Path
) -> None:
    server.faults.refuse("PUT /applications", 400)

    async with open_bot(server, tmp_path) as bot:
        await ana.says(channel, f"{server.bot.mention} hello")
        (answer,) = await bot.answers(channel)

    assert answer.text == "Fine."


async def test_without_discord_the_start_goes_on_and_the_bot_comes_when_discord_does(
    server: DiscordServer, channel: Channel, ana: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.discord.lifecycle._START_S", 0.2)
    await server.stop()

    async with open_bot(server, tmp_path) as bot:
        await server.start()
        await server.until(lambda: server.connected)
        await ana.says(channel, f"{server.bot.mention} hello")
        (answer,) = await bot.answers(channel)

    assert answer.text == "Fine."


async def test_when_it_listens_no_more_answers_in_flight_still_arrive(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    gate = asyncio.Event()
    bot.generator.enqueue("Half ", gate, "whole.")
    await ana.says(channel, f"{server.bot.mention} hello")
    await server.until(lambda: len(channel.messages) == 2)

    await bot.platform.stop_listening()
    await ana.says(channel, f"{server.bot.mention} unheard")
    gate.set()

    (answer,) = await bot.answers(channel)
    assert answer.text == "Half whole."
    assert len(bot.generator.requests) == 1


async def test_closing_what_never_started_is_nothing_to_do(server: DiscordServer, tmp_path: Path) -> None:
    platform = DiscordPlatform(settings_for(server, tmp_path), SystemClock())

    await platform.stop_listening()
    await platform.close()

    assert server.requests == []


async def test_nobody_is_an_admin_by_role_outside_the_servers_the_bot_is_in(bot: Bot, ana: Person) -> None:
    person = Someone(Platform.DISCORD, ana.id, ana.name)

    direct = owning_place(Platform.DISCORD, "", ana.dm.id, direct=True)
    elsewhere = owning_place(Platform.DISCORD, "1", "2")
    assert not await bot.platform.is_admin(person, direct)
    assert not await bot.platform.is_admin(person, elsewhere)


async def test_no_token_and_no_words_of_people_are_logged(
    server: DiscordServer, channel: Channel, ana: Person, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with capture_logs() as ours:
        async with open_bot(server, tmp_path):
            server.faults.refuse("POST /channels", 400)
            await ana.says(channel, f"{server.bot.mention} my secret plan")
            await server.until(lambda: [request for request in server.requests if request.status == 400])

    logged = f"{caplog.text} {ours}"
    assert server.token not in logged
    assert "secret plan" not in logged
    server.violations.clear()
