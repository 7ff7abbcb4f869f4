"""Releases and the runs that made them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Row, select

from bot.domain.releases import Release, ReleaseState, Run, RunState
from bot.domain.training import TrainingMetric
from storage import tables
from storage.transaction import Transaction


class SqlReleases:
    """`bot.ports.Releases`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def put(self, release: Release) -> None:
        values = {**_fields_of(release), "scores": dict(release.scores)}
        await self._transaction.upsert(tables.release, values)

    async def all(self) -> Sequence[Release]:
        table = tables.release
        rows = await self._transaction.execute(select(table).order_by(table.c.created_at.desc(), table.c.name.desc()))
        return [_release_of(row) for row in rows]

    async def put_run(self, run: Run) -> None:
        values = {**_fields_of(run), "dropped": dict(run.dropped)}
        await self._transaction.upsert(tables.run, values)

    async def runs(self, *, limit: int = 20) -> Sequence[Run]:
        table = tables.run
        rows = await self._transaction.execute(select(table).order_by(table.c.id.desc()).limit(limit))
        return [_run_of(row) for row in rows]

    async def put_metrics(self, run_id: str, metrics: Sequence[TrainingMetric]) -> None:
        # What is no number (a loss that ran away) is no point of a curve, and SQLite would take it for nothing at all.
        finite = [each for each in metrics if math.isfinite(each.value)]
        if not finite:
            return
        table = tables.run_metric
        point = self._transaction.insert(table)
        replaced = point.on_conflict_do_update(
            index_elements=[table.c.run_id, table.c.name, table.c.step], set_={"value": point.excluded.value}
        )
        rows = [{"run_id": run_id, "name": each.name, "step": each.step, "value": each.value} for each in finite]
        await self._transaction.execute(replaced, rows)

    async def metrics(self, run_id: str) -> Sequence[TrainingMetric]:
        table = tables.run_metric
        rows = await self._transaction.execute(
            select(table.c.name, table.c.step, table.c.value)
            .where(table.c.run_id == run_id)
            .order_by(table.c.name, table.c.step)
        )
        return [TrainingMetric(row.name, row.step, row.value) for row in rows]


def _fields_of(value: Release | Run) -> dict[str, Any]:
    """The value's fields, which are the table's columns too. (`asdict` would copy mappings that cannot be copied.)"""
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _release_of(row: Row[Any]) -> Release:
    return Release(**{**row._mapping, "state": ReleaseState(row.state)})


def _run_of(row: Row[Any]) -> Run:
    return Run(**{**row._mapping, "state": RunState(row.state)})
