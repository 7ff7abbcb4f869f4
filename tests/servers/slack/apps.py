"""Real slack-bolt apps and slack_sdk clients for tests against the pretend Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from tests.servers.slack import SlackServer


@asynccontextmanager
async def web_client(server: SlackServer, token: str | None = None, **told: Any) -> AsyncIterator[AsyncWebClient]:
    """slack_sdk's client for the server."""
    async with aiohttp.ClientSession() as session:
        yield AsyncWebClient(
            token=server.bot_token if token is None else token, base_url=server.api_url, session=session, **told
        )


@asynccontextmanager
async def patient_client(server: SlackServer) -> AsyncIterator[AsyncWebClient]:
    """A client that waits as a 429 tells it."""
    async with web_client(server, retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=3)]) as client:
        yield client


async def refusal(asked: Awaitable[Any]) -> Any:
    """The answer of a request that Slack refuses."""
    try:
        answer = await asked
    except SlackApiError as refused:
        return refused.response
    raise AssertionError(f"not refused: {answer}")


async def error(asked: Awaitable[Any]) -> str:
    """The error's name in the answer of a request that Slack refuses."""
    return str((await refusal(asked))["error"])


class Bolt:
    """An app in Socket Mode that notes what reaches its listeners."""

    def __init__(self, app: AsyncApp) -> None:
        self.app = app
        self.heard: list[dict[str, Any]] = []

    def hears(self, *events: str) -> None:
        """Note every event of these types."""
        for event in events:
            self.app.event(event)(self._note)

    async def _note(self, body: dict[str, Any]) -> None:
        self.heard.append(body)

    def of(self, kind: str, subtype: str | None = None) -> list[dict[str, Any]]:
        events = [body["event"] for body in self.heard]
        return [event for event in events if event["type"] == kind and event.get("subtype") == subtype]


@asynccontextmanager
async def connected(server: SlackServer, bolt: Bolt, *, ping_interval: float = 0.2) -> AsyncIterator[None]:
    """Connect an app's sockets, with its listeners in place."""
    handler = AsyncSocketModeHandler(bolt.app, server.app_token, ping_interval=ping_interval)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    await server.until(lambda: server.sockets.connections)
    try:
        yield
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]


@asynccontextmanager
async def bolt_app(server: SlackServer) -> AsyncIterator[Bolt]:
    """An app that is not connected yet."""
    async with patient_client(server) as client:
        yield Bolt(AsyncApp(client=client, signing_secret=server.signing_secret))
