"""Components on the Discord server: buttons, menus, modals, and messages that are made of them."""

from __future__ import annotations

import asyncio

import discord
import pytest

from tests.servers.discord import Impossible
from tests.servers.discord_client import Listener, running, team

# The servers are the tests' own tools: what they keep to need not be proved at every quick run.
pytestmark = pytest.mark.slow


class Buttons(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Regenerate", custom_id="turn:regenerate:7")
    async def regenerate(self, interaction: discord.Interaction, button: discord.ui.Button[Buttons]) -> None:
        await interaction.response.edit_message(content="again", view=None)

    @discord.ui.button(label="Why", custom_id="turn:why:7")
    async def why(self, interaction: discord.Interaction, button: discord.ui.Button[Buttons]) -> None:
        await interaction.response.send_modal(Why())

    @discord.ui.button(label="Stop", custom_id="turn:stop:7")
    async def stop_it(self, interaction: discord.Interaction, button: discord.ui.Button[Buttons]) -> None:
        await interaction.response.defer()

    @discord.ui.button(label="Off", disabled=True)
    async def off(self, interaction: discord.Interaction, button: discord.ui.Button[Buttons]) -> None: ...


class Why(discord.ui.Modal, title="What was wrong?"):
    better: discord.ui.Label[Why] = discord.ui.Label(
        text="A better answer",
        component=discord.ui.TextInput(custom_id="better", style=discord.TextStyle.long, required=False),
    )
    reason: discord.ui.TextInput[Why] = discord.ui.TextInput(label="Reason", custom_id="reason", max_length=20)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        assert isinstance(self.better.component, discord.ui.TextInput)
        text = f"{self.reason.value} / {self.better.component.value}"
        await interaction.response.send_message(text, ephemeral=True)


async def test_a_button_edits_its_message() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        await client.get_partial_messageable(int(t.channel.id)).send("an answer", view=Buttons())
        message = t.channel.messages[0]
        labels = [button.label for button in message.buttons]
        act = await t.ana.presses(message, "Regenerate")

    assert labels == ["Regenerate", "Why", "Stop", "Off"]
    assert (message.states, message.buttons) == (["an answer", "again"], [])
    assert act.failed is None


async def test_a_button_is_found_by_its_custom_id_and_may_answer_with_nothing() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        await client.get_partial_messageable(int(t.channel.id)).send("an answer", view=Buttons())
        act = await t.ana.presses(t.channel.messages[0], ":stop:")

    assert (act.replies, act.failed) == ([], None)
    assert act.acked_after is not None


async def test_what_a_client_does_not_show_cannot_be_pressed() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        await client.get_partial_messageable(int(t.channel.id)).send("an answer", view=Buttons())
        message = t.channel.messages[0]
        with pytest.raises(Impossible, match="disabled"):
            await t.ana.presses(message, "Off")
        with pytest.raises(Impossible, match="only"):
            await t.ana.presses(message, "Explode")
        with pytest.raises(Impossible, match="registered"):
            await t.ana.calls(t.channel, "dance")


async def test_a_modal_opens_and_is_submitted() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        await client.get_partial_messageable(int(t.channel.id)).send("an answer", view=Buttons())
        act = await t.ana.presses(t.channel.messages[0], "Why")
        assert act.modal is not None
        with pytest.raises(Impossible, match="must be filled in"):
            await t.ana.submits(act.modal, {"better": "x"})
        done = await t.ana.submits(act.modal, {"reason": "too long", "A better answer": "short"})

    assert [field.label for field in act.modal.fields] == ["A better answer", "Reason"]
    assert done.reply.text == "too long / short"
    assert t.server.violations == []


class Remembered(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=r"turn:(?P<act>\w+):(?P<id>\d+)"):
    def __init__(self, act: str, number: str) -> None:
        super().__init__(discord.ui.Button(custom_id=f"turn:{act}:{number}"))
        self.act = act

    @classmethod
    async def from_custom_id(cls, interaction, item, match):  # type: ignore[no-untyped-def]
        return cls(match["act"], match["id"])

    async def callback(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"{self.act} after a restart", ephemeral=True)


async def test_a_button_works_for_the_next_process_too() -> None:
    async with team() as t:
        async with running(t.server, first := Listener()):
            await first.get_partial_messageable(int(t.channel.id)).send("an answer", view=Buttons())
        second = Listener()
        second.add_dynamic_items(Remembered)
        async with running(t.server, second):
            act = await t.ana.presses(t.channel.messages[0], "Regenerate")

    assert act.reply.text == "regenerate after a restart"


class Picture(discord.ui.LayoutView):
    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.add_item(discord.ui.TextDisplay("# A title"))
        line: discord.ui.ActionRow[Picture] = discord.ui.ActionRow()
        line.add_item(discord.ui.Button(label="More", custom_id="more"))
        self.add_item(discord.ui.Container(discord.ui.TextDisplay("and a text"), line))


async def test_a_message_of_components_is_read_and_pressed_like_any_other() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        await client.get_partial_messageable(int(t.channel.id)).send(view=Picture())
        message = t.channel.messages[0]
        act = asyncio.create_task(t.ana.presses(message, "More"))
        interaction = await client.wait_for("interaction", timeout=5)
        await interaction.response.send_message("more", ephemeral=True)
        pressed = await act

    assert (message.text, [button.label for button in message.buttons]) == ("# A title\nand a text", ["More"])
    assert interaction.message.flags.components_v2
    assert pressed.reply.text == "more"
    assert t.server.violations == []


async def test_a_select_menu_gives_what_was_picked() -> None:
    client = Listener()
    view = discord.ui.View(timeout=None)
    view.add_item(
        discord.ui.Select(
            custom_id="tone", options=[discord.SelectOption(label="Warm", value="warm")], placeholder="Tone"
        )
    )
    async with team() as t, running(t.server, client):
        await client.get_partial_messageable(int(t.channel.id)).send("which?", view=view)
        act = asyncio.create_task(t.ana.picks(t.channel.messages[0], "Tone", "warm"))
        interaction = await client.wait_for("interaction", timeout=5)
        await interaction.response.edit_message(content=interaction.data["values"][0], view=None)
        await act

    assert t.channel.messages[0].text == "warm"
