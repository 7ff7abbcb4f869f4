"""A command of the bot run to its end: in a process of its own, or in the tests', which spares its start."""

from __future__ import annotations

import asyncio
import os
import pty
import sys
from collections.abc import Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from bot.__main__ import main
from bot.logs import set_up
from bot.settings import LogSettings
from tests.e2e.processes import environment
from tests.patience import PATIENCE_S


@dataclass(frozen=True, slots=True)
class Run:
    """What a command said, and its exit code."""

    code: int
    output: str
    error: str


async def ended(
    folder: Path, *arguments: str, typed: Sequence[str] = (), patience: float = PATIENCE_S, **settings: str
) -> Run:
    """Run `python -m bot ARGUMENTS` in a folder. What is `typed` answers its questions, one after the other."""
    ours, theirs = pty.openpty() if typed else (-1, asyncio.subprocess.DEVNULL)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *arguments),
        cwd=folder,
        env=_environment(folder, settings),
        stdin=theirs,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # Without a terminal of its own, a hidden question is asked on stdin and stderr.
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    async with asyncio.timeout(patience):
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


def ended_here(folder: Path, *arguments: str, **settings: str) -> Run:
    """The same in this process; `run` only in its main thread, where signals can be handled."""
    others = dict.fromkeys(os.environ)
    try:
        with chdir(folder):
            result = CliRunner().invoke(main, arguments, env=others | _environment(folder, settings))
    finally:
        # The command's own logs went to streams that are closed now.
        set_up(LogSettings(level="INFO", format="text"))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Run(result.exit_code, result.stdout, result.stderr)


def _environment(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    return environment(**{"DATA_FOLDER": str(folder / "data"), "WEB_PORT": "0"} | settings)
