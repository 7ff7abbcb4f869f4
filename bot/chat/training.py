"""Training runs: one at a time, recorded from start to verdict, and a passed candidate brought into service.

Who asks for a run (`/retrain`, a schedule, the command line) and how it is shown is left to the callers.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from bot.chat.serving import ServedReleases
from bot.domain.releases import Release, ReleaseState, Run, RunState
from bot.domain.training import (
    Collected,
    ExampleKind,
    TrainingEvent,
    TrainingMetric,
    TrainingOrder,
    TrainingProgress,
    TrainingReport,
)
from bot.errors import EngineLoading, InklingError, Refused, TrainingFailed
from bot.ports import Clock, Trainer, UnitOfWorkFactory
from bot.settings import LearningSettings

log = structlog.get_logger(__name__)

OnProgress = Callable[[TrainingProgress], None]

# Of each verdict, the fewest that can be told apart.
LEAST_OF_EACH = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: what was recorded, what it was trained on, and the report and release where it came so far."""

    run: Run
    collected: Collected
    report: TrainingReport | None = None
    release: Release | None = None


@dataclass(slots=True)
class CurrentRun:
    """The run under way in this process."""

    run: Run
    progress: TrainingProgress | None = None
    task: asyncio.Task[TrainingReport] | None = None
    stopped: bool = False
    points: list[TrainingMetric] = field(default_factory=list)


class Training:
    """Starts runs and knows the one under way in this process. `trainer` is None where none can work."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        trainer: Trainer | None,
        releases: ServedReleases,
        settings: LearningSettings,
        clock: Clock,
    ) -> None:
        self._units = units
        self.trainer = trainer
        self._releases = releases
        self._settings = settings
        self._clock = clock
        self.current: CurrentRun | None = None

    async def collect(self) -> Collected:
        """What a run would be given.

        Raises:
            Refused: no run is possible here.
        """
        if self.trainer is None:
            raise Refused("training.no_base")
        return await self.trainer.collect()

    def stop(self) -> bool:
        """Stop the run under way; whether there was one."""
        if self.current is None:
            return False
        self.current.stopped = True
        if self.current.task is not None:
            self.current.task.cancel()
        return True

    async def run(self, *, run_id: str, asked_by: str, recipe: str, on_progress: OnProgress) -> Outcome:
        """Collect, train, test, and bring a better candidate into service.

        Raises:
            Refused: a run is under way, or there is too little to learn from; the line says how much is missing.
            TrainingFailed: it could not go on; the run is recorded as failed.
        """
        if self.trainer is None:
            raise Refused("training.no_base")
        if not self._releases.base:
            raise EngineLoading
        if self.current is not None or self.trainer.is_running():
            raise Refused("training.busy")
        run = Run(run_id, asked_by, recipe, RunState.RUNNING, self._clock.now())
        # Taken before the first await, so that a second start finds it.
        self.current = CurrentRun(run)
        try:
            collected = await self.collect()
            self.check_enough(collected)
            run = replace(run, used=len(collected.examples), dropped=dict(collected.dropped))
            return await self._train(run, collected, on_progress)
        finally:
            self.current = None

    async def _train(self, run: Run, collected: Collected, on_progress: OnProgress) -> Outcome:
        assert self.current is not None
        await self._keep(run)
        if self.current.stopped:
            return Outcome(await self._end(run, RunState.STOPPED, ""), collected)
        parent = await self._in_service()
        order = TrainingOrder(
            run.id, run.recipe, collected, parent.weights if parent else None, seed=int(run.started_at.timestamp())
        )
        self.current.task = asyncio.create_task(self._follow(order, on_progress), name=f"train {run.id}")
        try:
            report = await self.current.task
        except asyncio.CancelledError:
            stopped = self.current.stopped
            await self._end_task()
            if not stopped:
                raise
            return Outcome(await self._end(run, RunState.STOPPED, ""), collected)
        except InklingError as error:
            log.error("training failed", run=run.id, error=type(error).__name__, detail=getattr(error, "detail", ""))
            await self._end(run, RunState.FAILED, getattr(error, "line", ""))
            raise
        return await self._conclude(run, collected, report, parent)

    async def _end_task(self) -> None:
        assert self.current is not None
        assert self.current.task is not None
        self.current.task.cancel()
        await asyncio.gather(self.current.task, return_exceptions=True)

    async def _follow(self, order: TrainingOrder, on_progress: OnProgress) -> TrainingReport:
        assert self.trainer is not None
        assert self.current is not None
        async with aclosing(self.trainer.train(order)) as events:
            async for event in events:
                if isinstance(event, TrainingReport):
                    await self._keep_points()
                    return event
                await self._note(event, on_progress)
        raise TrainingFailed

    async def _note(self, event: TrainingEvent, on_progress: OnProgress) -> None:
        assert self.current is not None
        if isinstance(event, TrainingMetric):
            self.current.points.append(event)
        elif isinstance(event, TrainingProgress):
            changed = self.current.progress is None or self.current.progress.stage is not event.stage
            self.current.progress = event
            on_progress(event)
            if changed:
                await self._keep_points()

    async def _keep_points(self) -> None:
        assert self.current is not None
        points, self.current.points = self.current.points, []
        if points:
            async with self._units() as uow:
                await uow.releases.put_metrics(self.current.run.id, points)

    async def _conclude(
        self, run: Run, collected: Collected, report: TrainingReport, parent: Release | None
    ) -> Outcome:
        base = self._releases.base
        release = Release(
            name=f"{base.partition('@')[0]}-{run.id.replace('-', '')[-6:]}@{report.fingerprint[:8]}",
            base=base,
            state=ReleaseState.REJECTED,
            created_at=self._clock.now(),
            weights=report.weights if report.passed else None,
            parent=parent.name if parent else base,
            fingerprint=report.data_fingerprint,
            scores={name: figure.value for name, figure in report.figures.items()},
        )
        if report.passed:
            release = replace(release, state=await self._releases.bring_in(release))
        else:
            async with self._units() as uow:
                await uow.releases.put(release)
        state = RunState.PROMOTED if report.passed else RunState.REJECTED
        ended = await self._end(run, state, ",".join(report.failed_gates), release.name)
        return Outcome(ended, collected, report, release)

    def check_enough(self, collected: Collected) -> None:
        """Whether one can learn and test from these.

        Raises:
            Refused: there are too few ratings, or too few of one kind; the line says how many are missing.
        """
        need, have = self._settings.least_ratings, collected.verdicts
        if have < need:
            raise Refused("training.too_few", have=have, need=need, missing=need - have)
        counts = Counter(example.good for example in collected.examples if example.kind is ExampleKind.VERDICT)
        if min(counts[True], counts[False]) < LEAST_OF_EACH:
            raise Refused("training.one_sided", good=counts[True], bad=counts[False], need=LEAST_OF_EACH)

    async def close_interrupted(self) -> None:
        """Record the runs that ended with their process as failed."""
        if self.trainer is None or self.trainer.is_running() or self.current is not None:
            return
        async with self._units() as uow:
            for run in await uow.releases.runs():
                if run.state is RunState.RUNNING:
                    ended = replace(run, state=RunState.FAILED, verdict="training.interrupted")
                    await uow.releases.put_run(replace(ended, finished_at=self._clock.now()))

    async def last_begun(self) -> datetime:
        """When the latest run began; long ago when there was none."""
        async with self._units.reading() as uow:
            runs = await uow.releases.runs(limit=1)
        return runs[0].started_at if runs else self._clock.now() - timedelta(days=36_500)

    async def _in_service(self) -> Release | None:
        """The trained release in service, which a candidate has to beat; None: the base model."""
        async with self._units.reading() as uow:
            releases = await uow.releases.all()
        base = self._releases.base
        return next(
            (row for row in releases if row.weights and row.base == base and row.state is ReleaseState.ACTIVE), None
        )

    async def _end(self, run: Run, state: RunState, verdict: str, release: str | None = None) -> Run:
        ended = replace(run, state=state, verdict=verdict, finished_at=self._clock.now(), release=release)
        await self._keep(ended)
        log.info("training ended", run=run.id, state=state, verdict=verdict, release=release)
        return ended

    async def _keep(self, run: Run) -> None:
        async with self._units() as uow:
            await uow.releases.put_run(run)
