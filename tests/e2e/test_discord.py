"""The real process on Discord: killed and restarted, and starts that cannot succeed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.commands import ended
from tests.e2e.processes import Bot
from tests.engine.completion_server import CompletionServer, hang, say
from tests.patience import PATIENCE_S
from tests.servers.discord import Channel, DiscordServer, Message, Person


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as server:
        yield server


@pytest.fixture
def channel(server: DiscordServer) -> Channel:
    return server.add_guild("Team").add_channel("general")


@pytest.fixture
def ana(server: DiscordServer, channel: Channel) -> Person:
    return server.add_user("Ana")


def _settings(server: DiscordServer) -> dict[str, str]:
    return {
        "DISCORD_TOKEN": server.token,
        "DISCORD_API_URL": server.api_url,
        "DISCORD_GATEWAY_URL": server.gateway_url,
    }


def _answers(server: DiscordServer, channel: Channel) -> list[Message]:
    return [message for message in channel.messages if message.author is server.bot and not message.loading]


@pytest.mark.slow
async def test_a_kill_loses_no_answer_and_repeats_none(
    server: DiscordServer, channel: Channel, ana: Person, tmp_path: Path
) -> None:
    ask = server.bot.mention
    engine = CompletionServer(
        say("One."), hang("Half an "), say("Half an answer made whole."), say("Three."), say("One, again.")
    )
    async with engine:
        settings = _settings(server) | {"ENGINE_URL": engine.url}
        async with Bot(tmp_path, **settings) as bot:
            await ana.says(channel, f"{ask} first question")
            await server.until(lambda: [each.text for each in _answers(server, channel)] == ["One."], PATIENCE_S)
            await ana.says(channel, f"{ask} second question")
            await server.until(lambda: [each.text for each in _answers(server, channel)][1:] == ["Half an"], PATIENCE_S)
            await bot.kill()
        await ana.says(channel, f"{ask} third question, while nobody is there")

        async with Bot(tmp_path, **settings) as bot:
            await server.until(lambda: len(engine.bodies) == 4 and len(_answers(server, channel)) == 3, PATIENCE_S)
            await server.until(lambda: all(each.buttons for each in _answers(server, channel)), PATIENCE_S)
            await ana.presses(_answers(server, channel)[0], "Regenerate")
            await server.until(lambda: len(_answers(server, channel)) == 4, PATIENCE_S)
            code = await bot.stop()

    texts = [each.text for each in _answers(server, channel)]
    assert texts[0] == "One."
    assert sorted(texts[1:3]) == ["Half an answer made whole.", "Three."]
    assert texts[3] == "One, again."
    assert code == 0
    assert server.violations == []
    assert "Traceback" not in bot.log
    assert server.token not in bot.log
    assert "question" not in bot.log


@pytest.mark.slow
async def test_a_wrong_token_ends_the_start_with_a_sentence(server: DiscordServer, tmp_path: Path) -> None:
    settings = _settings(server) | {"DISCORD_TOKEN": server.token[:-4] + "abcd", "ENGINE_URL": "http://127.0.0.1:9"}

    run = await ended(tmp_path, "run", **settings)

    assert run.code == 78
    assert "Inkling cannot go on: DISCORD_TOKEN" in run.error
    assert "Reset Token" in run.error
    assert settings["DISCORD_TOKEN"] not in run.output + run.error
    assert "Traceback" not in run.error


@pytest.mark.slow
async def test_a_missing_intent_ends_the_start_with_both_ways_out(
    server: DiscordServer, channel: Channel, tmp_path: Path
) -> None:
    server.message_content = False

    run = await ended(tmp_path, "run", **_settings(server), ENGINE_URL="http://127.0.0.1:9")

    assert run.code == 78
    assert "Message Content Intent" in run.error
    assert "DISCORD_MESSAGE_CONTENT=false" in run.error
    assert "Traceback" not in run.error
