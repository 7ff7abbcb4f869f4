"""Files of the data folder, as the core asks for them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from storage.folder import write_atomically


class DataFiles:
    """`bot.ports.Files` over a folder. The disk is met in threads, so that the event loop never waits for it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def keep(self, name: str, data: bytes) -> str:
        await asyncio.to_thread(write_atomically, self._folder / name, data)
        return name

    async def remove(self, paths: Sequence[str]) -> None:
        for path in paths:
            await asyncio.to_thread((self._folder / path).unlink, missing_ok=True)

    async def size(self) -> int:
        return await asyncio.to_thread(_size, self._folder)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
