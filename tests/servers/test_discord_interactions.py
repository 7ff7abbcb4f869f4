"""Interactions on the Discord server: commands, completion, menus, and what comes back."""

from __future__ import annotations

import asyncio

import discord
import pytest
from discord import app_commands

from tests.servers.discord import Impossible
from tests.servers.discord_client import Listener, Team, running, team
from tests.servers.test_discord_components import Buttons

# The servers are the tests' own tools: what they keep to need not be proved at every quick run.
pytestmark = pytest.mark.slow


def commands(client: Listener) -> None:
    """A few commands that answer in every way there is."""

    @client.tree.command(description="draft a text")
    @app_commands.choices(form=[app_commands.Choice(name="an email", value="email")])
    async def write(interaction: discord.Interaction, about: str, form: str = "free", count: int = 1) -> None:
        await interaction.response.send_message(f"{form} {about} {count}", ephemeral=True)

    @client.tree.command(description="draw")
    async def image(interaction: discord.Interaction, prompt: str, style: str = "") -> None:
        await interaction.response.defer()
        await interaction.followup.send(f"a picture of {prompt}")
        await interaction.followup.send("and a second", ephemeral=True)

    @image.autocomplete("style")
    async def styles(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        known = ["watercolour", "pencil"]
        return [app_commands.Choice(name=each, value=each) for each in known if each.startswith(current)]

    @client.tree.command(description="for admins")
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def retrain(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(str(interaction.permissions.administrator))

    @client.tree.command(description="never answers")
    async def silent(interaction: discord.Interaction) -> None: ...

    @client.tree.context_menu(name="Summarise from here")
    async def summarise(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"{message.content} in short", ephemeral=True)


async def synced(t: Team, client: Listener) -> None:
    commands(client)
    await client.tree.sync()


async def test_options_come_typed_and_the_answer_is_seen_by_the_caller_only() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        await synced(t, client)
        call = await t.ana.calls(t.channel, "write", about="the party", form="an email", count=3)

    assert call.reply.text == "email the party 3"
    assert call.reply.ephemeral_for is t.ana
    assert t.channel.messages == []
    assert call.acked_after is not None
    assert t.server.violations == []


async def test_the_first_message_after_a_deferral_takes_the_place_of_thinking() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        await synced(t, client)
        call = await t.ana.calls(t.channel, "image", prompt="a hill")
        await t.server.until(lambda: len(call.replies) == 2)

    first, second = call.replies
    assert (first.states, first.loading) == (["", "a picture of a hill"], False)
    assert t.channel.messages == [first]
    assert second.ephemeral_for is t.ana


async def test_a_deferred_answer_is_thinking_until_it_is_edited() -> None:
    client = Listener()
    go_on = asyncio.Event()

    @client.tree.command(description="slow")
    async def slow(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await go_on.wait()
        await interaction.edit_original_response(content="done")

    async with team() as t, running(t.server, client):
        await client.tree.sync()
        call = await t.ana.calls(t.channel, "slow")
        thinking = call.reply.loading
        go_on.set()
        await t.server.until(lambda: call.reply.text == "done")

    assert thinking
    assert call.reply.ephemeral_for is t.ana


async def test_an_option_completes_while_it_is_typed() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        await synced(t, client)
        choices = await t.ana.completes(t.channel, "image", "style", "wa", prompt="a hill")

    assert [choice.value for choice in choices] == ["watercolour"]


async def test_a_message_menu_gives_the_content_even_without_the_intent() -> None:
    intents = discord.Intents(guilds=True, guild_messages=True)
    client = Listener(intents)
    async with team(message_content=False) as t, running(t.server, client):
        await synced(t, client)
        message = await t.ana.says(t.channel, "a long talk")
        call = await t.ana.uses(message, "Summarise from here")

    assert call.reply.text == "a long talk in short"
    assert client.texts[0] == ""


async def test_a_command_is_offered_to_those_who_have_its_permissions() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        await synced(t, client)
        boss = t.server.add_user("Boss", admin=True)
        call = await boss.calls(t.channel, "retrain")
        with pytest.raises(Impossible, match="not offered to Ana"):
            await t.ana.calls(t.channel, "retrain")
        with pytest.raises(Impossible, match="direct messages"):
            await boss.calls(boss.dm, "retrain")

    assert call.reply.text == "True"


async def test_an_interaction_without_an_answer_fails_after_three_seconds_and_is_then_unknown() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        await synced(t, client)
        late: list[discord.Interaction] = []
        client.event(_keeper(late))
        call = await t.ana.calls(t.channel, "silent")
        with pytest.raises(discord.NotFound) as refused:
            await late[0].response.send_message("sorry")

    assert (call.failed, call.acked_after) == ("The application did not respond", None)
    assert refused.value.code == 10062
    assert t.server.violations == ["an interaction was answered after its three seconds"]


async def test_a_call_while_the_socket_is_down_is_answered_after_the_resume() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        await synced(t, client)
        t.server.faults.drop_sockets()
        await t.server.until(lambda: not t.server.connected)
        call = await t.ana.calls(t.channel, "write", about="x")

    assert call.reply.text == "free x 1"


def _keeper(kept: list[discord.Interaction]):  # type: ignore[no-untyped-def]
    async def on_interaction(interaction: discord.Interaction) -> None:
        kept.append(interaction)

    return on_interaction


async def test_an_interaction_is_answered_once() -> None:
    client = Listener()
    codes: list[int] = []

    @client.tree.command(description="twice")
    async def twice(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("one")
        again = discord.InteractionResponse(interaction)
        try:
            await again.send_message("two")
        except discord.HTTPException as error:
            codes.append(error.code)

    async with team() as t, running(t.server, client):
        await client.tree.sync()
        call = await t.ana.calls(t.channel, "twice")
        await t.server.until(lambda: codes)

    assert codes == [40060]
    assert [reply.text for reply in call.replies] == ["one"]


async def test_an_old_token_is_refused() -> None:
    client = Listener()
    kept: list[discord.Interaction] = []
    client.event(_keeper(kept))
    async with team() as t, running(t.server, client):
        await synced(t, client)
        await t.ana.calls(t.channel, "write", about="x")
        t.server.interactions.token_seconds = 0
        with pytest.raises(discord.HTTPException) as refused:
            await kept[0].followup.send("late")

    assert (refused.value.status, refused.value.code) == (401, 50027)


async def test_nobody_answers_when_no_client_is_connected() -> None:
    async with team() as t:
        client = Listener()
        async with running(t.server, client):
            await synced(t, client)
        call = await t.ana.calls(t.channel, "write", about="x")

    assert call.failed == "The application did not respond"


async def test_the_locale_is_the_persons_and_the_guilds() -> None:
    client = Listener()
    kept: list[discord.Interaction] = []
    client.event(_keeper(kept))
    async with team() as t, running(t.server, client):
        await synced(t, client)
        mei = t.server.add_user("Mei", locale="zh-CN")
        await mei.calls(t.channel, "write", about="春天")

    assert (kept[0].locale, kept[0].guild_locale) == (discord.Locale.chinese, discord.Locale.american_english)


async def test_a_command_works_in_a_direct_channel() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        await synced(t, client)
        call = await t.ana.calls(t.ana.dm, "write", about="secrets")

    assert call.reply.text == "free secrets 1"


async def test_an_attachment_option_brings_the_file() -> None:
    client = Listener()

    @client.tree.command(description="read")
    async def read(interaction: discord.Interaction, file: discord.Attachment) -> None:
        data = await file.read()
        await interaction.response.send_message(data.decode())

    async with team() as t, running(t.server, client):
        await client.tree.sync()
        call = await t.ana.calls(t.channel, "read", file=("a.txt", b"hello"))

    assert call.reply.text == "hello"


async def test_a_whisper_has_buttons_for_its_reader_only_and_can_be_edited_and_deleted_by_the_token_alone() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        bob = t.server.add_user("Bob")
        await synced(t, client)
        kept: list[discord.Interaction] = []
        client.event(_keeper(kept))
        call = await t.ana.calls(t.channel, "write", about="x")
        whisper = await kept[0].followup.send("psst", view=Buttons(), ephemeral=True, wait=True)
        second = call.replies[1]
        with pytest.raises(Impossible, match="does not see"):
            await bob.presses(second, "Regenerate")
        with pytest.raises(discord.NotFound) as refused:
            await client.http.get_message(t.channel.id, whisper.id)
        await t.ana.presses(second, "Regenerate")
        states = list(second.states)
        await whisper.delete()

    assert (refused.value.code, states, second.deleted) == (10008, ["psst", "again"], True)


async def test_the_first_answer_can_be_deleted_and_is_then_unknown() -> None:
    client = Listener()
    kept: list[discord.Interaction] = []
    client.event(_keeper(kept))
    async with team() as t, running(t.server, client):
        await synced(t, client)
        await t.ana.calls(t.channel, "write", about="x")
        await kept[0].delete_original_response()
        with pytest.raises(discord.NotFound) as refused:
            await kept[0].edit_original_response(content="y")

    assert refused.value.code == 10008


async def test_a_command_of_one_guild_goes_before_the_global_one() -> None:
    client = Listener()

    @client.tree.command(description="everywhere")
    async def hello(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("everywhere")

    async with team() as t, running(t.server, client):
        here = discord.Object(int(t.guild.id))

        @client.tree.command(name="hello", description="here", guild=here)
        async def hello_here(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("here")

        await client.tree.sync()
        await client.tree.sync(guild=here)
        call = await t.ana.calls(t.channel, "hello")
        alone = await t.ana.calls(t.ana.dm, "hello")

    assert (call.reply.text, alone.reply.text) == ("here", "everywhere")
