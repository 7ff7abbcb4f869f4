"""An OpenAI-compatible server that behaves, and misbehaves, as a test says. It listens on a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

Behaviour = Callable[["Exchange"], Awaitable[web.StreamResponse]]


class Exchange:
    """One request and the means to answer it."""

    def __init__(self, request: web.Request, body: dict[str, Any]) -> None:
        self.request = request
        self.body = body

    async def open(self, content_type: str = "text/event-stream") -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": content_type})
        await response.prepare(self.request)
        return response

    async def say(
        self, *pieces: str, reason: str | None = "stop", usage: tuple[int, int] | None = None
    ) -> web.StreamResponse:
        """A well-behaved stream."""
        response = await self.open()
        for text in pieces:
            await response.write(chunk(text))
        if reason is not None:
            await response.write(chunk(reason=reason))
        if usage is not None:
            counts = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
            await response.write(data({"model": "served", "choices": [], "usage": counts}))
        await response.write(b"data: [DONE]\n\n")
        return response

    def drop(self) -> None:
        """Close the connection in the middle."""
        assert self.request.transport is not None
        self.request.transport.abort()


class CompletionServer:
    """Serves /v1/models and /v1/chat/completions. Behaviours are used up in order; the last one stays."""

    def __init__(self, *behaviours: Behaviour, models: tuple[str, ...] | None = ("served",)) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.open_streams = 0
        self.closed = asyncio.Event()
        self._behaviours = list(behaviours)
        self._models = models
        app = web.Application()
        app.router.add_get("/v1/models", self._list)
        app.router.add_post("/v1/chat/completions", self._complete)
        self._server = TestServer(app, handler_cancellation=True)

    @property
    def url(self) -> str:
        return str(self._server.make_url("/"))

    async def __aenter__(self) -> CompletionServer:
        await self._server.start_server()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._server.close()

    async def _list(self, request: web.Request) -> web.Response:
        if self._models is None:
            return web.Response(status=500, text="no cache")
        return web.json_response({"object": "list", "data": [{"id": name, "object": "model"} for name in self._models]})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(body)
        self.keys.append(request.headers.get("Authorization"))
        behaviour = self._behaviours.pop(0) if len(self._behaviours) > 1 else self._behaviours[0]
        self.open_streams += 1
        try:
            return await behaviour(Exchange(request, body))
        finally:
            self.open_streams -= 1
            self.closed.set()


def chunk(text: str | None = None, *, reason: str | None = None) -> bytes:
    delta = {} if text is None else {"content": text}
    return data({"id": "1", "model": "served", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})


def data(value: object) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def say(*pieces: str, reason: str | None = "stop", usage: tuple[int, int] | None = None) -> Behaviour:
    async def behave(exchange: Exchange) -> web.StreamResponse:
        return await exchange.say(*pieces, reason=reason, usage=usage)

    return behave


def refuse(status: int, message: str = "no", headers: dict[str, str] | None = None) -> Behaviour:
    async def behave(exchange: Exchange) -> web.StreamResponse:
        return web.json_response({"error": {"message": message}}, status=status, headers=headers)

    return behave


def write(*parts: bytes, content_type: str = "text/event-stream") -> Behaviour:
    """Raw bytes, then the end of the response."""

    async def behave(exchange: Exchange) -> web.StreamResponse:
        response = await exchange.open(content_type)
        for part in parts:
            await response.write(part)
            await asyncio.sleep(0.01)
        return response

    return behave


def drop(*pieces: str) -> Behaviour:
    """Some pieces, then a dead connection."""

    async def behave(exchange: Exchange) -> web.StreamResponse:
        response = await exchange.open()
        for text in pieces:
            await response.write(chunk(text))
        await asyncio.sleep(0.02)
        exchange.drop()
        return response

    return behave


def hang(*pieces: str) -> Behaviour:
    """Some pieces, then nothing for ever."""

    async def behave(exchange: Exchange) -> web.StreamResponse:
        if pieces:
            response = await exchange.open()
            for text in pieces:
                await response.write(chunk(text))
        await asyncio.Event().wait()
        raise AssertionError

    return behave
