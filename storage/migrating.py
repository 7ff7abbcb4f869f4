"""Brings a database to this program's schema, by the revisions in `storage/migrations/versions`.

An older database is upgraded in one transaction, SQLite's after a copy of the file was put beside it. A newer one is
left as it is. Everything here blocks; `Database.open` calls it in a thread.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
from contextlib import closing
from functools import cache
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, text

from bot.errors import StorageError
from storage import engines
from storage.failures import database_errors

log = structlog.get_logger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"


def name_of(url: URL) -> str:
    """A database for a log or a terminal; no user and no password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return f"PostgreSQL {url.host or 'localhost'}:{url.port or 5432}/{url.database or ''}"


def alembic_config() -> Config:
    """Alembic's configuration: where the revisions are."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def migrate(url: URL, target: str = "head") -> None:
    """Bring the database to the target revision; one that is there already is not changed.

    Raises:
        StorageError: it is newer than this program, or cannot be used; it is then as it was.
    """
    with database_errors(name_of(url)):
        if url.get_backend_name() == "sqlite":
            _migrate_file(url, target)
        else:
            asyncio.run(_migrate_server(url, target))


def _migrate_file(url: URL, target: str) -> None:
    engine = engines.migrating_file_engine(url)
    try:
        with engine.begin() as connection:
            _upgrade(connection, url, target)
    finally:
        engine.dispose()


async def _migrate_server(url: URL, target: str) -> None:
    engine = engines.writing_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade, url, target)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, url: URL, target: str) -> None:
    script = _revisions(MIGRATIONS)
    head = script.get_current_head()
    current = MigrationContext.configure(connection).get_current_revision()
    if current == head:
        return
    if current is not None:
        if current not in {revision.revision for revision in script.walk_revisions()}:
            raise StorageError(
                f"{name_of(url)} was written by a newer Inkling (schema {current}; this one knows {head}). "
                "Update the program, or put the backup from before the update in its place. Nothing was changed."
            )
        if connection.dialect.name == "sqlite":
            _back_up(Path(url.database or ""), current)
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, target)
    _check_references(connection)
    log.info("schema brought up to date", database=name_of(url), before=current, now=head)


@cache
def _revisions(folder: Path) -> ScriptDirectory:
    """The revisions that stand in a folder, which a running program does not change."""
    return ScriptDirectory(str(folder))


def _check_references(connection: Connection) -> None:
    """SQLite does not watch foreign keys during a migration, so they are checked before it is committed."""
    if connection.dialect.name != "sqlite":
        return
    broken = connection.execute(text("PRAGMA foreign_key_check")).first()
    if broken is not None:
        raise StorageError(
            f"The upgrade would leave a row of {broken[0]} without its {broken[2]}; nothing was changed."
        )


def _back_up(file: Path, revision: str) -> None:
    """Copy a database, log included, to a file beside it that bears its revision."""
    handle, unfinished = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    os.close(handle)
    try:
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(unfinished)) as copy:
            source.backup(copy)
        os.replace(unfinished, file.with_name(f"{file.name}.{revision}.backup"))
    finally:
        Path(unfinished).unlink(missing_ok=True)


def delete_backups(file: Path) -> None:
    """Delete the copies that earlier upgrades left beside a database."""
    for backup in file.parent.glob(f"{file.name}.*.backup"):
        backup.unlink()
