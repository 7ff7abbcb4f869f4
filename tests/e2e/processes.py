"""The bot as a real process, talked to over its page's own door, and killed."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp

from tests.patience import PATIENCE_S

ROOT = Path(__file__).parent.parent.parent
ANA = {"id": "ana", "name": "Ana", "locale": "en"}


class Bot:
    """`python -m bot run` on a data folder, its page on a free port.

    As a context it ends with `kill -9`: whatever a test leaves behind is a crash.
    """

    def __init__(self, folder: Path, *, patience: float = PATIENCE_S, **settings: str) -> None:
        self._environment = environment(DATA_FOLDER=str(folder), WEB_PORT="0", **settings)
        self.folder = folder
        self._patience = patience
        self.address = ""
        self.log = ""

    async def __aenter__(self) -> Bot:
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "run"),
            cwd=self.folder,
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        self._reading = asyncio.create_task(self._read_log())
        try:
            self.address = await self._read_address()
        except BaseException:
            await self.kill()
            raise
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()
        await self.kill()

    async def _read_address(self) -> str:
        assert self.process.stdout is not None
        async with asyncio.timeout(self._patience):
            line = (await self.process.stdout.readline()).decode()
        found = re.search(r"http://\S+?/", line)
        if found is None:
            await self._reading
            raise AssertionError(f"no address in {line!r}; the log: {self.log}")
        return found[0]

    async def _read_log(self) -> None:
        assert self.process.stderr is not None
        while line := await self.process.stderr.readline():
            self.log += line.decode()

    async def kill(self) -> None:
        """End it as the kernel would: at once, with no word."""
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGKILL)
        await self.process.wait()
        await self._reading

    async def stop(self) -> int:
        """Ask it to stop; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE_S):
            code = await self.process.wait()
        await self._reading
        return code

    async def act(self, **act: Any) -> tuple[int, dict[str, Any]]:
        """Do something as a window does; the status and what it was told."""
        body = {"by": ANA, "place": {"channel": "general"}, **act}
        async with self._session.post(f"{self.address}api/acts", json=body, headers=self._origin) as response:
            return response.status, await response.json()

    async def send(self, event_id: str, text: str, channel: str = "general") -> int:
        """Write a message; 200 means that it is stored."""
        status, _ = await self.act(act="send", event_id=event_id, text=text, place={"channel": channel})
        return status

    async def turns(self, channel: str = "general") -> list[dict[str, Any]]:
        """What a window that opens the channel is shown."""
        async with self._session.ws_connect(f"{self.address}api/events", headers=self._origin) as socket:
            await socket.send_str(json.dumps({"type": "hello", "by": ANA}))
            await socket.send_str(json.dumps({"type": "join", "place": {"channel": channel}}))
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    event = json.loads((await socket.receive()).data)
                    if "turns" in event:
                        return list(event["turns"])

    async def answers(self, channel: str = "general", count: int = 1) -> list[dict[str, Any]]:
        """The bot's turns of a channel, when so many have their last state."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                turns = [turn for turn in await self.turns(channel) if turn["bot"]]
                if len([turn for turn in turns if not turn["open"]]) >= count:
                    return turns
                await asyncio.sleep(0.1)

    async def until_shown(self, text: str, channel: str) -> None:
        """Wait until an answer that is still written has got this far."""
        async with asyncio.timeout(PATIENCE_S):
            while not any(text in "".join(turn["blocks"]) for turn in await self.turns(channel) if turn["bot"]):
                await asyncio.sleep(0.05)

    @property
    def _origin(self) -> dict[str, str]:
        return {"Origin": self.address.rstrip("/")}


def environment(**settings: str) -> dict[str, str]:
    """Only what a process needs, and the settings: nothing of the developer's own leaks in.

    Without a setting there is no painter: it would load in every bot, and few tests draw.
    """
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "IMAGE_MODEL": "none", **settings}
