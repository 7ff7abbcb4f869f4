"""Pipes and files as streams of lines, without threads and without blocking the event loop.

A pipe is waited for by the loop; a regular file, for which a loop cannot wait and need not, is used at once.
"""

from __future__ import annotations

import asyncio
import os
import select
from collections.abc import AsyncIterator, Callable

LONGEST_LINE = 1_048_576
_CHUNK = 65_536


async def lines(descriptor: int) -> AsyncIterator[bytes | None]:
    """The lines of a descriptor without their ends; None for one longer than a mebibyte, which is skipped."""
    kept, skipping = bytearray(), False
    while True:
        await _until_ready(descriptor, writing=False)
        chunk = os.read(descriptor, _CHUNK)
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            line = bytes(kept) + piece
            kept.clear()
            yield None if skipping or len(line) > LONGEST_LINE else line.removesuffix(b"\r")
            skipping = False
        kept += rest
        if len(kept) > LONGEST_LINE:
            kept.clear()
            skipping = True
        if not chunk:
            break
    if skipping or kept:
        yield None if skipping else bytes(kept).removesuffix(b"\r")


async def write(descriptor: int, text: str) -> None:
    """Write all of a text as UTF-8.

    Raises:
        BrokenPipeError: nobody reads any longer.
    """
    data = memoryview(text.encode("utf-8", "replace"))
    while data:
        await _until_ready(descriptor, writing=True)
        # So much a pipe that is ready takes without blocking (pipe(7)).
        written = os.write(descriptor, data[: select.PIPE_BUF])
        data = data[written:]


async def _until_ready(descriptor: int, *, writing: bool) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    add: Callable[..., None] = loop.add_writer if writing else loop.add_reader
    try:
        add(descriptor, _settle, ready)
    except PermissionError:
        # A regular file, or /dev/null: always ready.
        await asyncio.sleep(0)
        return
    try:
        await ready
    finally:
        (loop.remove_writer if writing else loop.remove_reader)(descriptor)


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
