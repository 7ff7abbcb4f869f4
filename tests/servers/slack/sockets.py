"""Socket Mode: the connections of the app, envelopes and their acknowledgements.

Written from docs.slack.dev ("Using Socket Mode") and what slack_sdk's clients expect.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from tests.servers.slack.delivering import Acked, NotAcked
from tests.servers.slack.faults import Faults
from tests.servers.slack.world import World

PING_EVERY_S = 30.0


class Connection:
    """One open socket of the app."""

    def __init__(self, request: web.Request, ws: web.WebSocketResponse) -> None:
        self.request = request
        self.ws = ws

    async def say(self, message: dict[str, Any]) -> None:
        await self.ws.send_str(json.dumps(message))

    def cut(self) -> None:
        """End the connection as a broken network does: no close frame."""
        if self.request.transport is not None:
            self.request.transport.abort()


class Sockets:
    """All connections; each payload goes to any one of them."""

    def __init__(self, world: World, faults: Faults, changed: Callable[[], None]) -> None:
        self._world = world
        self._faults = faults
        self._changed = changed
        self.connections: list[Connection] = []
        self.opened = 0
        self._tickets: set[str] = set()
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._issued: set[str] = set()

    def ticket(self) -> str:
        """What a URL of apps.connections.open carries."""
        ticket = str(uuid.uuid4())
        self._tickets.add(ticket)
        return ticket

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """The WebSocket's route."""
        if request.query.get("ticket") not in self._tickets:
            return web.json_response({"ok": False, "error": "invalid_ticket"}, status=404)
        if self._faults.is_out:
            return web.Response(status=503, text="Service Unavailable", content_type="text/html")
        ws = web.WebSocketResponse(heartbeat=PING_EVERY_S)
        await ws.prepare(request)
        connection = Connection(request, ws)
        if len(self.connections) >= self._world.rules.connections:
            await connection.say(self._goodbye("too_many_websockets"))
            await ws.close()
            return ws
        self.connections.append(connection)
        self.opened += 1
        try:
            await connection.say(self._hello())
            self._changed()
            await self._listen(ws)
        except ConnectionResetError:
            # Cut while something was being sent: what was not acknowledged comes again.
            pass
        finally:
            self.connections.remove(connection)
            self._changed()
        return ws

    async def send(self, kind: str, payload: dict[str, Any], attempt: int, reason: str) -> Acked:
        """Put a payload into a new envelope and send it over one of the connections."""
        if not self.connections:
            raise NotAcked("no_connection")
        connection = self._world.random.choice(self.connections)
        envelope_id = str(uuid.uuid4())
        envelope: dict[str, Any] = {"envelope_id": envelope_id, "type": kind, "payload": payload}
        envelope["accepts_response_payload"] = kind != "events_api"
        if kind == "events_api":
            envelope |= {"retry_attempt": attempt, "retry_reason": reason}
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = answer
        self._issued.add(envelope_id)
        began = time.monotonic()
        try:
            await connection.say(envelope)
            acked = await asyncio.wait_for(answer, self._world.rules.ack_limit_s)
        except (TimeoutError, ConnectionResetError) as error:
            raise NotAcked("timeout") from error
        finally:
            del self._waiting[envelope_id]
        return Acked(time.monotonic() - began, acked)

    async def say_goodbye(self, reason: str = "refresh_requested") -> None:
        """Tell every connection to reconnect: "warning" ten seconds ahead, "refresh_requested" at once."""
        for connection in list(self.connections):
            await connection.say(self._goodbye(reason))
            if reason != "warning":
                await connection.ws.close()

    def cut(self) -> None:
        """Drop every connection without a word."""
        for connection in list(self.connections):
            connection.cut()

    async def close(self) -> None:
        for connection in list(self.connections):
            await connection.ws.close()

    async def _listen(self, ws: web.WebSocketResponse) -> None:
        async for message in ws:
            if message.type is WSMsgType.TEXT:
                self._take(json.loads(message.data))

    def _take(self, message: dict[str, Any]) -> None:
        envelope_id = message.get("envelope_id")
        waiting = self._waiting.get(envelope_id) if envelope_id else None
        if waiting is not None and not waiting.done():
            waiting.set_result(message.get("payload") or {})
        elif envelope_id not in self._issued:
            self._world.violation(f"an acknowledgement of no envelope: {envelope_id}")

    def _hello(self) -> dict[str, Any]:
        info = {"host": "applink-1", "build_number": 1, "approximate_connection_time": 18060}
        return {
            "type": "hello",
            "num_connections": len(self.connections),
            "debug_info": info,
            "connection_info": {"app_id": self._world.app_id},
        }

    def _goodbye(self, reason: str) -> dict[str, Any]:
        return {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-1"}}
