"""The channels and threads at the left: those that were made here, and those where the bot was spoken to.

A channel is its name. One that nobody spoke in yet is known to nobody but this file; the rest is read from the core.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bot.chat.reading import Reading
from bot.domain.places import Person, Place, Platform, owning_place
from bot.errors import Refused, StorageError

WORKSPACE = "local"
DEFAULTS = ("general", "writing", "random")
NAME_LIMIT = 40
# Places at the left; older talk is a search away, not a scroll.
LISTED = 100
_TITLE_LIMIT = 60


def place_of(channel: str, thread: str = "") -> Place:
    """The place of a channel or of a thread in it."""
    return owning_place(Platform.WEB, WORKSPACE, channel, thread=thread)


def link_to(place: Place, turn_id: str) -> str:
    """The page's address of a message, without the host: people reach the page by different names."""
    return f"/#/{quote(place.channel)}/{place.thread}/{turn_id}"


def channel_name(wanted: str) -> str:
    """A name as channels are called: lower case, letters and digits of any script, hyphens between.

    Raises:
        Refused: nothing is left of it, or it is too long.
    """
    words = "".join(mark if mark.isalnum() or mark == "_" else " " for mark in wanted.lower()).split()
    name = "-".join(words)
    if not name or len(name) > NAME_LIMIT:
        raise Refused("error.channel_name")
    return name


class Channels:
    """The names of channels, kept in a file of the data folder."""

    def __init__(self, data_folder: Path) -> None:
        self._file = data_folder / "web" / "channels.json"
        self._made: list[str] = []

    async def load(self) -> None:
        """Read the file, if there is one.

        Raises:
            StorageError: it is there and cannot be read.
        """
        self._made = await asyncio.to_thread(self._read)

    async def make(self, wanted: str) -> str:
        """Make a channel, or find the one of that name; its name.

        Raises:
            Refused: this is no name.
            StorageError: it cannot be kept.
        """
        name = channel_name(wanted)
        if name not in (*DEFAULTS, *self._made):
            made = [*self._made, name]
            await asyncio.to_thread(self._write, made)
            self._made = made
        return name

    async def listing(self, reading: Reading, viewer: Person) -> list[dict[str, Any]]:
        """What stands at the left for one person: channels in the order they were made, threads latest first."""
        places = list(await reading.places(Platform.WEB))[:LISTED]
        spoken_in = [place.channel for place in places]
        names = dict.fromkeys((*DEFAULTS, *self._made, *reversed(spoken_in)))
        whole = [place_of(name) for name in names] + [place for place in places if place.thread]
        return [await _entry(place, reading, viewer) for place in whole]

    def _read(self) -> list[str]:
        try:
            names = json.loads(self._file.read_text("utf-8"))
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            raise StorageError(f"{self._file} cannot be read: {error}. Repair or delete it.") from error
        return [str(name) for name in names]

    def _write(self, names: Sequence[str]) -> None:
        unfinished = self._file.with_suffix(".tmp")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            unfinished.write_text(json.dumps(names, ensure_ascii=False), "utf-8")
            unfinished.replace(self._file)
        except OSError as error:
            raise StorageError(f"{self._file} cannot be written: {error.strerror}") from error


async def _entry(place: Place, reading: Reading, viewer: Person) -> dict[str, Any]:
    latest = await reading.turns(place, viewer, limit=1)
    entry = {"channel": place.channel, "thread": place.thread, "latest": latest[-1].turn.id if latest else ""}
    if place.thread:
        root = await reading.view(place.thread, viewer)
        entry["title"] = " ".join(root.turn.text[: _TITLE_LIMIT * 2].split())[:_TITLE_LIMIT] if root else ""
    return entry
