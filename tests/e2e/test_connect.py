"""`connect` and `doctor` as a new host meets them: what they print, and the exit code for scripts."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path

from tests.e2e.commands import ended, ended_here
from tests.engine.completion_server import CompletionServer, say
from tests.servers.discord import DiscordServer
from tests.servers.slack import SlackServer


async def test_connect_discord_before_there_is_a_token_says_where_to_get_it(tmp_path: Path) -> None:
    run = await asyncio.to_thread(ended_here, tmp_path, "connect", "discord")

    assert run.code == 1
    assert "https://discord.com/developers/applications" in run.output
    assert "DISCORD_TOKEN is not set" in run.output
    assert run.error == ""


async def test_connect_discord_with_a_token_prints_its_invite_link_and_finds_all_well(tmp_path: Path) -> None:
    async with DiscordServer() as server:
        server.add_guild("Team")
        settings = {
            "DISCORD_TOKEN": server.token,
            "DISCORD_API_URL": server.api_url,
            "DISCORD_GATEWAY_URL": server.gateway_url,
        }

        run = await asyncio.to_thread(ended_here, tmp_path, "connect", "discord", **settings)

    assert run.code == 0, run.output
    assert f"client_id={server.bot.id}&scope=bot+applications.commands&permissions=" in run.output
    assert "the bot is in 1: Team" in run.output
    assert "All is well" in run.output
    assert server.token not in run.output + run.error
    assert run.error == ""


async def test_the_manifest_of_connect_slack_installs_and_then_all_is_well(tmp_path: Path) -> None:
    async with SlackServer() as server:
        first = await asyncio.to_thread(ended_here, tmp_path, "connect", "slack")
        printed, _ = json.JSONDecoder().raw_decode(first.output)
        server.install(printed)
        settings = {
            "SLACK_API_URL": server.api_url,
            "SLACK_BOT_TOKEN": server.bot_token,
            "SLACK_APP_TOKEN": server.app_token,
        }

        second = await asyncio.to_thread(ended_here, tmp_path, "connect", "slack", **settings)

    assert first.code == 1
    assert "SLACK_BOT_TOKEN is missing" in first.output
    assert second.code == 0, second.output
    assert f"all {len(server.scopes)} granted" in second.output
    assert "not needed" not in second.output
    assert server.bot_token not in second.output


async def test_a_token_typed_into_connect_is_kept_where_only_its_owner_reads_it(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BOT_NAME=Inky\n")
    (tmp_path / ".env").chmod(0o644)

    run = await ended(tmp_path, "connect", "slack", typed=["xoxp-not-a-bots", "xapp-1-2"])

    assert run.code == 1
    assert "SLACK_BOT_TOKEN holds a user token" in run.output
    assert "xoxp-not-a-bots" not in run.output
    kept = (tmp_path / ".env").read_text()
    assert "BOT_NAME=Inky" in kept
    assert "SLACK_BOT_TOKEN=xoxp-not-a-bots" in kept
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600


async def test_by_http_connect_asks_for_the_signing_secret_in_place_of_the_apps_token(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SLACK_SIGNING_SECRET=later\n")

    run = await ended(tmp_path, "connect", "slack", typed=["xoxp-not-a-bots", "0123456789abcdef"])

    assert '"socket_mode_enabled": false' in run.output
    assert "“Retry” beside the Request URL" in run.output
    kept = (tmp_path / ".env").read_text()
    assert "SLACK_SIGNING_SECRET=0123456789abcdef" in kept
    assert "SLACK_APP_TOKEN" not in kept


async def test_doctor_looks_at_the_live_platforms_and_at_a_channel(tmp_path: Path) -> None:
    async with CompletionServer(say("fine")) as engine, DiscordServer() as discord, SlackServer() as slack:
        channel = discord.add_guild("Team").add_channel("general")
        channel.bot_may(send_messages=False)
        settings = {
            "DATA_FOLDER": str(tmp_path / "data"),
            "ENGINE_URL": engine.url,
            "WEB_PORT": "0",
            "DISCORD_TOKEN": discord.token,
            "DISCORD_API_URL": discord.api_url,
            "DISCORD_GATEWAY_URL": discord.gateway_url,
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_API_URL": slack.api_url,
        }

        run = await asyncio.to_thread(ended_here, tmp_path, "doctor", "--channel", f"discord/{channel.id}", **settings)

    assert run.code == 1
    (wrong,) = [line for line in run.output.splitlines() if line.startswith("✗")]
    assert "The bot lacks Send Messages" in wrong
    assert "in #general: give its role these permissions" in wrong
    assert "✓ Slack bot token" in run.output


async def test_doctor_misses_slacks_other_token(tmp_path: Path) -> None:
    async with CompletionServer(say("fine")) as engine:
        settings = {"DATA_FOLDER": str(tmp_path / "data"), "ENGINE_URL": engine.url, "WEB_PORT": "0"}

        run = await asyncio.to_thread(ended_here, tmp_path, "doctor", SLACK_APP_TOKEN="xapp-1-2", **settings)

    assert run.code == 1
    (wrong,) = [line for line in run.output.splitlines() if line.startswith("✗")]
    assert "SLACK_BOT_TOKEN is missing" in wrong
