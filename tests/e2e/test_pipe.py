"""`python -m bot chat` as a script uses it: lines in, answers out, over the whole house."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from aiohttp import web

from tests.e2e.processes import environment
from tests.engine.completion_server import CompletionServer, Exchange


def _chat(folder: Path, lines: bytes, url: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "bot", "chat"],
        cwd=folder,
        env=environment(DATA_FOLDER=str(folder), ENGINE_URL=url),
        input=lines,
        capture_output=True,
        timeout=90,
    )


async def _echo(exchange: Exchange) -> web.StreamResponse:
    messages = exchange.body["messages"]
    return await exchange.say(f"{len(messages)} messages, the last: ", messages[-1]["content"])


async def test_each_line_is_answered_in_order_and_remembered(tmp_path: Path) -> None:
    async with CompletionServer(_echo) as server:
        ended = await asyncio.to_thread(_chat, tmp_path, "Hello\n你好 😀\n".encode(), server.url)
        again = await asyncio.to_thread(_chat, tmp_path, b"Still there?\n", server.url)

    assert ended.stdout.decode().split("\n") == [
        "2 messages, the last: Hello",
        "4 messages, the last: 你好 😀",
        "",
    ]
    assert ended.returncode == 0, ended.stderr
    assert again.stdout == b"6 messages, the last: Still there?\n"


async def test_bad_lines_get_a_sentence_and_the_rest_goes_on(tmp_path: Path) -> None:
    async with CompletionServer(_echo) as server:
        ended = await asyncio.to_thread(_chat, tmp_path, b"/dance\n\xff\xfe\n\nHello\n:up\n", server.url)

    assert ended.stdout.decode() == "2 messages, the last: Hello\n"
    assert b"no command /dance" in ended.stderr
    assert b"not UTF-8" in ended.stderr
    assert ended.returncode == 1
