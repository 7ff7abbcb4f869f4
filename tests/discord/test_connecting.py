"""Set-up: the invite link, and the live checks with their remedies."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import discord

from adapters.discord.checking import check
from adapters.discord.connecting import application_of, guide, invite_link
from bot.domain.findings import Finding
from tests.discord.bots import open_bot, settings_for
from tests.servers.discord import VOICE, Channel, DiscordServer


async def _findings(server: DiscordServer, folder: Path, channel: str = "", **variables: str) -> dict[str, Finding]:
    settings = settings_for(server, folder, **variables)
    return {finding.subject: finding async for finding in check(settings, channel=channel)}


def test_the_invite_link_asks_for_what_is_needed_and_no_more() -> None:
    asked = parse_qs(urlsplit(invite_link("123")).query)

    granted = {name for name, value in discord.Permissions(int(asked["permissions"][0])) if value}
    assert granted == {
        "read_messages",
        "send_messages",
        "send_messages_in_threads",
        "read_message_history",
        "attach_files",
    }
    assert asked["scope"] == ["bot applications.commands"]
    assert asked["client_id"] == ["123"]


def test_the_application_is_known_from_the_token_and_the_token_is_not_shown(
    server: DiscordServer, tmp_path: Path
) -> None:
    text = guide(settings_for(server, tmp_path))

    assert f"client_id={server.bot.id}" in text
    assert server.token not in text
    assert "Message Content Intent" in text


def test_without_a_token_the_guide_names_the_place_of_the_application(server: DiscordServer, tmp_path: Path) -> None:
    assert "client_id=YOUR_APPLICATION_ID" in guide(settings_for(server, tmp_path, DISCORD_TOKEN=""))
    assert application_of("no token") is None


def test_without_message_content_no_intent_is_asked_for(server: DiscordServer, tmp_path: Path) -> None:
    text = guide(settings_for(server, tmp_path, DISCORD_MESSAGE_CONTENT="false"))

    assert "No privileged intent is needed" in text


async def test_a_bot_that_is_set_up_has_nothing_to_remedy(
    server: DiscordServer, channel: Channel, tmp_path: Path
) -> None:
    async with open_bot(server, tmp_path):
        pass

    found = await _findings(server, tmp_path, channel.id)

    assert all(finding.well for finding in found.values())
    assert found[f"Discord channel {channel.id}"].text == "the bot may write in #general"


async def test_a_missing_token_is_the_only_finding(server: DiscordServer, tmp_path: Path) -> None:
    found = await _findings(server, tmp_path, DISCORD_TOKEN="")

    assert [finding.well for finding in found.values()] == [False]


async def test_a_wrong_token_is_named_with_its_remedy(server: DiscordServer, tmp_path: Path) -> None:
    found = await _findings(server, tmp_path, DISCORD_TOKEN="wrong.token.altogether")

    assert found["Discord token"].text.startswith("DISCORD_TOKEN: Discord does not accept this token.")
    server.violations.clear()


async def test_what_is_no_token_at_all_is_named_as_such(server: DiscordServer, tmp_path: Path) -> None:
    for other in ("0123456789abcdef0123456789abcdef", "xoxb-1-2-3", f"Bot {server.token}"):
        found = await _findings(server, tmp_path, DISCORD_TOKEN=other)

        assert found["Discord token"].text.startswith("DISCORD_TOKEN: this is no bot token")
    server.violations.clear()


async def test_commands_of_another_version_are_found(server: DiscordServer, channel: Channel, tmp_path: Path) -> None:
    async with open_bot(server, tmp_path):
        pass
    for command in server.commands[""].values():
        command["description_localizations"] = None

    found = await _findings(server, tmp_path)

    assert found["Discord commands"].text == "Those of another version are registered: start the bot once (make run)."


async def test_everything_that_is_missing_is_found_with_its_remedy(
    server: DiscordServer, channel: Channel, tmp_path: Path
) -> None:
    server.message_content = False
    server.interactions_endpoint_url = "https://example.org/interactions"

    found = await _findings(server, tmp_path)

    assert not found["Discord message content"].well
    assert "make run" in found["Discord commands"].text
    assert "Interactions Endpoint URL" in found["Discord commands' way"].text
    assert "Message Content Intent" in found["Discord events"].text
    server.violations.clear()


async def test_a_bot_in_no_server_is_shown_the_way_in(server: DiscordServer, tmp_path: Path) -> None:
    found = await _findings(server, tmp_path)

    assert f"client_id={server.bot.id}" in found["Discord servers"].text


async def test_a_channel_in_which_the_bot_may_not_write_is_found(
    server: DiscordServer, channel: Channel, tmp_path: Path
) -> None:
    channel.bot_may(send_messages=False, attach_files=False)

    found = await _findings(server, tmp_path, channel.id)

    text = found[f"Discord channel {channel.id}"].text
    assert text == "The bot lacks Send Messages, Attach Files in #general: give its role these permissions."


async def test_a_voice_channel_that_the_bot_may_not_join_is_found(
    server: DiscordServer, channel: Channel, tmp_path: Path
) -> None:
    assert channel.guild is not None
    voice = channel.guild.add_channel("lounge", VOICE)
    voice.bot_may(connect=False)

    found = await _findings(server, tmp_path, voice.id)

    text = found[f"Discord channel {voice.id}"].text
    assert text.startswith("The bot lacks")
    assert "Connect" in text


async def test_a_locked_thread_is_found(server: DiscordServer, channel: Channel, tmp_path: Path) -> None:
    thread = await server.add_user("Ana").opens_thread(channel, "plans")
    server.world.archive(thread, archived=False, locked=True)

    found = await _findings(server, tmp_path, thread.id)

    assert found[f"Discord channel {thread.id}"].text == "#plans is locked: a moderator can unlock it."


async def test_a_channel_that_does_not_exist_is_found(server: DiscordServer, channel: Channel, tmp_path: Path) -> None:
    unknown = await _findings(server, tmp_path, "123")
    named = await _findings(server, tmp_path, "general")

    assert unknown["Discord channel 123"].text == "There is no such channel in the servers that the bot is in."
    assert "Copy Channel ID" in named["Discord channel general"].text


async def test_a_discord_out_of_reach_is_said(server: DiscordServer, tmp_path: Path) -> None:
    await server.stop()

    found = await _findings(server, tmp_path)

    assert not found["Discord"].well
