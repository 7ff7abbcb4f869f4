"""The page over the real core, real SQLite and a scripted generator, and a window's side of the line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from adapters.web import WebPlatform
from bot.engine.scripted import ScriptedGenerator
from bot.ports import Painter, Trainer
from bot.settings import Settings, WebSettings
from bot.system import SystemClock
from tests.houses import House, chat_settings, open_house
from tests.patience import PATIENCE_S

GENERAL = {"channel": "general", "thread": ""}
ANA = {"id": "ana", "name": "Ana", "locale": "en"}
BEN = {"id": "ben", "name": "Ben", "locale": "en"}
LIN = {"id": "lin", "name": "琳", "locale": "zh-CN"}

_numbers = count()


def web_settings(folder: Path, **given: str) -> WebSettings:
    return Settings.load({"DATA_FOLDER": str(folder), "WEB_PORT": "0", **given}).web


@dataclass
class Seat:
    """One window: what it hears, in order."""

    socket: aiohttp.ClientWebSocketResponse
    heard: list[dict[str, Any]] = field(default_factory=list)

    async def hear(self, kind: str, met: Callable[[dict[str, Any]], bool] = lambda event: True) -> dict[str, Any]:
        """The next event of this kind that meets the condition."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                event = await self.socket.receive_json()
                self.heard.append(event)
                if event["type"] == kind and met(event):
                    return event

    async def join(self, channel: str = "general", thread: str = "") -> dict[str, Any]:
        """Look at a place; its state."""
        await self.socket.send_json({"type": "join", "place": {"channel": channel, "thread": thread}})
        return await self.hear("snapshot")

    async def answered(self) -> dict[str, Any]:
        """The next answer in its last state."""
        return (await self.hear("turn"))["turn"]


@dataclass(frozen=True)
class Got:
    """A response that was read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Site:
    """A running page, and a browser's way to it."""

    web: WebPlatform
    house: House
    http: aiohttp.ClientSession

    @property
    def generator(self) -> ScriptedGenerator:
        return self.house.generator

    async def post(self, act: str, by: dict[str, str] = ANA, **more: Any) -> tuple[int, dict[str, Any]]:
        """One act; status and body."""
        place = {} if act == "channel" else {"place": GENERAL}
        body = {"act": act, "by": by, **place, **more}
        async with self.http.post("/api/acts", json=body) as response:
            return response.status, await response.json()

    async def get(self, path: str | URL, **options: Any) -> Got:
        """A whole response."""
        async with self.http.get(path, **options) as response:
            return Got(response.status, response.headers, await response.read())

    async def say(self, text: str, by: dict[str, str] = ANA, **more: Any) -> dict[str, Any]:
        """Send a message that is accepted; the ids of its turns."""
        status, body = await self.post("send", by, text=text, event_id=fresh_id(), **more)
        assert status == 200, body
        assert body["status"] == "accepted"
        return body

    @asynccontextmanager
    async def seat(self, by: dict[str, str] = ANA, channel: str = "general") -> AsyncIterator[Seat]:
        """A window that looks at a channel."""
        async with self.http.ws_connect("/api/events") as socket:
            seat = Seat(socket)
            await socket.send_json({"type": "hello", "by": by})
            await seat.hear("places")
            await seat.join(channel)
            yield seat

    async def turns(self, by: dict[str, str] = ANA, channel: str = "general") -> list[dict[str, Any]]:
        """What a person sees in a channel."""
        async with self.seat(by, "random") as seat:
            return (await seat.join(channel))["turns"]


def fresh_id() -> str:
    return f"event-{next(_numbers)}"


@asynccontextmanager
async def open_site(
    folder: Path,
    *,
    generator: ScriptedGenerator | None = None,
    painter: Painter | None = None,
    trainer: Trainer | None = None,
    admins: str = "",
    **environment: str,
) -> AsyncIterator[Site]:
    """A page on a free port; opening a second one on the same folder is a restart."""
    web = WebPlatform(web_settings(folder, **environment), SystemClock())
    opened = open_house(
        folder,
        generator=generator,
        painter=painter,
        platform=web,
        clock=SystemClock(),
        trainer=trainer,
        settings=chat_settings(ADMINS=admins),
    )
    async with opened as house:
        try:
            await web.start(house.core)
            # Browsers keep the cookies of an address in numbers; aiohttp does when told to.
            jar = aiohttp.CookieJar(unsafe=True)
            async with aiohttp.ClientSession(web.address, cookie_jar=jar) as http:
                yield Site(web, house, http)
        finally:
            await web.close()
