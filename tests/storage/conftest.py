"""Databases for the suite: SQLite files, or PostgreSQL databases where TEST_DATABASE_URL names a server.

The user of that address may create databases. Each test has a database of its own, copied from one that was migrated
once.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from storage.database import Database, sqlite_url
from storage.engines import read_url
from storage.migrating import migrate
from storage.unit_of_work import SqlUnitOfWorkFactory

SERVER = os.environ.get("TEST_DATABASE_URL", "")


async def on_server(statement: str) -> None:
    """Run a statement on the server, outside a transaction."""
    engine = create_async_engine(read_url(SERVER), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


def address_of(name: str) -> str:
    """The address of the server's database of this name."""
    return make_url(SERVER).set(database=name).render_as_string(hide_password=False)


def make_database(folder: Path, template: str | None = None) -> str:
    """The address of a new database: empty, or a copy of the one at this address."""
    if not SERVER:
        folder.mkdir(exist_ok=True)
        if template is not None:
            shutil.copy(make_url(template).database or "", folder / "inkling.db")
        return sqlite_url(folder)
    name = f"inkling_test_{uuid4().hex}"
    copied = f' TEMPLATE "{make_url(template).database}"' if template is not None else ""
    asyncio.run(on_server(f'CREATE DATABASE "{name}"{copied}'))
    return address_of(name)


def drop_database(url: str) -> None:
    """Drop a server's database; a file goes with its folder."""
    if SERVER:
        asyncio.run(on_server(f'DROP DATABASE "{make_url(url).database}" WITH (FORCE)'))


@pytest.fixture(scope="session")
def migrated_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a database that is up to date and empty; to be copied, not used."""
    url = make_database(tmp_path_factory.mktemp("template"))
    migrate(read_url(url))
    yield url
    drop_database(url)


@pytest.fixture
def empty_url(tmp_path: Path) -> Iterator[str]:
    """The address of a database without any table."""
    url = make_database(tmp_path / "data")
    yield url
    drop_database(url)


@pytest.fixture
def url(tmp_path: Path, migrated_url: str) -> Iterator[str]:
    """The address of a database that is up to date and empty."""
    url = make_database(tmp_path / "data", migrated_url)
    yield url
    drop_database(url)


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """An open database."""
    database = Database(url)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def units(database: Database) -> SqlUnitOfWorkFactory:
    """Units of work on the open database."""
    return SqlUnitOfWorkFactory(database)


@pytest.fixture
async def sqlite_database(tmp_path: Path) -> AsyncIterator[Database]:
    """An open SQLite database in `tmp_path / "data"`, whatever the suite runs on."""
    database = Database(sqlite_url(tmp_path / "data"))
    await database.open()
    yield database
    await database.close()
