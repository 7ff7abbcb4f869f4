"""HTTP mode: events, commands and interactivity as signed requests to the app's URL.

Written from docs.slack.dev ("Verifying requests from Slack", "The Events API").
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode

import aiohttp

from tests.servers.slack.delivering import Acked, NotAcked
from tests.servers.slack.world import World


class Requests:
    """Sends what Socket Mode would carry to a request URL."""

    def __init__(self, world: World, url: str, signing_secret: str) -> None:
        self._world = world
        self.url = url
        self._secret = signing_secret
        self._session = aiohttp.ClientSession()

    async def verify(self) -> None:
        """The challenge that a URL has to answer before it is accepted.

        Raises:
            NotAcked: it did not.
        """
        challenge = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"
        body = {"token": self._world.verification_token, "challenge": challenge, "type": "url_verification"}
        acked = await self.send("events_api", body, 0, "")
        if acked.payload.get("challenge", acked.payload.get("text")) != challenge:
            raise NotAcked("challenge_failed")

    async def send(self, kind: str, payload: dict[str, Any], attempt: int, reason: str) -> Acked:
        """Post a payload in the form of its kind."""
        if kind == "events_api":
            body, content_type = json.dumps(payload), "application/json"
        elif kind == "slash_commands":
            body, content_type = urlencode(payload), "application/x-www-form-urlencoded"
        else:
            body, content_type = urlencode({"payload": json.dumps(payload)}), "application/x-www-form-urlencoded"
        headers = self.signed(body) | {"Content-Type": content_type, "User-Agent": "Slackbot 1.0"}
        if attempt:
            headers |= {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason}
        began = time.monotonic()
        limit = aiohttp.ClientTimeout(total=self._world.rules.ack_limit_s)
        try:
            async with self._session.post(self.url, data=body, headers=headers, timeout=limit) as response:
                status, text = response.status, await response.text()
        except TimeoutError as error:
            raise NotAcked("http_timeout") from error
        except aiohttp.ClientError as error:
            raise NotAcked("connection_failed") from error
        if status != 200:
            raise NotAcked("http_error")
        return Acked(time.monotonic() - began, _read(text, response.content_type))

    def signed(self, body: str, at: int | None = None) -> dict[str, str]:
        """The two headers by which an app knows that Slack is asking."""
        stamp = str(at if at is not None else int(time.time()))
        digest = hmac.new(self._secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}

    async def close(self) -> None:
        await self._session.close()


def _read(text: str, content_type: str) -> dict[str, Any]:
    if not text:
        return {}
    if content_type == "application/json":
        read = json.loads(text)
        return read if isinstance(read, dict) else {}
    return {"text": text}
