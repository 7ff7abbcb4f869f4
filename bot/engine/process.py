"""A worker process as the event loop sees it: start it, send to it, hear from it, notice its end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from bot.engine.wire import Message, frame, read_frame

_SOURCE = Path(__file__).parents[2]
_GOODBYE_S = 5.0
# How long OpenMP's threads spin at a barrier before they sleep. By default it is milliseconds, and a thread that others
# pushed off its core cannot come back before those are over; the cores are shared with the bot, and with trainings.
_SPINS = "5000"


class WorkerProcess:
    """One running worker. Its death ends `messages` at once, because the pipe closes with the process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, module: str, arguments: Sequence[str]) -> WorkerProcess:
        """Start `python -m module arguments...` with pipes for frames. It logs to our standard error.

        Raises:
            OSError: no process could be started.
        """
        path = os.pathsep.join(part for part in (str(_SOURCE), os.environ.get("PYTHONPATH", "")) if part)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={"GOMP_SPINCOUNT": _SPINS, **os.environ, "PYTHONPATH": path},
            # Ctrl-C in a terminal goes to the whole group; the bot closes its worker itself.
            start_new_session=True,
        )
        return cls(process)

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def send(self, message: Message) -> None:
        """Send a message; to a worker that just died it is lost, as `messages` will tell."""
        pipe = self._process.stdin
        if pipe is not None and not pipe.is_closing():
            pipe.write(frame(message))

    async def messages(self) -> AsyncIterator[Message]:
        """What the worker says, until it is gone."""
        pipe = self._process.stdout
        while pipe is not None and (message := await read_frame(pipe)) is not None:
            yield message

    async def end(self) -> str:
        """See the worker off, by force when it does not end by itself. How it ended, in words."""
        pipe = self._process.stdin
        if pipe is not None:
            pipe.close()
        try:
            async with asyncio.timeout(_GOODBYE_S):
                code = await self._process.wait()
        except TimeoutError:
            self._process.kill()
            code = await self._process.wait()
        return _in_words(code)


def _in_words(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    hint = " (the system may have run out of memory)" if code == -signal.SIGKILL else ""
    return f"was ended by {signal.Signals(-code).name}{hint}"
