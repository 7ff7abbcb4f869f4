"""What the Discord server refuses, with Discord's own errors: form bodies, permissions, pings, commands."""

from __future__ import annotations

import io
from typing import Any

import discord
import pytest
from discord import app_commands
from discord.http import Route

from tests.servers.discord_client import Listener, Team, logged_in, team

# The servers are the tests' own tools: what they keep to need not be proved at every quick run.
pytestmark = pytest.mark.slow


async def refused(client: discord.Client, method: str, path: str, body: Any) -> dict[str, Any]:
    """The error that a raw body is answered with."""
    with pytest.raises(discord.HTTPException) as error:
        await client.http.request(Route(method, path), json=body)
    return {"status": error.value.status, "code": error.value.code, "text": error.value.text}


async def say(t: Team, client: discord.Client, **body: Any) -> dict[str, Any]:
    return await refused(client, "POST", f"/channels/{t.channel.id}/messages", body)


def button(number: int = 0, **more: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": "x", "custom_id": f"b{number}"} | more


def row(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(parts)}


def text(content: str) -> dict[str, Any]:
    return {"type": 10, "content": content}


V2 = 1 << 15

BAD_MESSAGES: dict[str, tuple[dict[str, Any], str]] = {
    "long content": ({"content": "x" * 2001}, "In content: Must be 2000 or fewer in length."),
    "long custom_id": (
        {"content": "x", "components": [row(button(custom_id="c" * 101))]},
        "In components.0.components.0.custom_id: Must be between 1 and 100 in length.",
    ),
    "six rows": (
        {"content": "x", "components": [row(button(number)) for number in range(6)]},
        "In components: Must be between 1 and 5 in length.",
    ),
    "six buttons in a row": (
        {"content": "x", "components": [row(*(button(number) for number in range(6)))]},
        "In components.0.components: Must be between 1 and 5 in length.",
    ),
    "a custom_id twice": (
        {"content": "x", "components": [row(button(), button())]},
        "In components: Component custom id cannot be duplicated",
    ),
    "content with components v2": (
        {"content": "x", "components": [text("y")], "flags": V2},
        "In content: The 'content' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
    ),
    "a text display without the flag": (
        {"content": "x", "components": [text("y")]},
        'In components.0.type: Value of field "type" must be one of (1,).',
    ),
    "41 components": (
        {"components": [text("y") for _ in range(41)], "flags": V2},
        "In components: Total number of components cannot exceed 40.",
    ),
    "4,001 characters of components": (
        {"components": [text("y" * 2001), text("y" * 2000)], "flags": V2},
        "In components: The total displayable text size exceeds the maximum size of 4000",
    ),
    "a long embed title": (
        {"embeds": [{"title": "t" * 257}]},
        "In embeds.0.title: Must be 256 or fewer in length.",
    ),
    "embeds of 6,001 characters": (
        {"embeds": [{"description": "d" * 4000}, {"description": "d" * 2001}]},
        "In embeds: Embed size exceeds maximum size of 6000",
    ),
    "a reply to nothing": (
        {"content": "x", "message_reference": {"message_id": "1"}},
        "In message_reference: Unknown message",
    ),
    "mentions both parsed and listed": (
        {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
        'In allowed_mentions: parse:["users"] and users: [ids...] are mutually exclusive.',
    ),
    "an ephemeral message outside interactions": ({"content": "x", "flags": 64}, "In flags: Invalid flags."),
}


@pytest.mark.parametrize("case", BAD_MESSAGES)
async def test_a_bad_message_is_an_invalid_form_body_that_names_the_field(case: str) -> None:
    body, said = BAD_MESSAGES[case]
    client = Listener()
    async with team() as t, logged_in(t.server, client):
        error = await say(t, client, **body)

    assert (error["status"], error["code"]) == (400, 50035)
    assert said in error["text"]
    assert len(t.server.violations) == 1


@pytest.mark.parametrize("content", ["", " \n "])
async def test_an_empty_message_is_refused(content: str) -> None:
    client = Listener()
    async with team() as t, logged_in(t.server, client):
        error = await say(t, client, content=content)

    assert (error["status"], error["code"]) == (400, 50006)


async def test_what_just_fits_is_taken() -> None:
    client = Listener()
    async with team() as t, logged_in(t.server, client):
        path = f"/channels/{t.channel.id}/messages"
        rows = [row(*(button(5 * line + each) for each in range(5))) for line in range(5)]
        await client.http.request(Route("POST", path), json={"content": "汉" * 2000, "components": rows})
        parts = [text("y" * 100) for _ in range(40)]
        await client.http.request(Route("POST", path), json={"components": parts, "flags": V2})

    assert [len(message.text) for message in t.channel.messages] == [2000, 4039]
    assert t.server.violations == []


async def test_space_around_a_message_is_trimmed() -> None:
    client = Listener()
    async with team() as t, logged_in(t.server, client):
        sent = await client.get_partial_messageable(int(t.channel.id)).send("  hello\n")

    assert (sent.content, t.channel.messages[0].text) == ("hello", "hello")


async def test_a_file_over_ten_mebibytes_is_too_large() -> None:
    client = Listener()
    async with team() as t, logged_in(t.server, client):
        channel = client.get_partial_messageable(int(t.channel.id))
        with pytest.raises(discord.HTTPException) as error:
            await channel.send(file=discord.File(io.BytesIO(b"x" * (10 * 1024 * 1024 + 1)), "big.bin"))
        await channel.send(file=discord.File(io.BytesIO(b"x" * (10 * 1024 * 1024)), "big.bin"))

    assert (error.value.status, error.value.code) == (413, 40005)
    assert len(t.channel.messages[0].files[0].data) == 10 * 1024 * 1024


async def test_an_edit_must_leave_something_and_keep_the_limits() -> None:
    client = Listener()
    async with team() as t, logged_in(t.server, client):
        sent = await client.get_partial_messageable(int(t.channel.id)).send("hello")
        path = f"/channels/{t.channel.id}/messages/{sent.id}"
        empty = await refused(client, "PATCH", path, {"content": ""})
        long = await refused(client, "PATCH", path, {"content": "x" * 2001})
        stranger = await t.ana.says(t.channel, "mine")
        other = await refused(client, "PATCH", f"/channels/{t.channel.id}/messages/{stranger.id}", {"content": "x"})
        gone = await refused(client, "PATCH", f"/channels/{t.channel.id}/messages/1", {"content": "x"})

    assert [each["code"] for each in (empty, long, other, gone)] == [50006, 50035, 50005, 10008]


# --- permissions ---


@pytest.mark.parametrize(
    ("taken", "act"),
    [
        ("send_messages", "send"),
        ("attach_files", "attach"),
        ("add_reactions", "react"),
        ("create_public_threads", "thread"),
    ],
)
async def test_a_missing_permission_is_said(taken: str, act: str) -> None:
    client = Listener()
    async with team() as t, logged_in(t.server, client):
        said = await t.ana.says(t.channel, "hello")
        t.channel.bot_may(**{taken: False})
        channel = client.get_partial_messageable(int(t.channel.id))
        message = channel.get_partial_message(int(said.id))
        acts = {
            "send": lambda: channel.send("x"),
            "attach": lambda: channel.send(file=discord.File(io.BytesIO(b"x"), "x.txt")),
            "react": lambda: message.add_reaction("👍"),
            "thread": lambda: client.http.start_thread_with_message(
                channel.id, message.id, name="x", auto_archive_duration=60
            ),
        }
        with pytest.raises(discord.Forbidden) as error:
            await acts[act]()

    assert error.value.code == 50013


async def test_a_thread_asks_for_its_own_permission_to_send() -> None:
    client = Listener()
    async with team() as t, logged_in(t.server, client):
        thread = await t.ana.opens_thread(t.channel, "talk")
        t.channel.bot_may(send_messages_in_threads=False)
        await client.get_partial_messageable(int(t.channel.id)).send("here I may")
        with pytest.raises(discord.Forbidden) as error:
            await client.get_partial_messageable(int(thread.id)).send("x")

    assert error.value.code == 50013


async def test_history_without_permission_is_empty_and_a_reply_refused() -> None:
    client = Listener()
    async with team() as t, logged_in(t.server, client):
        said = await t.ana.says(t.channel, "hello")
        t.channel.bot_may(read_message_history=False)
        channel = client.get_partial_messageable(int(t.channel.id))
        read = [message async for message in channel.history()]
        error = await say(t, client, content="x", message_reference={"message_id": said.id})

    assert read == []
    assert (error["status"], error["code"]) == (403, 160002)


async def test_another_persons_message_is_not_the_bots_to_delete() -> None:
    client = Listener()
    async with team() as t, logged_in(t.server, client):
        said = await t.ana.says(t.channel, "hello")
        partial = client.get_partial_messageable(int(t.channel.id)).get_partial_message(int(said.id))
        with pytest.raises(discord.Forbidden) as error:
            await partial.delete()
        t.channel.bot_may(manage_messages=True)
        await partial.delete()

    assert error.value.code == 50013
    assert t.channel.messages == []


# --- mentions ---


async def test_without_allowed_mentions_everybody_is_pinged_and_that_is_a_violation() -> None:
    client = Listener()
    async with team() as t, logged_in(t.server, client):
        role = t.guild.add_role("Writers", mentionable=True)
        bob = t.server.add_user("Bob")
        t.guild.give(bob, role)
        channel = client.get_partial_messageable(int(t.channel.id))
        await channel.send(f"@everyone, {role.mention} and {t.ana.mention}")
        none = discord.AllowedMentions.none()
        await channel.send(f"@everyone, {role.mention} and {t.ana.mention}", allowed_mentions=none)
        await channel.send(f"`@everyone` {t.ana.mention}")

    loud, quiet, coded = t.channel.messages
    assert {user.name for user in loud.pinged} == {"Ana", "Bob", "Owner"}
    assert (quiet.pinged, quiet.mention_everyone) == ([], False)
    assert [user.name for user in coded.pinged] == ["Ana"]
    assert t.server.violations == [
        f"message {loud.id} of the bot pinged @everyone",
        f"message {loud.id} of the bot pinged a role",
    ]


async def test_an_edit_without_allowed_mentions_parses_mentions_afresh() -> None:
    client = Listener()
    async with team() as t, logged_in(t.server, client):
        channel = client.get_partial_messageable(int(t.channel.id))
        sent = await channel.send(f"hello {t.ana.mention}", allowed_mentions=discord.AllowedMentions.none())
        quiet = list(t.channel.messages[0].pinged)
        await sent.edit(content=f"dear {t.ana.mention}")

    assert (quiet, t.channel.messages[0].pinged) == ([], [t.ana])


# --- commands ---

OPTION = {"type": 3, "name": "about", "description": "what"}
BAD_COMMANDS: dict[str, tuple[dict[str, Any], str]] = {
    "upper case": ({"name": "Write", "description": "x"}, "In 0.name: Command name is invalid"),
    "no description": ({"name": "write"}, "In 0.description: This field is required"),
    "long description": (
        {"name": "write", "description": "x" * 101},
        "In 0.description: Must be between 1 and 100 in length.",
    ),
    "26 options": (
        {"name": "write", "description": "x", "options": [OPTION | {"name": f"o{n}"} for n in range(26)]},
        "In 0.options: Must be 25 or fewer in length.",
    ),
    "26 choices": (
        {
            "name": "write",
            "description": "x",
            "options": [OPTION | {"choices": [{"name": f"c{n}", "value": f"c{n}"} for n in range(26)]}],
        },
        "In 0.options.0.choices: Must be 25 or fewer in length.",
    ),
    "required after optional": (
        {"name": "write", "description": "x", "options": [OPTION, OPTION | {"name": "more", "required": True}]},
        "In 0.options.1: Required options must be placed before non-required options",
    ),
    "an unknown locale": (
        {"name": "write", "description": "x", "name_localizations": {"zh": "写"}},
        "In 0.name_localizations.zh: Value must be one of",
    ),
    "too long an option": (
        {"name": "write", "description": "x", "options": [OPTION | {"max_length": 6001}]},
        "In 0.options.0.max_length: int value should be between 1 and 6000.",
    ),
}


@pytest.mark.parametrize("case", BAD_COMMANDS)
async def test_a_bad_command_is_refused(case: str) -> None:
    body, said = BAD_COMMANDS[case]
    client = Listener()
    async with team() as t, logged_in(t.server, client):
        error = await refused(client, "PUT", f"/applications/{t.server.bot.id}/commands", [body])

    assert (error["status"], error["code"]) == (400, 50035)
    assert said in error["text"]


async def test_commands_keep_their_ids_when_overwritten_and_a_needless_overwrite_is_a_violation() -> None:
    client = Listener()

    @client.tree.command(description="draft")
    @app_commands.choices(form=[app_commands.Choice(name="an email", value="email")])
    async def write(interaction: discord.Interaction, form: str = "free") -> None: ...

    async with team() as t, logged_in(t.server, client):
        first = await client.tree.sync()
        second = await client.tree.sync()
        fetched = await client.tree.fetch_commands()

    assert first[0].id == second[0].id == fetched[0].id
    assert (t.server.command_syncs, t.server.commands_created) == (2, 1)
    assert t.server.violations == ["the commands were overwritten with what they already were"]
