"""The console of `python -m tests.servers.discord`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import discord
import pytest

from tests.servers.discord.console import Console
from tests.servers.discord_client import Listener, running, team

# The servers are the tests' own tools: what they keep to need not be proved at every quick run.
pytestmark = pytest.mark.slow


class Echo(Listener):
    async def on_message(self, message: discord.Message) -> None:
        if self.user in message.mentions and message.author != self.user:
            answer = await message.channel.send("…")
            await answer.edit(content=f"heard in {message.channel}")


@asynccontextmanager
async def console() -> AsyncIterator[Console]:
    async with team() as t, running(t.server, Echo()):
        at_keyboard = Console(t.server, t.ana, t.channel)
        watching = asyncio.create_task(at_keyboard.watch())
        yield at_keyboard
        watching.cancel()


async def test_the_console_shows_what_the_bot_says_and_every_edit(capsys: pytest.CaptureFixture[str]) -> None:
    async with console() as keyboard:
        await keyboard.obey("hello @bot")
        await keyboard.server.until(lambda: "Inkling: heard in general" in keyboard.shown.values())

    assert capsys.readouterr().out == "< Inkling: …\n~ Inkling: heard in general\n"


async def test_the_console_goes_into_threads_and_reacts(capsys: pytest.CaptureFixture[str]) -> None:
    async with console() as keyboard:
        await keyboard.obey("let us talk")
        await keyboard.obey(":thread talk")
        await keyboard.obey("hello @bot")
        await keyboard.server.until(lambda: len(keyboard.here.messages) == 2 and keyboard.here.messages[1].edited_at)
        await keyboard.obey(":react 👍")
        await keyboard.obey(":what")

    assert keyboard.here.name == "talk"
    assert list(keyboard.here.messages[1].reactions) == ["👍"]
    assert ":quit" in capsys.readouterr().out
