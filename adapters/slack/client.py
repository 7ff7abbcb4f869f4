"""The Web API's client as we use it: one session with a time limit, paced, and patient as each method allows.

A request that creates nothing is sent again after a lost connection or a 5xx. One that creates something is not:
whether it was done is found out first (`adapters.slack.posting`).
"""

from __future__ import annotations

import ipaddress
import logging
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack.pacing import Pace, key_of

# An explicit level: slack_sdk takes a logger without one for a debugging one, and then writes out every request. Its
# warnings are about choices that are ours.
LOGGER = logging.getLogger("adapters.slack.sdk")
LOGGER.setLevel(logging.ERROR)

TIMEOUT = aiohttp.ClientTimeout(total=30, connect=10)

_CREATING = {
    "chat.appendStream",
    "chat.postEphemeral",
    "chat.postMessage",
    "chat.startStream",
    "chat.stopStream",
    "files.completeUploadExternal",
    "views.open",
}
_key: ContextVar[str] = ContextVar("key of the request under way", default="")


class PacedClient(AsyncWebClient):
    """slack_sdk's client behind the workspace's pace."""

    def __init__(self, *, token: str, base_url: str, session: aiohttp.ClientSession, pace: Pace) -> None:
        handlers = [_WaitAsTold(pace), _AgainAfterBreakdown(3), _AgainAfterLostConnection(3)]
        super().__init__(token=token, base_url=base_url, session=session, retry_handlers=handlers, logger=LOGGER)
        self.proxy = proxy_for(base_url)
        self.pace = pace

    @property
    def shared_session(self) -> aiohttp.ClientSession:
        """The session that every request goes through."""
        assert self.session is not None
        return self.session

    async def api_call(self, api_method: str, **given: Any) -> AsyncSlackResponse:
        """Call a method when its turn has come."""
        arguments = given.get("json") or given.get("params") or {}
        channel = str(arguments.get("channel", ""))
        await self.pace.turn(api_method, channel)
        _key.set(key_of(api_method, channel))
        return await super().api_call(api_method, **given)

    async def call_now(self, api_method: str, **arguments: Any) -> AsyncSlackResponse | None:
        """Call a method if that can be done at once; None when its budget is spent."""
        if not self.pace.take(api_method):
            return None
        _key.set(api_method)
        told = {name: value for name, value in arguments.items() if value is not None}
        return await super().api_call(api_method, json=told)


def new_session() -> aiohttp.ClientSession:
    """The session that everything shares."""
    return aiohttp.ClientSession(timeout=TIMEOUT)


def proxy_for(url: str) -> str | None:
    """The proxy that the environment names for an address; none for this machine's own, whatever it says."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if _is_loopback(host) or proxy_bypass(host):
        return None
    return getproxies().get(parts.scheme)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _method(request: HttpRequest) -> str:
    return urlsplit(request.url).path.rpartition("/")[2]


class _WaitAsTold(AsyncRateLimitErrorRetryHandler):
    """Waits out a 429, and makes everyone else who would ask the same wait as well."""

    def __init__(self, pace: Pace) -> None:
        super().__init__(max_retry_count=6)
        self._pace = pace

    async def prepare_for_next_attempt_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> None:
        """Sleep as long as Slack says."""
        headers = response.headers if response is not None else {}
        told = next((value[0] for name, value in headers.items() if name.lower() == "retry-after"), "1")
        self._pace.pause(_key.get(), float(told))
        await super().prepare_for_next_attempt_async(state=state, request=request, response=response, error=error)
        # Another request under way may have been told to wait for longer.
        await self._pace.rest(_key.get())


class _AgainAfterBreakdown(AsyncRetryHandler):
    """Tries again after any 5xx, what creates nothing."""

    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        return response is not None and response.status_code >= 500 and _method(request) not in _CREATING


class _AgainAfterLostConnection(AsyncConnectionErrorRetryHandler):
    """Tries again after a lost connection, what creates nothing."""

    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if _method(request) in _CREATING:
            return False
        return await super()._can_retry_async(state=state, request=request, response=response, error=error)
