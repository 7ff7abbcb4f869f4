"""Files of the data folder, as the core asks for them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from storage.folder import file_errors, write_atomically


class DataFiles:
    """`bot.ports.Files` over a folder. The disk is met in threads, so that the event loop never waits for it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def keep(self, name: str, data: bytes) -> str:
        await asyncio.to_thread(write_atomically, self._folder / name, data)
        return name

    async def read(self, path: str) -> bytes:
        return await asyncio.to_thread(_read, self._folder / path)

    async def remove(self, paths: Sequence[str]) -> None:
        await asyncio.to_thread(_remove, [self._folder / path for path in paths])

    async def size(self) -> int:
        return await asyncio.to_thread(_size, self._folder)


def _read(file: Path) -> bytes:
    with file_errors(file):
        return file.read_bytes()


def _remove(files: Sequence[Path]) -> None:
    for file in files:
        with file_errors(file):
            file.unlink(missing_ok=True)


def _size(folder: Path) -> int:
    with file_errors(folder):
        return sum(_size_of(file) for file in folder.rglob("*") if file.is_file())


def _size_of(file: Path) -> int:
    """A file may go while the folder is walked, as a database's log does."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
