"""Doing a thing once for its key: a mention and its twin, or an event and its repeat, often come at the same moment.

What is done once for all time is the core's matter, by the event's identity; this spares it the second look.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any

_REMEMBERED = 10_000


class Once:
    """Keys that were done lately, and those being done."""

    def __init__(self) -> None:
        self._done: OrderedDict[str, None] = OrderedDict()
        self._doing: dict[str, asyncio.Task[None]] = {}

    async def do(self, key: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do the work of a key unless it was done; whoever comes meanwhile waits for it, and shares its error."""
        if key in self._done:
            return
        doing = self._doing.get(key)
        if doing is None:
            doing = self._doing[key] = asyncio.create_task(work(), name=f"take {key}")
            doing.add_done_callback(lambda task: self._ended(key, task))
        await asyncio.shield(doing)

    def _ended(self, key: str, task: asyncio.Task[None]) -> None:
        del self._doing[key]
        if not task.cancelled() and task.exception() is None:
            self._done[key] = None
            if len(self._done) > _REMEMBERED:
                self._done.popitem(last=False)
