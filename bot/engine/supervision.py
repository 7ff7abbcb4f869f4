"""Keeps a worker process alive: starts it, passes on what it says, and starts the next one when it died.

A worker that says itself that it cannot load is not started again, nor is one that died three times in a row before it
was ready. What becomes of the requests is the business of whoever keeps it (`Keeper`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from bot.domain.generation import Download, EngineState
from bot.engine.hub import progress_line
from bot.engine.process import WorkerProcess
from bot.engine.wire import Message

log = structlog.get_logger(__name__)

_DEATHS_BEFORE_READY = 3
_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class Keeper:
    """Whom a worker works for, as the functions that are called.

    `arguments` gives those of the next worker, and `hear` takes what it says. `lose` is called at the moment when it is
    gone, and `sort_out` once it is known how it ended, to decide what becomes of what it was at: it returns whether the
    death is put down to something that the next worker does without, so that it is no reason to give up. `stop` is
    called, with a sentence for the operator, when there will be no worker any more.
    """

    arguments: Callable[[], Sequence[str]]
    hear: Callable[[Message], None]
    lose: Callable[[], None]
    sort_out: Callable[[str], bool]
    stop: Callable[[str], None]


class Supervisor:
    """One worker after another. `state`, `detail` and `download` are what health tells of them.

    Args:
        name: whose process it is: "engine", "painter".
        module: what the process runs.
        remedy: a sentence for the operator of workers that die while they load.
    """

    def __init__(self, name: str, module: str, keeper: Keeper, *, remedy: str) -> None:
        self.state = EngineState.LOADING
        self.detail = ""
        self.download: Download | None = None
        self._name = name
        self._module = module
        self._keeper = keeper
        self._remedy = remedy
        self._worker: WorkerProcess | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The worker's process number while there is one."""
        return None if self._worker is None else self._worker.pid

    def start(self, after: Callable[[], Awaitable[None]] | None = None) -> None:
        """Begin, once `after` is over where it is given, and return at once."""
        self._task = asyncio.create_task(self._supervise(after), name=f"{self._name} supervisor")
        self._task.add_done_callback(self._on_end)

    async def close(self) -> None:
        """See the worker off."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._stop(f"The {self._name} is closed.")

    def send(self, kind: str, **fields: object) -> None:
        """Send a message to the worker; without one it is lost, as `Keeper.lose` told."""
        if self._worker is not None:
            self._worker.send({"kind": kind, **fields})

    def downloading(self, model: str, download: Download) -> None:
        """The worker is fetching its model; every tenth of it is worth a line in the log."""
        before = -1 if self.download is None else self.download.percent
        self.download, self.detail = download, progress_line(model, download)
        if before // 10 != download.percent // 10:
            log.info(f"{self._name}.downloading", model=model, percent=download.percent, bytes=download.done)

    def ready(self, detail: str) -> None:
        """The worker has loaded."""
        self.state, self.detail, self.download = EngineState.READY, detail, None

    def fail(self, detail: str) -> None:
        """There is no use in another worker; `detail` says why, for the operator."""
        log.error(f"{self._name}.failed", detail=detail)
        self._stop(detail)

    def _stop(self, detail: str) -> None:
        self.state, self.detail, self.download = EngineState.FAILED, detail, None
        self._keeper.stop(detail)

    async def _supervise(self, after: Callable[[], Awaitable[None]] | None) -> None:
        if after is not None:
            await after()
        deaths = 0
        while True:
            end, was_ready = await self._live_with_a_worker()
            if self.state is EngineState.FAILED:
                return
            self.detail = f"The {self._name}'s process {end}; a new one is being started."
            is_excused = self._keeper.sort_out(end)
            deaths = 0 if was_ready or is_excused else deaths + 1
            if deaths == _DEATHS_BEFORE_READY:
                self.fail(f"The {self._name}'s process {end} {deaths} times in a row while it loaded. {self._remedy}")
                return
            await asyncio.sleep(_PAUSE_S * deaths)

    async def _live_with_a_worker(self) -> tuple[str, bool]:
        """Run one worker to its end: how it ended, and whether it had been ready."""
        try:
            self._worker = worker = await WorkerProcess.start(self._module, self._keeper.arguments())
        except OSError as error:
            return f"could not be started ({error.strerror})", False
        try:
            async for message in worker.messages():
                self._keeper.hear(message)
        finally:
            self._worker = None
            was_ready = self.state is EngineState.READY
            if self.state is not EngineState.FAILED:
                self.state = EngineState.RESTARTING
                self._keeper.lose()
            end = await worker.end()
        log.warning(f"{self._name}.worker_ended", pid=worker.pid, end=end)
        return end, was_ready

    def _on_end(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            log.error(f"{self._name}.supervisor_failed", error=type(error).__name__, exc_info=error)
            self.fail(f"The {self._name}'s supervision failed ({type(error).__name__}).")
