"""A bot in a process of its own, on a protocol server in this one, and the people who talk to it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.talking import Crowd, Server, server_for, variables_for

ENDS_S = 30.0


@dataclass(frozen=True, slots=True)
class Round:
    """What a bot did in a round: messages in a second, and milliseconds of its processor for each."""

    rate: float
    cpu_ms: float


class Bot:
    """A bot, its server and its people."""

    def __init__(self, process: asyncio.subprocess.Process, server: Server, crowd: Crowd, log: Path) -> None:
        self.server = server
        self.crowd = crowd
        self._process = process
        self._log = log

    async def round(self, messages: int) -> Round:
        """Let the people say so many messages."""
        before, started = float(await self.wish("cpu")), time.perf_counter()
        await self.crowd.say(messages)
        took = time.perf_counter() - started
        return Round(messages / took, (float(await self.wish("cpu")) - before) / messages * 1000)

    async def shares(self, messages: int) -> dict[str, float]:
        """Where its event loop's time goes while it answers so many messages."""
        await self.wish("profile")
        await self.crowd.say(messages)
        shares: dict[str, float] = json.loads(await self.wish("shares"))
        return shares

    async def wish(self, wish: str) -> str:
        """What the process answers."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{wish}\n".encode())
        return await self.said()

    async def said(self) -> str:
        """The next line of the process.

        Raises:
            RuntimeError: it ended.
        """
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a bot ended:\n{self._log.read_text()[-3000:]}")
        return line.decode().strip()


@asynccontextmanager
async def bot_on(platform: str, side: str, people: int, *, limits: bool) -> AsyncIterator[Bot]:
    """A bot of one side that listens on a server of its own."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        server = await stack.enter_async_context(server_for(platform, limits=limits))
        environ = {**os.environ, "DATA_FOLDER": folder, **variables_for(server, limits=limits)}
        log = Path(folder) / "log.txt"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.echo_bots", side, platform, folder),
            env=environ,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=stack.enter_context(log.open("wb")),
        )
        stack.push_async_callback(_end, process)
        bot = Bot(process, server, Crowd(server, people), log)
        await bot.said()
        yield bot


async def _end(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(ENDS_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
