"""Choices of people and places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Row, bindparam, delete, select

from bot.domain.preferences import Preference, PreferenceName
from storage import tables
from storage.columns import Key
from storage.prepared import Prepared, Query
from storage.transaction import Transaction


class SqlPreferences:
    """`bot.ports.Preferences`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def put(self, preference: Preference) -> None:
        await self._transaction.upsert(tables.preference, asdict(preference))

    async def get(self, owner: str, name: PreferenceName) -> Preference | None:
        table = tables.preference
        rows = await self._transaction.execute(select(table).where(table.c.owner == owner, table.c.name == name))
        row = rows.one_or_none()
        return None if row is None else _preference(row)

    async def of_name(self, name: PreferenceName) -> Sequence[Preference]:
        table = tables.preference
        rows = await self._transaction.execute(select(table).where(table.c.name == name).order_by(table.c.owner))
        return [_preference(row) for row in rows.all()]

    async def of_owners(self, *owners: str) -> Sequence[Preference]:
        return [choice_of(*row) for row in await self._transaction.fetch(*choices_of(owners))]

    async def remove(self, owner: str, name: PreferenceName) -> None:
        table = tables.preference
        await self._transaction.execute(delete(table).where(table.c.owner == owner, table.c.name == name))


def choices_of(owners: Sequence[str]) -> Query:
    """The query for all choices of these owners; its rows are `choice_of`'s."""
    return _of_owners(len(owners)), {f"owner_{number}": owner for number, owner in enumerate(owners)}


def choice_of(owner: str, name: str, value: str, set_by: str, set_at: datetime) -> Preference:
    """The choice of a row."""
    return Preference(owner, PreferenceName(name), value, set_by, set_at)


@cache
def _of_owners(count: int) -> Prepared:
    """Asked for every message, of one or two owners. A list in one parameter is beyond a prepared statement."""
    table = tables.preference
    owners = [bindparam(f"owner_{number}", type_=Key()) for number in range(count)]
    columns = (table.c.owner, table.c.name, table.c.value, table.c.set_by, table.c.set_at)
    return Prepared(select(*columns).where(table.c.owner.in_(owners)).order_by(table.c.owner, table.c.name))


def _preference(row: Row[Any]) -> Preference:
    return Preference(row.owner, PreferenceName(row.name), row.value, row.set_by, row.set_at)
