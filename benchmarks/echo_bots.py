"""A bot that says what it hears, in a process of its own: Inkling's adapter and core, or the vendor's library alone.

`python -m benchmarks.echo_bots ours|lagging|bare discord|slack FOLDER` says "ready" when it listens. Then each line
that it reads is a wish, and each line that it says the answer to one: "cpu" for the seconds of processor time it used
so far, "profile" to begin a profile of its event loop, "shares" to end it and have the rooms' shares. It ends with its
input.
"""

from __future__ import annotations

import asyncio
import cProfile
import json
import os
import pstats
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from bot import loop
from bot.domain.generation import GenerationRequest
from bot.engine.scripted import ScriptedGenerator, Step
from bot.settings import Settings
from bot.system import SystemClock

# Where time is spent, by what a function's file is called. The first that fits counts.
ROOMS = {
    "storage": ("/storage/", "/sqlalchemy/", "/aiosqlite/", "/sqlite3/"),
    "rendering": ("/adapters/rendering/", "/markdown_it/", "/mdurl/"),
    "our adapter": ("/adapters/",),
    "core": ("/bot/", "/prometheus_client/"),
    "logs": ("/structlog/", "/logging/"),
    "the vendor's library": ("/discord/", "/slack_bolt/", "/slack_sdk/"),
    "sockets and HTTP": ("/aiohttp/", "/yarl/", "/multidict/"),
    "event loop": ("/asyncio/", "/selectors.py", "/concurrent/"),
}


# Answers at a time of an engine that keeps up, and of one that does not.
PLENTY = 64
LAGGING = 8


@asynccontextmanager
async def our_bot(platform: str, folder: Path, *, lags: bool) -> AsyncIterator[None]:
    """Inkling with an engine that says at once what it was told, or one that lags behind."""
    from benchmarks.house import open_core
    from bot import logs

    settings = Settings.load(os.environ)
    logs.set_up(settings.log)
    generator = ScriptedGenerator(_slowly if lags else lambda request: request.messages[-1].content)
    # A server without limits needs none to be kept.
    without_limits = bool(os.environ.get("WITHOUT_LIMITS"))
    if platform == "discord":
        from adapters.discord import DiscordPlatform

        adapter = DiscordPlatform(settings.discord, SystemClock(), **({"rate": ""} if without_limits else {}))
    else:
        from adapters.slack import SlackPlatform

        adapter = SlackPlatform(settings.slack, SystemClock(), **({"rates": {}} if without_limits else {}))
    async with open_core(folder, generator, [adapter], capacity=LAGGING if lags else PLENTY):
        loop.settle()
        yield


def _slowly(request: GenerationRequest) -> list[Step]:
    """A word every tenth of a second, for four seconds."""
    steps: list[Step] = []
    for number in range(1, 41):
        gate = asyncio.Event()
        asyncio.get_running_loop().call_later(0.1 * number, gate.set)
        steps += [gate, "word "]
    return steps


@asynccontextmanager
async def bare_discord(folder: Path) -> AsyncIterator[None]:
    """discord.py's own echo bot."""
    import discord
    import yarl
    from discord.gateway import DiscordWebSocket
    from discord.http import Route

    settings = Settings.load(os.environ).discord
    Route.BASE = settings.api_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.gateway_url)
    intents = discord.Intents.default()
    intents.message_content = True
    client = discord.Client(intents=intents)
    ready = asyncio.Event()

    @client.event
    async def on_ready() -> None:
        ready.set()

    @client.event
    async def on_message(message: discord.Message) -> None:
        if not message.author.bot:
            await message.channel.send(message.content)

    async with client:
        running = asyncio.create_task(client.start(settings.token))
        await ready.wait()
        yield
        await client.close()
        await running


@asynccontextmanager
async def bare_slack(folder: Path) -> AsyncIterator[None]:
    """slack-bolt's own echo bot in Socket Mode."""
    from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
    from slack_bolt.async_app import AsyncApp, AsyncSay
    from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
    from slack_sdk.web.async_client import AsyncWebClient

    settings = Settings.load(os.environ).slack
    client = AsyncWebClient(token=settings.bot_token, base_url=settings.api_url)
    # Without it a 429 is an answer lost, and nothing to be measured against.
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=100))
    app = AsyncApp(client=client)

    @app.event("message")
    async def echo(event: dict[str, str], say: AsyncSay) -> None:
        if "bot_id" not in event:
            await say(event["text"])

    handler = AsyncSocketModeHandler(app, settings.app_token)
    handler.client.web_client.base_url = settings.api_url
    await handler.connect_async()
    yield
    await handler.close_async()


def shares_of(profile: cProfile.Profile) -> dict[str, float]:
    """Which room the event loop's time went to; waiting is left out. What C code does counts for who called it."""
    spent: defaultdict[str, float] = defaultdict(float)
    for (file, _, name), (_, _, own, _, callers) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        if "poll" in name:
            continue
        if file == "~":
            for (caller, _, _), (_, _, part, _) in callers.items():
                spent[_room_of(caller)] += part
        else:
            spent[_room_of(file)] += own
    whole = sum(spent.values())
    return {room: seconds / whole for room, seconds in sorted(spent.items(), key=lambda each: -each[1])}


def _room_of(file: str) -> str:
    rooms = (room for room, parts in ROOMS.items() if any(part in file for part in parts))
    return next(rooms, "Python's library")


async def serve(side: str, platform: str, folder: Path) -> None:
    """Be the bot until the input ends."""
    bots: dict[tuple[str, str], Callable[[Path], AbstractAsyncContextManager[None]]] = {
        ("bare", "discord"): bare_discord,
        ("bare", "slack"): bare_slack,
    }
    bot = bots[side, platform](folder) if side == "bare" else our_bot(platform, folder, lags=side == "lagging")
    async with bot:
        print("ready", flush=True)
        profile = cProfile.Profile()
        while wish := await asyncio.to_thread(sys.stdin.readline):
            match wish.strip():
                case "cpu":
                    print(time.process_time(), flush=True)
                case "profile":
                    profile.enable()
                    print("profiling", flush=True)
                case "shares":
                    profile.disable()
                    print(json.dumps(shares_of(profile)), flush=True)


if __name__ == "__main__":
    loop.run(serve(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
