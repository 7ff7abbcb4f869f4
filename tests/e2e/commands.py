"""A command of the bot run to its end, from a script or by somebody at a terminal."""

from __future__ import annotations

import asyncio
import os
import pty
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.processes import environment


@dataclass(frozen=True, slots=True)
class Run:
    """What a command said, and its exit code."""

    code: int
    output: str
    error: str


async def ended(folder: Path, *arguments: str, typed: Sequence[str] = (), **settings: str) -> Run:
    """Run `python -m bot ARGUMENTS` in a folder. What is `typed` answers its questions, one after the other."""
    ours, theirs = pty.openpty() if typed else (-1, asyncio.subprocess.DEVNULL)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *arguments),
        cwd=folder,
        env=environment(**{"DATA_FOLDER": str(folder / "data"), "WEB_PORT": "0"} | settings),
        stdin=theirs,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # Without a terminal of its own, a hidden question is asked on stdin and stderr.
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    async with asyncio.timeout(60):
        asked = b""
        for line in typed:
            asked += await process.stderr.readuntil(b"): ")
            os.write(ours, f"{line}\n".encode())
        output, error = await process.communicate()
    if typed:
        os.close(ours)
        os.close(theirs)
    assert process.returncode is not None
    return Run(process.returncode, output.decode(), (asked + error).decode())
