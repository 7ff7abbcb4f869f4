"""The bot on a pretend Discord: real core, real storage, a scripted generator, the adapter over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.discord import DiscordPlatform
from adapters.discord.translating import ref_of
from bot.domain.ratings import Rating, Suggestion
from bot.engine.scripted import ScriptedGenerator
from bot.ports import Clock, Painter
from bot.settings import DiscordSettings, Settings
from bot.system import SystemClock
from tests.houses import House, open_house
from tests.patience import PATIENCE_S
from tests.servers.discord import Channel, DiscordServer, Message


@dataclass
class Bot:
    """A bot that listens, and the house behind it."""

    house: House
    platform: DiscordPlatform
    generator: ScriptedGenerator
    server: DiscordServer

    async def answers(self, channel: Channel, count: int = 1) -> list[Message]:
        """The bot's messages in a channel, once there are so many and none grows any more."""
        return await self.server.until(lambda: _settled(channel, self.server, count))

    async def ratings(self, message: Message) -> Sequence[Rating]:
        """The verdicts on the answer that a message carries."""
        async with self.house.services.units.reading() as uow:
            return await uow.ratings.of_turns([await self.turn_id(message)])

    async def suggestions(self, message: Message) -> Sequence[Suggestion]:
        """The better answers to what a message carries."""
        async with self.house.services.units.reading() as uow:
            return await uow.ratings.suggestions_of([await self.turn_id(message)])

    async def noted(self, message: Message) -> None:
        """Wait until the bot has noted a message that people see already."""
        async with asyncio.timeout(PATIENCE_S):
            while await self._found(message) is None:
                await asyncio.sleep(0.005)

    async def turn_id(self, message: Message) -> str:
        """The turn that a message carries."""
        found = await self._found(message)
        assert found is not None
        return found

    async def _found(self, message: Message) -> str | None:
        async with self.house.services.units.reading() as uow:
            return await uow.deliveries.turn_of(ref_of(int(message.channel.id), int(message.id)))


def _settled(channel: Channel, server: DiscordServer, count: int) -> list[Message] | None:
    ours = [message for message in channel.messages if message.author is server.bot]
    growing = any(_grows(message) for message in ours)
    return ours if len(ours) >= count and not growing else None


def _grows(message: Message) -> bool:
    return message.loading or any(button.label in ("Stop", "停止") for button in message.buttons)


def settings_for(server: DiscordServer, folder: Path, **variables: str) -> DiscordSettings:
    """The adapter's settings, as `.env` would give them."""
    environ = {
        "DISCORD_TOKEN": server.token,
        "DISCORD_API_URL": server.api_url,
        "DISCORD_GATEWAY_URL": server.gateway_url,
        "DATA_FOLDER": str(folder),
    }
    return Settings.load(environ | variables).discord


@asynccontextmanager
async def open_bot(
    server: DiscordServer,
    folder: Path,
    *,
    generator: ScriptedGenerator | None = None,
    painter: Painter | None = None,
    clock: Clock | None = None,
    **variables: str,
) -> AsyncIterator[Bot]:
    """A bot on the database of a folder; opening a second one on the same folder is a restart."""
    generator = generator or ScriptedGenerator(lambda request: "Fine.")
    clock = clock or SystemClock()
    platform = DiscordPlatform(settings_for(server, folder, **variables), clock)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(platform.close)
        house = await stack.enter_async_context(
            open_house(folder, generator=generator, painter=painter, platform=platform, clock=clock)  # type: ignore[arg-type]
        )
        await platform.start(house.core)
        yield Bot(house, platform, generator, server)
        await platform.stop_listening()
