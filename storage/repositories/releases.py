"""Releases and the runs that made them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Row, select

from bot.domain.releases import Release, ReleaseState, Run, RunState
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


def _fields_of(value: Release | Run) -> dict[str, Any]:
    """The value's fields, which are the table's columns too. (`asdict` would copy mappings that cannot be copied.)"""
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _release_of(row: Row[Any]) -> Release:
    return Release(**{**row._mapping, "state": ReleaseState(row.state)})


def _run_of(row: Row[Any]) -> Run:
    return Run(**{**row._mapping, "state": RunState(row.state)})
