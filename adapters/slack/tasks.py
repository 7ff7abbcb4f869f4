"""Tasks of our own: kept from being collected, their failures logged, ended in order. Bolt keeps none."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from bot.errors import InklingError

log = structlog.get_logger(__name__)


class Tasks:
    """What runs beside the listeners."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run something by itself."""
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    async def close(self) -> None:
        """Cancel what still runs."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, InklingError):
            log.warning("task failed", task=task.get_name(), error=str(error))
        elif error is not None:
            log.error("task failed", task=task.get_name(), exc_info=error)
