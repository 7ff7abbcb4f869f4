"""The open windows, and what is told to which of them.

A window looks at one place at a time. It hears everything that happens there, of other places only that something
happened. Order is kept for each window; one that does not keep up is told to read its place anew.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiohttp import WSCloseCode, web

from adapters.web.html import GrowingHtml, Patch
from adapters.web.shapes import Shape, place_shape
from bot.domain.places import Person, Place

log = structlog.get_logger(__name__)

Event = dict[str, Any]

# Events that a window may lag behind before it is told to start over.
BACKLOG = 500


class Window:
    """One browser window: who sits there, what they look at, and what is on its way to them."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self.person: Person | None = None
        self.place: Place | None = None
        self._outbox: asyncio.Queue[str] = asyncio.Queue()
        self._held: list[str] | None = None

    def tell(self, event: Event) -> None:
        """Send an event after those before it."""
        self.pass_on(json.dumps(event, ensure_ascii=False))

    def pass_on(self, text: str) -> None:
        """Send an event that is JSON already."""
        if self._held is not None:
            self._held.append(text)
        elif self._outbox.qsize() < BACKLOG:
            self._outbox.put_nowait(text)
        else:
            self._outbox = asyncio.Queue()
            self._outbox.put_nowait('{"type": "resync"}')

    def hold(self) -> None:
        """Keep events back while the window's place is being read: they are newer than what is read."""
        self._held = []

    def let_go(self, *first: Event) -> None:
        """Send these events, then what was held back."""
        held, self._held = self._held or [], None
        for event in first:
            self.tell(event)
        for text in held:
            self.pass_on(text)

    async def write(self) -> None:
        """Send what is told, until cancelled or the connection is gone."""
        while not self.socket.closed:
            text = await self._outbox.get()
            try:
                await self.socket.send_str(text)
            except ConnectionError:
                return


@dataclass(slots=True)
class LiveAnswer:
    """What is shown of an answer under way."""

    html: GrowingHtml = field(default_factory=GrowingHtml)
    note: str = ""
    position: int = 0
    preview: bytes | None = None
    _previews: int = 0

    def look(self, preview: bytes) -> None:
        """Take a picture as it looks so far; the same look may come again with another note."""
        if preview != self.preview:
            self.preview = preview
            self._previews += 1

    def preview_address(self, turn_id: str) -> str:
        """Where the latest look at a picture is, another address for each; empty before the first."""
        return f"/previews/{turn_id}?{self._previews}" if self.preview else ""

    async def write(self, text: str, note: str) -> Patch:
        """Take the whole text so far; the blocks that changed. Rendered in a thread, never beside the event loop."""
        self.position, self.note = 0, note
        return await asyncio.to_thread(self.html.update, text)


class Hub:
    """All windows, and the answers under way."""

    def __init__(self) -> None:
        self._windows: set[Window] = set()
        self._live: dict[str, LiveAnswer] = {}

    @property
    def windows(self) -> frozenset[Window]:
        """The open windows."""
        return frozenset(self._windows)

    def enter(self, window: Window) -> None:
        """A window was opened."""
        self._windows.add(window)

    def leave(self, window: Window) -> None:
        """A window is gone."""
        self._windows.discard(window)

    def begin(self, turn_id: str) -> LiveAnswer:
        """An answer is under way."""
        return self._live.setdefault(turn_id, LiveAnswer())

    def end(self, turn_id: str) -> None:
        """An answer has its last state."""
        self._live.pop(turn_id, None)

    def preview(self, turn_id: str) -> bytes | None:
        """A picture under way as it looks now; None when there is none."""
        live = self._live.get(turn_id)
        return live.preview if live else None

    def is_live(self, turn_id: str) -> bool:
        """Whether an answer is under way."""
        return turn_id in self._live

    def with_live(self, shapes: Iterable[Shape]) -> list[Shape]:
        """Turns with what is shown of those under way."""
        return [self._with_live(shape) for shape in shapes]

    def _with_live(self, shape: Shape) -> Shape:
        live = self._live.get(shape["id"])
        if live is None or not shape["open"]:
            return shape
        preview = live.preview_address(shape["id"])
        return shape | {"blocks": live.html.blocks, "note": live.note, "position": live.position, "preview": preview}

    def tell(self, place: Place, event: Event, *, only: str | None = None) -> None:
        """Tell all windows that look at a place, or only those of one person (a key)."""
        text = json.dumps(event | {"place": place_shape(place)}, ensure_ascii=False)
        for window in self._windows:
            if window.place == place and _concerns(window, only):
                window.pass_on(text)

    def tell_all(self, event: Event, *, only: str | None = None) -> None:
        """Tell all windows, or all of one person."""
        text = json.dumps(event, ensure_ascii=False)
        for window in self._windows:
            if _concerns(window, only):
                window.pass_on(text)

    async def close(self) -> None:
        """Send every window away; they come back by themselves when there is a server again."""
        closing = (window.socket.close(code=WSCloseCode.GOING_AWAY) for window in self.windows)
        await asyncio.gather(*closing, return_exceptions=True)


def _concerns(window: Window, only: str | None) -> bool:
    return window.person is not None and only in (None, window.person.key)
