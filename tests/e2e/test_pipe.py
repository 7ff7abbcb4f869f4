"""`python -m bot chat` as a script uses it: lines in, answers out, over the whole house."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from tests.e2e.processes import environment
from tests.engine.completion_server import CompletionServer, Exchange

pytestmark = pytest.mark.asyncio(loop_scope="session")


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


@dataclass(frozen=True)
class Talk:
    """Two runs of the program on one data folder."""

    first: subprocess.CompletedProcess[bytes]
    second: subprocess.CompletedProcess[bytes]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def talk(tmp_path_factory: pytest.TempPathFactory) -> Talk:
    folder = tmp_path_factory.mktemp("talk")
    async with CompletionServer(_echo) as server:
        first = await asyncio.to_thread(_chat, folder, "Hello\n你好 😀\n".encode(), server.url)
        second = await asyncio.to_thread(_chat, folder, b"/dance\n\xff\xfe\n\nStill there?\n:up\n", server.url)
    return Talk(first, second)


async def test_each_line_is_answered_in_order(talk: Talk) -> None:
    assert talk.first.stdout.decode().split("\n") == [
        "2 messages, the last: Hello",
        "4 messages, the last: 你好 😀",
        "",
    ]
    assert talk.first.returncode == 0, talk.first.stderr


async def test_the_next_run_remembers(talk: Talk) -> None:
    assert talk.second.stdout == b"6 messages, the last: Still there?\n"


async def test_bad_lines_get_a_sentence_and_the_rest_goes_on(talk: Talk) -> None:
    assert talk.second.stdout.endswith(b"Still there?\n")
    assert b"no command /dance" in talk.second.stderr
    assert b"not UTF-8" in talk.second.stderr
    assert talk.second.returncode == 1
