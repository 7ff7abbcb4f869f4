"""The real process on Slack: killed and restarted, and starts that cannot succeed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.slack.connecting import manifest
from tests.e2e.commands import ended
from tests.e2e.processes import Bot
from tests.engine.completion_server import CompletionServer, hang, say
from tests.patience import PATIENCE_S
from tests.servers.slack import Channel, Message, SlackServer, User


@pytest.fixture
async def server() -> AsyncIterator[SlackServer]:
    async with SlackServer() as server:
        server.install(manifest("Inkling"))
        yield server


@pytest.fixture
def channel(server: SlackServer) -> Channel:
    return server.add_channel("general")


@pytest.fixture
def ana(server: SlackServer, channel: Channel) -> User:
    return server.add_user("Ana")


def _settings(server: SlackServer) -> dict[str, str]:
    return {
        "SLACK_BOT_TOKEN": server.bot_token,
        "SLACK_APP_TOKEN": server.app_token,
        "SLACK_API_URL": server.api_url,
    }


def _answers(server: SlackServer, channel: Channel) -> list[Message]:
    return [message for message in channel.messages if message.author is server.bot]


@pytest.mark.slow
async def test_a_kill_loses_no_answer_and_repeats_none(
    server: SlackServer, channel: Channel, ana: User, tmp_path: Path
) -> None:
    ask = server.bot.mention
    engine = CompletionServer(
        say("One."), hang("Half an "), say("Half an answer made whole."), say("Three."), say("One, again.")
    )
    async with engine:
        settings = _settings(server) | {"ENGINE_URL": engine.url}
        async with Bot(tmp_path, **settings) as bot:
            first = await ana.says(channel, f"{ask} first question")
            await server.until(lambda: [each.text for each in _answers(server, channel)] == ["One."], PATIENCE_S)
            second = await ana.says(channel, f"{ask} second question")
            await server.until(lambda: [each.text.strip() for each in second.replies] == ["Half an"], PATIENCE_S)
            await bot.kill()
        third = await ana.says(channel, f"{ask} third question, while nobody is there")

        async with Bot(tmp_path, **settings) as bot:
            await server.until(lambda: len(engine.bodies) == 4 and len(_answers(server, channel)) == 3, PATIENCE_S)
            await server.until(lambda: all(each.buttons for each in _answers(server, channel)), PATIENCE_S)
            await ana.presses(first.replies[0], "Regenerate")
            await server.until(lambda: len(first.replies) == 2, PATIENCE_S)
            code = await bot.stop()

    assert [each.text for each in first.replies] == ["One.", "One, again."]
    assert sorted(each.text for each in [*second.replies, *third.replies]) == ["Half an answer made whole.", "Three."]
    assert code == 0
    assert server.violations == []
    assert "Traceback" not in bot.log
    assert server.bot_token not in bot.log
    assert server.app_token not in bot.log
    assert "question" not in bot.log


@pytest.mark.slow
async def test_a_repeat_that_cannot_be_ruled_out_is_marked(
    server: SlackServer, channel: Channel, ana: User, tmp_path: Path
) -> None:
    """Killed while the post was under way; afterwards Slack does not let the bot look whether it arrived."""
    async with CompletionServer(say("The answer.")) as engine:
        settings = _settings(server) | {"ENGINE_URL": engine.url}
        async with Bot(tmp_path, **settings):
            server.faults.delay("chat.postMessage|chat.startStream", PATIENCE_S)
            await ana.says(channel, f"{server.bot.mention} hello")
            await server.until(lambda: _answers(server, channel), PATIENCE_S)
        server.faults.refuse("conversations.(replies|history)", error="missing_scope", times=1000)

        async with Bot(tmp_path, **settings):
            await server.until(
                lambda: len(_answers(server, channel)) == 2 and _answers(server, channel)[1].notes, PATIENCE_S
            )

    assert "may be a repeat" in _answers(server, channel)[1].notes


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-0-nobody"}, "Slack refuses SLACK_BOT_TOKEN (invalid_auth)"),
        ({"SLACK_APP_TOKEN": "xapp-0-nobody"}, "Slack refuses SLACK_APP_TOKEN (invalid_auth)"),
    ],
)
async def test_a_wrong_token_ends_the_start_with_a_sentence(
    server: SlackServer, tmp_path: Path, wrong: dict[str, str], told: str
) -> None:
    settings = _settings(server) | wrong | {"ENGINE_URL": "http://127.0.0.1:9"}

    run = await ended(tmp_path, "run", **settings)

    assert run.code == 78
    assert f"Inkling cannot go on: {told}" in run.error
    assert "-nobody" not in run.output + run.error
    assert "Traceback" not in run.error


@pytest.mark.slow
async def test_a_missing_scope_ends_the_start_with_its_name(server: SlackServer, tmp_path: Path) -> None:
    server.scopes.discard("reactions:read")

    run = await ended(tmp_path, "run", **_settings(server), ENGINE_URL="http://127.0.0.1:9")

    assert run.code == 78
    assert "lacks the scopes reactions:read" in run.error
    assert "reinstall" in run.error
