"""The core over real storage and a scripted generator, on the Slack adapter and the Slack server, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.slack import SlackPlatform
from adapters.slack.pacing import SLACK_RATES
from bot.chat.dispatch import Core
from bot.chat.jobs import Services
from bot.domain.conversation import Turn
from bot.domain.messages import MessageRef
from bot.domain.places import Platform
from bot.engine.scripted import ScriptedGenerator
from bot.ports import Painter
from bot.settings import Settings, SlackSettings
from bot.system import SystemClock
from tests.houses import open_house
from tests.patience import PATIENCE_S
from tests.servers.slack import Channel, Message, SlackServer


@dataclass
class Workspace:
    """A bot at work on a Slack server."""

    server: SlackServer
    core: Core
    services: Services
    generator: ScriptedGenerator
    platform: SlackPlatform

    async def answers(self, channel: Channel, count: int = 1) -> list[Message]:
        """The bot's first messages in a channel, once they are there and nothing is being answered any more."""
        await self.server.until(lambda: len(self.by_bot(channel)) >= count)
        await self.idle()
        return self.by_bot(channel)

    async def answer(self, channel: Channel) -> Message:
        """The bot's latest message in a channel, finished."""
        return (await self.answers(channel))[-1]

    def by_bot(self, channel: Channel) -> list[Message]:
        return [message for message in channel.messages if message.author is self.server.bot]

    async def idle(self) -> None:
        """Wait until every accepted event is answered."""
        async with asyncio.timeout(PATIENCE_S):
            while await self.pending():
                await asyncio.sleep(0.01)

    async def pending(self) -> int:
        async with self.services.units.reading() as uow:
            return (await uow.statistics.totals()).pending

    async def turn(self, message: Message) -> Turn:
        """The turn that a message carries."""
        ref = MessageRef(Platform.SLACK, message.channel.id, message.ts)
        async with self.services.units.reading() as uow:
            turn_id = await uow.deliveries.turn_of(ref)
            turn = await uow.turns.get(turn_id) if turn_id else None
        assert turn is not None
        return turn

    async def noted(self, message: Message) -> None:
        """Wait until the bot has noted a message that people see already."""
        ref = MessageRef(Platform.SLACK, message.channel.id, message.ts)
        async with asyncio.timeout(PATIENCE_S):
            while True:
                async with self.services.units.reading() as uow:
                    if await uow.deliveries.turn_of(ref) is not None:
                        return
                await asyncio.sleep(0.005)

    async def votes(self, message: Message) -> list[str]:
        """The verdicts on the answer that a message carries."""
        turn = await self.turn(message)
        async with self.services.units.reading() as uow:
            return [str(rating.verdict) for rating in await uow.ratings.of_turns([turn.id])]

    def asked(self, method: str) -> int:
        """How many requests of a Web API method were taken."""
        return sum(1 for seen in self.server.requests if seen.api == method and not seen.error)


def slack_settings(server: SlackServer, folder: Path, **given: str) -> SlackSettings:
    """What `.env` would hold for this server."""
    environ = {
        "SLACK_BOT_TOKEN": server.bot_token,
        "SLACK_APP_TOKEN": server.app_token,
        "SLACK_SIGNING_SECRET": server.signing_secret,
        "SLACK_API_URL": server.api_url,
        "SLACK_HTTP_PORT": "0",
        "DATA_FOLDER": str(folder),
    }
    return Settings.load(environ | given).slack


@asynccontextmanager
async def at_work(
    server: SlackServer,
    folder: Path,
    *,
    generator: ScriptedGenerator | None = None,
    painter: Painter | None = None,
    settings: SlackSettings | None = None,
    rates: Mapping[str, str] = SLACK_RATES,
    pace: float = 0.05,
    graceful: bool = True,
) -> AsyncIterator[Workspace]:
    """The bot at work; entering this twice on one folder is a restart. One that is not `graceful` breaks off."""
    generator = generator or ScriptedGenerator(lambda request: f"You said: {request.messages[-1].content}", capacity=16)
    platform = SlackPlatform(settings or slack_settings(server, folder), SystemClock(), rates)
    platform.pace = pace
    async with AsyncExitStack() as stack:
        stack.push_async_callback(platform.close)
        house = await stack.enter_async_context(
            open_house(folder, generator=generator, painter=painter, platform=platform, clock=SystemClock())  # type: ignore[arg-type]
        )
        await platform.start(house.core)
        workspace = Workspace(server, house.core, house.services, generator, platform)
        yield workspace
        if graceful:
            await platform.stop_listening()
            await workspace.idle()
