"""The schema's history: from every revision to the newest, with rows in every table, on the database of the suite."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Boolean, Column, Connection, Date, DateTime, Integer, MetaData, Table, Text, func, insert, select
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.types import Float

from bot.errors import StorageError
from storage import migrating
from storage.database import Database, sqlite_url
from storage.engines import read_url
from storage.migrating import alembic_config, migrate
from storage.tables import metadata
from storage.unit_of_work import SqlUnitOfWorkFactory
from tests.storage.builders import later, stored_exchange, verdict

REVISIONS = [each.revision for each in reversed(list(ScriptDirectory.from_config(alembic_config()).walk_revisions()))]
VERSIONS = "alembic_version"
T = TypeVar("T")


def on_database(url: str, act: Callable[[Connection], T]) -> T:
    """What the act finds out on the database, in a transaction of its own."""

    async def run() -> T:
        engine = create_async_engine(read_url(url))
        async with engine.begin() as connection:
            result = await connection.run_sync(act)
        await engine.dispose()
        return result

    return asyncio.run(run())


def tables_of(connection: Connection) -> list[Table]:
    """The tables as they are, without Alembic's own."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != VERSIONS]


def value_for(column: Column[Any]) -> object:
    """A value of the column's type. Every text is the same, so that every reference finds its row."""
    values = {Boolean: True, Date: date(2026, 3, 1), DateTime: datetime(2026, 3, 1), Integer: 1, Float: 0.5, Text: "1"}
    return next(value for kind, value in values.items() if isinstance(column.type, kind))


def fill(connection: Connection) -> None:
    """Put a row into every table."""
    for table in tables_of(connection):
        connection.execute(insert(table).values({column.name: value_for(column) for column in table.columns}))


def count_rows(connection: Connection) -> dict[str, int]:
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in tables_of(connection)
    }


def differences(connection: Connection) -> list[Any]:
    """What Alembic would change to make the database what `storage.tables` says."""
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


@pytest.mark.parametrize("revision", ["base", *REVISIONS])
def test_every_revision_leads_to_the_tables_and_keeps_their_rows(revision: str, empty_url: str) -> None:
    migrate(read_url(empty_url), revision)
    on_database(empty_url, fill)
    before = on_database(empty_url, count_rows)

    migrate(read_url(empty_url))

    after = on_database(empty_url, count_rows)
    assert {name: rows for name, rows in after.items() if name in before} == before
    assert on_database(empty_url, differences) == []


def test_migrating_twice_changes_nothing(empty_url: str) -> None:
    def schema(connection: Connection) -> list[str]:
        return [repr(table) for table in tables_of(connection)]

    migrate(read_url(empty_url))
    once = on_database(empty_url, schema)
    migrate(read_url(empty_url))
    assert on_database(empty_url, schema) == once


async def test_two_programs_that_start_at_once_make_one_schema(empty_url: str) -> None:
    databases = [Database(empty_url) for _ in range(3)]
    await asyncio.gather(*(database.open() for database in databases))
    async with SqlUnitOfWorkFactory(databases[0]).reading() as uow:
        assert (await uow.statistics.totals()).turns == 0
    for database in databases:
        await database.close()


@pytest.fixture
def next_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes a program of tomorrow, which has one more revision with this body."""

    def add(body: str) -> None:
        tomorrow = tmp_path / "migrations"
        shutil.copytree(migrating.MIGRATIONS, tomorrow)
        (tomorrow / "versions" / "9000_tomorrow.py").write_text(
            f'import sqlalchemy as sa\nfrom alembic import op\nrevision = "9000"\ndown_revision = "{REVISIONS[-1]}"\n'
            f"def upgrade():\n{body}"
        )
        monkeypatch.setattr(migrating, "MIGRATIONS", tomorrow)

    return add


async def old_database(data: Path) -> None:
    """A data folder as today's program leaves it, with a rated answer."""
    database = Database(sqlite_url(data))
    await database.open()
    units = SqlUnitOfWorkFactory(database)
    _, answered = await stored_exchange(units)
    async with units() as uow:
        await uow.ratings.put(verdict(answered))
    await database.close()


async def test_an_older_file_is_copied_before_it_is_upgraded(
    tmp_path: Path, next_revision: Callable[[str], None]
) -> None:
    data = tmp_path / "data"
    await old_database(data)
    next_revision('    op.add_column("turn", sa.Column("mood", sa.Text()))\n')

    database = Database(sqlite_url(data))
    await database.open()
    await database.close()

    with closing(sqlite3.connect(data / f"inkling.db.{REVISIONS[-1]}.backup")) as backup:
        assert backup.execute("SELECT version_num FROM alembic_version").fetchall() == [(REVISIONS[-1],)]
        assert backup.execute("SELECT count(*) FROM turn").fetchone() == (2,)
    with closing(sqlite3.connect(data / "inkling.db")) as upgraded:
        assert upgraded.execute("SELECT version_num FROM alembic_version").fetchall() == [("9000",)]
        assert upgraded.execute("SELECT mood FROM turn").fetchall() == [(None,), (None,)]


async def test_replacing_a_table_keeps_what_refers_to_it(tmp_path: Path, next_revision: Callable[[str], None]) -> None:
    """SQLite changes a column by dropping the table, which would take its ratings along by their foreign key."""
    data = tmp_path / "data"
    await old_database(data)
    next_revision(
        '    with op.batch_alter_table("turn") as turn:\n        turn.alter_column("author", nullable=True)\n'
    )

    database = Database(sqlite_url(data))
    await database.open()
    async with SqlUnitOfWorkFactory(database).reading() as uow:
        totals = await uow.statistics.totals()
    await database.close()

    assert (totals.turns, totals.ratings) == (2, 1)


@pytest.mark.parametrize(
    "fault",
    [
        '    op.add_column("turn", sa.Column("mood", sa.Text()))\n    op.drop_table("no_such_table")\n',
        "    op.execute(\"DELETE FROM turn WHERE role = 'assistant'\")\n",
    ],
    ids=["fails in the middle", "leaves a rating without its turn"],
)
async def test_an_upgrade_that_fails_leaves_the_database_as_it_was(
    fault: str, tmp_path: Path, next_revision: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    await old_database(data)
    next_revision(fault)

    database = Database(sqlite_url(data))
    with pytest.raises(StorageError):
        await database.open()
    await database.close()

    monkeypatch.undo()
    database = Database(sqlite_url(data))
    await database.open()
    async with SqlUnitOfWorkFactory(database)() as uow:
        assert (await uow.erasure.expire(later(1))).turns == 2
    await database.close()
