"""The windows' connections: who sits there, which place they look at, and the state of things when they arrive."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from aiohttp import WSMsgType, web
from pydantic import ValidationError

from adapters.web.acts import REQUESTS, Hello, Join, Older, Places
from adapters.web.channels import Channels
from adapters.web.files import Files
from adapters.web.hub import Hub, Window
from adapters.web.shapes import Shape, place_shape, turn_shapes
from bot.chat.dispatch import Core
from bot.chat.faults import sentence
from bot.chat.reading import TurnView
from bot.domain.generation import EngineHealth
from bot.domain.places import Person, Place
from bot.errors import StorageError

log = structlog.get_logger(__name__)

# Turns that a window is given at once; it asks for older ones.
PAGE = 60
HEALTH_EVERY_S = 1.0
_HEARTBEAT_S = 20.0
_REQUEST_LIMIT = 16_384


def _shape(health: EngineHealth) -> Shape:
    return {
        "state": health.state,
        "detail": health.detail,
        "model": health.model,
        "download": None if health.download is None else health.download.in_megabytes,
        "replaced": health.replaced,
    }


class Sockets:
    """The windows' door."""

    def __init__(self, core: Core, hub: Hub, files: Files, channels: Channels) -> None:
        self._core = core
        self._hub = hub
        self._files = files
        self._channels = channels

    def routes(self) -> list[web.RouteDef]:
        """What is served here."""
        return [web.get("/api/events", self.window)]

    async def window(self, request: web.Request) -> web.WebSocketResponse:
        """One window, from its opening to its end."""
        socket = web.WebSocketResponse(heartbeat=_HEARTBEAT_S, max_msg_size=_REQUEST_LIMIT, compress=False)
        await socket.prepare(request)
        window = Window(socket)
        self._hub.enter(window)
        writing = asyncio.create_task(window.write(), name="write to a window")
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._hear(message.data, window)
        finally:
            self._hub.leave(window)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
        return socket

    async def watch_health(self) -> None:
        """Tell the windows when the engine's state changes. Runs until cancelled."""
        last: dict[str, Any] = {}
        while True:
            await asyncio.sleep(HEALTH_EVERY_S)
            now = self._health()
            if now != last:
                self._hub.tell_all(now)
                last = now

    def _health(self) -> dict[str, Any]:
        writer, painter = self._core.reading.health(), self._core.reading.painter()
        return {"type": "health", **_shape(writer), "painter": None if painter is None else _shape(painter)}

    async def _hear(self, text: str, window: Window) -> None:
        try:
            request = REQUESTS.validate_json(text)
        except ValidationError:
            window.tell({"type": "unreadable"})
            return
        try:
            match request:
                case Hello(by=by):
                    window.person = by.person
                    window.tell(self._health())
                    await self._list_places(window, by.person)
                case _ if window.person is None:
                    window.tell({"type": "unreadable"})
                case Join(place=where):
                    await self._join(window, window.person, where.place)
                case Older(before=before):
                    await self._older(window, window.person, before)
                case Places():
                    await self._list_places(window, window.person)
        except StorageError as error:
            log.error("place not read", error=str(error))
            locale = window.person.locale if window.person else "en"
            window.tell({"type": "trouble", "text": sentence(error, locale)})

    async def _list_places(self, window: Window, viewer: Person) -> None:
        window.tell({"type": "places", "places": await self._channels.listing(self._core.reading, viewer)})

    async def _join(self, window: Window, viewer: Person, place: Place) -> None:
        window.place = place
        window.hold()
        snapshot: list[Shape] = []
        try:
            turns = await self._turns(place, viewer)
            root = await self._root(place, viewer)
            # From here to the sending nothing is awaited, so the answers under way are as new as the window's place.
            event = {"type": "snapshot", "place": place_shape(place), "root": root, "turns": self._hub.with_live(turns)}
            snapshot = [event | {"more": len(turns) >= PAGE}]
        finally:
            window.let_go(*snapshot)

    async def _older(self, window: Window, viewer: Person, before: str) -> None:
        if window.place is not None:
            turns = await self._turns(window.place, viewer, before=before)
            older = {"type": "older", "place": place_shape(window.place), "turns": turns, "more": len(turns) >= PAGE}
            window.tell(older)

    async def _turns(self, place: Place, viewer: Person, before: str | None = None) -> list[Shape]:
        """A page of turns, oldest first; fewer only where there are no more."""
        views: list[TurnView] = []
        while len(views) < PAGE:
            # Others' private turns are left out after the limit, so one read may bring fewer.
            older = await self._core.reading.turns(place, viewer, before=before, limit=PAGE - len(views))
            if not older:
                break
            views[:0] = older
            before = older[0].turn.id
        return await turn_shapes(views, self._files)

    async def _root(self, place: Place, viewer: Person) -> Shape | None:
        root = await self._core.reading.view(place.thread, viewer) if place.thread else None
        return (await turn_shapes([root], self._files))[0] if root else None
