"""The pretend Slack by hand: its console, as a process of its own."""

from __future__ import annotations

import asyncio
import sys

import pytest
from slack_sdk.web.async_client import AsyncWebClient

# The servers are the tests' own tools: what they keep to need not be proved at every quick run.
pytestmark = pytest.mark.slow


async def test_the_console_says_where_to_point_the_bot_and_shows_what_it_posts() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.servers.slack", "--port", "0"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    settings = dict(pair.split("=") for pair in (await process.stdout.readline()).decode().split())
    process.stdin.write(b"hello\n")
    await process.stdin.drain()
    client = AsyncWebClient(token=settings["SLACK_BOT_TOKEN"], base_url=settings["SLACK_API_URL"])
    await client.chat_postMessage(channel="#general", text="good morning")
    shown = b""
    while b"good morning" not in shown:
        shown += await process.stdout.readline()
    process.stdin.write(b":quit\n")
    await process.stdin.drain()
    assert await process.wait() == 0
    assert "Inkling: good morning" in shown.decode()
