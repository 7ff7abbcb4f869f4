"""An OpenAI-compatible server that behaves, and misbehaves, as a test says. It listens on a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
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
    """Serves /v1/models and /v1/chat/completions. Behaviours are used up in order; the last one stays.

    With `max_lora_rank` it also loads and unloads LoRA weights, in the words and codes of vLLM's serving_models.py, and
    knows no other models than its own and those; 0 is a vLLM without --enable-lora.
    """

    def __init__(
        self, *behaviours: Behaviour, models: tuple[str, ...] | None = ("served",), max_lora_rank: int | None = None
    ) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.open_streams = 0
        self.closed = asyncio.Event()
        self._behaviours = list(behaviours)
        self._models = models
        self._max_lora_rank = max_lora_rank
        self.loras: dict[str, str] = {}
        self.acts: list[str] = []
        app = web.Application()
        app.router.add_get("/v1/models", self._list)
        app.router.add_post("/v1/chat/completions", self._complete)
        if max_lora_rank is not None:
            app.router.add_post("/v1/load_lora_adapter", self._load)
            app.router.add_post("/v1/unload_lora_adapter", self._unload)
        self._server = TestServer(app, handler_cancellation=True)

    @property
    def url(self) -> str:
        return str(self._server.make_url("/"))

    async def __aenter__(self) -> CompletionServer:
        await self._server.start_server()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Be gone; a second time is nothing to do."""
        await self._server.close()

    async def _list(self, request: web.Request) -> web.Response:
        if self._models is None:
            return web.Response(status=500, text="no cache")
        own = [{"id": name, "object": "model", "parent": None} for name in self._models]
        loaded = [{"id": name, "object": "model", "parent": self._models[0]} for name in self.loras]
        return web.json_response({"object": "list", "data": [*loaded, *own]})

    async def _load(self, request: web.Request) -> web.Response:
        body = await request.json()
        name, folder = body["lora_name"], Path(body["lora_path"])
        self.acts.append(f"load {name}")
        if name in self.loras:
            return _refusal(400, f"The lora adapter '{name}' has already been loaded.")
        if not self._max_lora_rank:
            return _refusal(
                400, "Call to add_lora method failed: LoRA is not enabled. Use --enable-lora to enable LoRA."
            )
        if not folder.is_dir():
            return _refusal(404, f"Loading lora {name} failed: No adapter found for {folder}")
        rank = json.loads((folder / "adapter_config.json").read_text())["r"]
        if rank > self._max_lora_rank:
            return _refusal(400, f"LoRA rank {rank} is greater than max_lora_rank {self._max_lora_rank}.")
        self.loras[name] = str(folder)
        return web.Response(text=f"Success: LoRA adapter '{name}' added successfully.")

    async def _unload(self, request: web.Request) -> web.Response:
        name = (await request.json())["lora_name"]
        self.acts.append(f"unload {name}")
        if self.loras.pop(name, None) is None:
            return _refusal(404, f"The lora adapter '{name}' cannot be found.")
        return web.Response(text=f"Success: LoRA adapter '{name}' removed successfully.")

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(body)
        self.keys.append(request.headers.get("Authorization"))
        model = body.get("model")
        if self._max_lora_rank is not None and model not in (*(self._models or ()), *self.loras):
            return _refusal(404, f"The model `{model}` does not exist.")
        behaviour = self._behaviours.pop(0) if len(self._behaviours) > 1 else self._behaviours[0]
        self.open_streams += 1
        try:
            return await behaviour(Exchange(request, body))
        finally:
            self.open_streams -= 1
            self.closed.set()


def _refusal(status: int, message: str) -> web.Response:
    return web.json_response({"error": {"message": message, "type": "BadRequestError", "code": status}}, status=status)


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
