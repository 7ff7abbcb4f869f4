"""The REST API's frame: reading a request, its authorization, limits and faults, and writing the answer.

What each route does is in the modules named `routes_…`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import BodyPartReader, web

from tests.servers.discord import permissions
from tests.servers.discord.errors import ApiError, missing_access, missing_permissions, unauthorized, unknown
from tests.servers.discord.limits import Bucket, Refused
from tests.servers.discord.message_rules import Body, Upload
from tests.servers.discord.model import Channel, Guild, Json, Message

if TYPE_CHECKING:
    from tests.servers.discord.server import DiscordServer

PREFIX = "/api/v10"
VIA = {"Via": "1.1 google"}  # clients tell Discord's own 429 from Cloudflare's by it


@dataclass(slots=True)
class Request:
    """A request as `server.requests` keeps it. `at` is monotonic, in seconds."""

    method: str
    path: str
    body: Json | list[Any] | None
    at: float
    status: int = 0

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(slots=True)
class Asked:
    """What a route is given."""

    match: Mapping[str, str]
    query: Mapping[str, str]
    body: Body


Answer = tuple[int, Any]
Handler = Callable[["Api", Asked], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path, what serves them, and how they are limited."""

    method: str
    path: str
    handler: Handler
    bucket: Bucket = field(default_factory=lambda: Bucket("other"))
    major: tuple[str, ...] = ("channel_id", "guild_id")
    open: bool = False  # interactions carry a token in their path; no authorization, no global limit


class Api:
    """Serves routes for one server."""

    def __init__(self, server: DiscordServer) -> None:
        self.server = server
        self.world = server.world

    def add_to(self, app: web.Application, routes: list[Route]) -> None:
        """Register routes under the API's prefix."""
        for route in routes:
            app.router.add_route(route.method, PREFIX + route.path, self._serving(route))

    def _serving(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            call = f"{request.method} {request.path.removeprefix(PREFIX)}"
            seen = Request(request.method, request.path.removeprefix(PREFIX), None, time.monotonic())
            self.server.requests.append(seen)
            response = await self._answer(route, request, seen, call)
            seen.status = response.status
            late = self.server.faults.seconds_late(call)
            if late:
                await asyncio.sleep(late)
            if self.server.faults.loses(call) and request.transport is not None:
                request.transport.abort()
            self.server.changed()
            return response

        return serve

    async def _answer(self, route: Route, request: web.Request, seen: Request, call: str) -> web.Response:
        major = "+".join(request.match_info.get(name, "") for name in route.major)
        headers: dict[str, str] = {}
        try:
            body = await _read(request)
            seen.body = body.json
            refusal = self.server.faults.refusal(call)
            if refusal is not None:
                return self._refused(route, major, refusal.status, refusal.retry_after)
            if not route.open and request.headers.get("Authorization") != f"Bot {self.server.token}":
                raise unauthorized()
            headers = self.server.limits.take(route.bucket, major, everywhere=not route.open)
            status, data = await route.handler(self, Asked(request.match_info, request.query, body))
            return _written(status, data, headers)
        except Refused as over:
            return _limited(over.retry_after, over.scope, over.headers)
        except ApiError as error:
            if error.status in (400, 401, 403, 405, 413):
                self.server.violation(f"{call[:90]} was invalid: {error.body['message']} ({error.body['code']})")
            return _written(error.status, error.body, headers | (VIA if error.status == 429 else {}))

    def _refused(self, route: Route, major: str, status: int, retry_after: float) -> web.Response:
        if status == 429:
            self.server.limits.told_to_wait(route.bucket, major, retry_after)
            return _limited(retry_after, "shared", {})
        if status in (500, 501):
            return _written(status, {"message": f"{status}: Internal Server Error", "code": 0}, {})
        return web.Response(status=status, text="upstream connect error or disconnect/reset before headers")

    # --- what routes ask ---

    def channel(self, asked: Asked) -> Channel:
        """The channel in the path, when the bot may see it."""
        channel = self.world.channels.get(asked.match["channel_id"])
        if channel is None:
            raise unknown("Channel")
        if not permissions.may(self.world.bot, channel, "view_channel"):
            raise missing_access()
        return channel

    def guild(self, asked: Asked) -> Guild:
        """The guild in the path, when the bot is in it."""
        guild = self.world.guilds.get(asked.match["guild_id"])
        if guild is None:
            raise unknown("Guild")
        return guild

    def message(self, asked: Asked, channel: Channel) -> Message:
        """The message in the path; ephemeral ones are not to be had this way."""
        message = self.world.messages.get(asked.match["message_id"])
        if message is None or message.channel is not channel or message.ephemeral_for is not None:
            raise unknown("Message")
        return message

    def require(self, channel: Channel, *names: str) -> None:
        """The bot must have these permissions here."""
        if not permissions.may(self.world.bot, channel, *names):
            raise missing_permissions()

    @property
    def reads_content(self) -> bool:
        """Whether the application was granted the message content intent, which goes for REST too."""
        return self.server.message_content


async def _read(request: web.Request) -> Body:
    if request.content_type == "multipart/form-data":
        return await _read_parts(request)
    raw = await request.read()
    if not raw:
        return Body({})
    try:
        return Body(json.loads(raw))
    except ValueError as error:
        raise ApiError(400, 50109, "The request body contains invalid JSON.") from error


async def _read_parts(request: web.Request) -> Body:
    body = Body({})
    reader = await request.multipart()
    async for part in reader:
        assert isinstance(part, BodyPartReader)
        name = part.name or ""
        if name == "payload_json":
            body.json = json.loads(await part.text())
        elif name.startswith("files["):
            data = bytes(await part.read())
            body.uploads[name[6:-1]] = Upload(part.filename or "unknown", data)
    return body


def _limited(retry_after: float, scope: str, headers: dict[str, str]) -> web.Response:
    body = {"message": "You are being rate limited.", "retry_after": round(retry_after, 3), "global": scope == "global"}
    more = {"Retry-After": str(max(1, round(retry_after))), "X-RateLimit-Scope": scope} | VIA
    return _written(429, body, headers | more)


def _written(status: int, data: Any, headers: dict[str, str]) -> web.Response:
    """An answer whose content type is application/json and nothing more: clients compare it whole."""
    if status == 204:
        return web.Response(status=204, headers=headers)
    raw = json.dumps(data, ensure_ascii=False).encode()
    return web.Response(status=status, body=raw, content_type="application/json", headers=headers)
