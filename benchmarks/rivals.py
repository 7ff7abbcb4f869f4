"""The other sides of a comparison, each in a process of its own: one JSON object a line in, one a line out.

A side waits without work while another one is measured, and has its own interpreter, so that it may bring libraries
that this project does not use.
"""

from __future__ import annotations

import asyncio
import json
import os
from asyncio.subprocess import PIPE
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# As our worker has it (`bot.engine.process`): on a busy machine it is worth more than any batching.
_SPINS = {"GOMP_SPINCOUNT": "5000"}


class RivalLost(Exception):
    """The process ended; the text is the last that it said."""


class Rival:
    """A running process that generates with another library."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    @classmethod
    async def start(
        cls, python: str, module: str, *arguments: str, log: Path, more: Mapping[str, str] | None = None
    ) -> Rival:
        """Start a module of this package, with `more` in its environment. What it prints goes to the log."""
        surroundings = {**_SPINS, **os.environ, **(more or {})}
        with log.open("w") as file:
            process = await asyncio.create_subprocess_exec(
                python, "-m", module, *arguments, stdin=PIPE, stdout=PIPE, stderr=file, env=surroundings
            )
        return cls(process, log)

    async def ask(self, **question: Any) -> Any:
        """Ask, and wait for the answer as long as it takes.

        Raises:
            RivalLost: the process ended instead.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            await self._process.stdin.drain()
            line = await self._process.stdout.readline()
        except ConnectionError:
            line = b""
        if not line:
            raise RivalLost(await self._last_words())
        return json.loads(line)

    async def generate(self, how: str, prompts: Sequence[Sequence[int]], new_tokens: int) -> float:
        """Answer the prompts: new tokens a second."""
        answer = await self.ask(do=how, prompts=prompts, new_tokens=new_tokens)
        assert answer["tokens"] == len(prompts) * new_tokens, f"{how} stopped early"
        return float(answer["tokens"] / answer["seconds"])

    async def close(self) -> None:
        """End the process by ending its input, and wait for it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), 10)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _last_words(self) -> str:
        code = await self._process.wait()
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"ended with code {code}"
