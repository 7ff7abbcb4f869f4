"""The Web API's front: arguments in three forms, tokens, scopes, limits, and answers as Slack words them.

What a method does stands in `methods/`; this room decides whether it is asked at all.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.servers.slack.blocks import InvalidBlocks, checked
from tests.servers.slack.limits import TIER_3, Rate
from tests.servers.slack.world import Seen

if TYPE_CHECKING:
    from tests.servers.slack.faults import Refusal
    from tests.servers.slack.server import SlackServer


class ApiError(Exception):
    """An answer with ok false; `more` is added to it."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.error = error
        self.more = more


class Args:
    """A request's arguments; values that came as text in a form are read like the JSON they hold."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = dict(values)
        self.warnings: list[str] = []

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) is not None

    def text(self, name: str, default: str = "") -> str:
        value = self.values.get(name)
        return default if value is None else str(value)

    def need(self, name: str) -> str:
        """A required text.

        Raises:
            ApiError: it is missing.
        """
        if not self.text(name):
            raise invalid_arguments(f"missing required field: {name}")
        return self.text(name)

    def flag(self, name: str) -> bool:
        return self.values.get(name) in (True, "true", "True", "1", 1)

    def number(self, name: str, default: int) -> int:
        try:
            return int(self.values.get(name) or default)
        except ValueError as error:
            raise ApiError("invalid_limit") from error

    def json(self, name: str, error: str = "invalid_json") -> Any:
        """A structure, given as JSON or as text that holds it."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError as fault:
            raise ApiError(error) from fault


Handler = Callable[["SlackServer", Args], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the Web API. `scopes`: any of them is enough. Without `takes_json` a JSON body is not read."""

    run: Handler
    scopes: tuple[str, ...] = ()
    rate: Rate = TIER_3
    takes_json: bool = True
    token: str = "bot"


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back."""

    body: dict[str, Any]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    html: str = ""

    def response(self) -> web.Response:
        if self.html:
            return web.Response(status=self.status, text=self.html, content_type="text/html", headers=self.headers)
        return web.json_response(self.body, status=self.status, headers=self.headers)


class WebApi:
    """Answers /api/METHOD."""

    def __init__(self, server: SlackServer, methods: Mapping[str, Method], *, limits: bool) -> None:
        self._server = server
        self._methods = methods
        self._limits = limits

    async def handle(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        args = Args(await arguments(request, self._methods.get(name)))
        token = request.headers.get("Authorization", "").removeprefix("Bearer ") or args.text("token")
        args.values.pop("token", None)
        if stalled := self._server.faults.seconds_stalled(name):
            await asyncio.sleep(stalled)
        answer = await self._answer(name, args, token, request)
        world = self._server.world
        error = answer.body.get("error") or answer.html or None
        world.requests.append(Seen(request.method, request.path, answer.status, args.values, time.monotonic(), error))
        self._server.changed()
        if late := self._server.faults.seconds_late(name):
            await asyncio.sleep(late)
        if not error and self._server.faults.loses(name) and request.transport is not None:
            request.transport.abort()
        return answer.response()

    async def _answer(self, name: str, args: Args, token: str, request: web.Request) -> Answer:
        if refused := self._refused(name, args):
            return refused
        try:
            method = self._methods.get(name)
            if method is None:
                raise ApiError("unknown_method", req_method=name)
            self._check_token(method, token)
            body = {"ok": True, **await method.run(self._server, args)}
        except ApiError as error:
            body = {"ok": False, "error": error.error, **error.more}
        except InvalidBlocks as error:
            body = {"ok": False, "error": "invalid_blocks", "errors": [], "response_metadata": {}}
            body |= {"errors": error.messages, "response_metadata": {"messages": error.messages}}
        return Answer(_warned(body, [*args.warnings, *_charset(request)]), headers=self._headers(token, name))

    # --- who may ask ------------------------------------------------------------------------------------------------

    def _check_token(self, method: Method, token: str) -> None:
        server = self._server
        if not token:
            raise ApiError("not_authed")
        known = {server.bot_token: "bot", server.app_token: "app"}.get(token)
        if known is None:
            raise ApiError("invalid_auth")
        if server.revoked:
            raise ApiError("account_inactive")
        if method.token not in (known, "any"):
            raise ApiError("not_allowed_token_type")
        if method.token != "any":
            need_scope(self._held(known), method.scopes)

    def _held(self, kind: str) -> set[str]:
        return self._server.app_scopes if kind == "app" else self._server.scopes

    def _headers(self, token: str, name: str) -> dict[str, str]:
        kind = "app" if token == self._server.app_token else "bot"
        accepted = self._methods[name].scopes if name in self._methods else ()
        return {
            "X-OAuth-Scopes": ",".join(sorted(self._held(kind))),
            "X-Accepted-OAuth-Scopes": ",".join(accepted),
            "X-Slack-Req-Id": "0",
        }

    # --- how often, and bad days ------------------------------------------------------------------------------------

    def _refused(self, name: str, args: Args) -> Answer | None:
        server = self._server
        rate = self._methods[name].rate if name in self._methods else TIER_3
        key = f"{name} {args.text('channel')}" if rate.by_channel else name
        if server.limiter.is_impatient(key):
            server.world.violation(f"{name} asked again before Retry-After ran out")
        if refusal := server.faults.refusal(name):
            if refusal.status == 429:
                server.limiter.penalise(key, refusal.retry_after or 1)
            return refused(refusal)
        if server.faults.limits():
            server.limiter.penalise(key, 1)
            return rate_limited(1)
        wait = server.limiter.wait(key, rate) if self._limits else 0
        return rate_limited(wait) if wait else None


def need_scope(held: set[str], scopes: tuple[str, ...]) -> None:
    """Any of these scopes must be held.

    Raises:
        ApiError: missing_scope, with what is needed and what is there.
    """
    if scopes and not held.intersection(scopes):
        raise ApiError("missing_scope", needed=",".join(scopes), provided=",".join(sorted(held)))


def invalid_arguments(*messages: str) -> ApiError:
    told = [f"[ERROR] {message}" for message in messages]
    return ApiError("invalid_arguments", response_metadata={"messages": told})


def rate_limited(seconds: float) -> Answer:
    return Answer({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": str(math.ceil(seconds))})


def refused(refusal: Refusal) -> Answer:
    """A vendor's bad day. Real 5xx come as pages, not as JSON."""
    if refusal.status == 429:
        return rate_limited(refusal.retry_after or 1)
    if refusal.status >= 500:
        return Answer({}, refusal.status, html="<html><body>Something went wrong.</body></html>")
    return Answer({"ok": False, "error": refusal.error or "fatal_error"}, refusal.status)


async def arguments(request: web.Request, method: Method | None) -> dict[str, Any]:
    """The arguments of the query string, then those of the body in its content type."""
    values: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        if method is not None and not method.takes_json:
            return values
        try:
            body = json.loads(await request.text() or "{}")
        except ValueError:
            return values
        return values | (body if isinstance(body, dict) else {})
    if request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        values |= dict(await request.post())
    return values


def message_blocks(server: SlackServer, args: Args) -> list[dict[str, Any]] | None:
    """The blocks of a message, checked; None when the request has none."""
    if "blocks" not in args:
        return None
    blocks = args.json("blocks", "invalid_blocks_format")
    return checked(blocks, lambda: server.world.new_id("b"))


def _charset(request: web.Request) -> list[str]:
    if request.content_type == "application/json" and not request.charset:
        return ["missing_charset"]
    return []


def _warned(body: dict[str, Any], warnings: list[str]) -> dict[str, Any]:
    if not warnings:
        return body
    metadata = {**body.get("response_metadata", {}), "warnings": warnings}
    return {**body, "warning": ",".join(warnings), "response_metadata": metadata}
