"""Databases that cannot be used, each with its sentence. SQLite's are files with real faults."""

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from glob import glob
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import event, text
from sqlalchemy.pool import Pool

from bot.errors import DatabaseLocked, DiskFull, SettingsError, StorageError
from storage import engines, folder
from storage.database import Database, sqlite_url
from storage.failures import as_storage_error
from storage.unit_of_work import SqlUnitOfWorkFactory
from tests.storage.builders import LIN, later, stored_exchange


async def fail_to_open(url: str) -> StorageError:
    """The error of a database that cannot be opened."""
    database = Database(url)
    with pytest.raises(StorageError) as caught:
        await database.open()
    await database.close()
    return caught.value


async def make(data: Path) -> Path:
    """A data folder with an up-to-date database that holds one exchange; its file."""
    database = Database(sqlite_url(data))
    await database.open()
    await stored_exchange(SqlUnitOfWorkFactory(database))
    await database.close()
    return data / "inkling.db"


async def test_opening_makes_the_folder_for_its_owner_only(tmp_path: Path) -> None:
    data = tmp_path / "a b?%20#" / "数据"
    await make(data)
    assert (data / "inkling.db").exists()
    assert data.stat().st_mode & 0o777 == 0o700


async def test_opening_again_finds_what_was_stored(tmp_path: Path) -> None:
    await make(tmp_path)
    database = Database(sqlite_url(tmp_path))
    await database.open()
    async with SqlUnitOfWorkFactory(database).reading() as uow:
        assert (await uow.statistics.totals()).turns == 2
    await database.close()


async def test_a_file_that_is_no_database_is_named_and_left(tmp_path: Path) -> None:
    file = tmp_path / "inkling.db"
    file.write_text("Dear diary, " * 500)
    error = await fail_to_open(sqlite_url(tmp_path))
    assert str(error).startswith(f"{file} is not a database. Move it away")
    assert file.read_text() == "Dear diary, " * 500


async def test_a_damaged_database_is_named(tmp_path: Path) -> None:
    file = await make(tmp_path)
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xde\xad" * ((len(content) - 4096) // 2)
    file.write_bytes(content)
    error = await fail_to_open(sqlite_url(tmp_path))
    assert str(error) == f"{file} is damaged. Stop, and put the latest backup in its place."


async def test_damage_that_is_met_later_is_named(tmp_path: Path) -> None:
    file = await make(tmp_path)
    with closing(sqlite3.connect(file)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'turn'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with file.open("r+b") as raw:
        raw.seek((page - 1) * size)
        raw.write(b"\xde" * size)

    database = Database(sqlite_url(tmp_path))
    await database.open()
    with pytest.raises(StorageError, match="is damaged"):
        await stored_exchange(SqlUnitOfWorkFactory(database))
    await database.close()


async def test_a_database_that_another_program_holds_is_reported_at_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "BUSY_TIMEOUT", 0.1)
    file = await make(tmp_path)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        error = await fail_to_open(sqlite_url(tmp_path))
    assert isinstance(error, DatabaseLocked)
    assert str(error) == f"{file} is held by another program for too long. Close the other program, or try again."


async def test_a_newer_database_is_refused_and_not_touched(tmp_path: Path) -> None:
    file = await make(tmp_path)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = file.read_bytes()

    error = await fail_to_open(sqlite_url(tmp_path))

    assert "written by a newer Inkling (schema 9999; this one knows 0" in str(error)
    assert "Update the program, or put the backup" in str(error)
    assert file.read_bytes() == before
    assert not glob("*.backup", root_dir=tmp_path)


async def test_a_file_in_place_of_the_data_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    error = await fail_to_open(sqlite_url(tmp_path / "data"))
    assert str(error).startswith(f"{tmp_path / 'data'} cannot be made: something else of that name stands there. Move")


async def test_a_folder_in_place_of_the_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / "inkling.db").mkdir()
    error = await fail_to_open(sqlite_url(tmp_path))
    assert f"{tmp_path / 'inkling.db'} cannot be made: something else of that name" in str(error)


async def test_a_disk_that_is_almost_full_is_reported_at_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "LEAST_FREE", 2**62)
    error = await fail_to_open(sqlite_url(tmp_path))
    assert isinstance(error, DiskFull)
    assert "Free some space" in str(error)


def test_a_database_that_may_only_be_read_says_so(tmp_path: Path) -> None:
    file = tmp_path / "inkling.db"
    sqlite3.connect(file).close()
    with (
        closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection,
        pytest.raises(sqlite3.OperationalError) as caught,
    ):
        connection.execute("CREATE TABLE t (x)")
    assert str(as_storage_error(caught.value, str(file))).startswith(f"{file} can only be read. Give this user")


@contextmanager
def room_for(pages: int) -> Iterator[None]:
    """Databases opened in the block meet a full disk at so many pages."""

    def limit(connection: Any, _entry: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}").close()

    event.listen(Pool, "connect", limit)
    yield
    event.remove(Pool, "connect", limit)


async def fill(units: SqlUnitOfWorkFactory) -> int:
    """Store exchanges until there is no room; how many were stored."""
    kept = 0
    with suppress(DiskFull):
        while True:
            await stored_exchange(units, "x" * 20_000, LIN)
            kept += 1
    return kept


async def test_a_full_disk_keeps_whole_exchanges_only_and_ends_when_there_is_room(tmp_path: Path) -> None:
    file = await make(tmp_path)
    database = Database(sqlite_url(tmp_path))
    units = SqlUnitOfWorkFactory(database)
    with room_for(pages=file.stat().st_size // 4096 + 40):
        kept = await fill(units)
        with pytest.raises(DiskFull, match=f"no room left for {file}"):
            await stored_exchange(units, "x" * 20_000, LIN)
        async with units.reading() as uow:
            assert (await uow.statistics.totals()).turns == 2 + 2 * kept

        async with units() as uow:
            assert (await uow.erasure.expire(later(1))).turns == 2 + 2 * kept
        await stored_exchange(units, "x" * 20_000, LIN)
    await database.close()


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://root:hush@db/x", "sqlite://", "sqlite:///:memory:", "postgresql://u:hush@h:port/x"]
)
def test_an_address_that_cannot_be_used_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL") as caught:
        Database(url)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
async def test_a_server_that_does_not_answer_is_named_without_its_password(scheme: str) -> None:
    url = f"{scheme}://inkling:hush@127.0.0.1:1/chat"
    error = await fail_to_open(url)
    assert str(error).startswith("PostgreSQL 127.0.0.1:1/chat does not answer. Check that the server runs")
    assert "hush" not in f"{error!r} {Database(url).name}"


def open_connections() -> list[aiosqlite.Connection]:
    """The driver's connections that were opened and not closed."""
    gc.collect()
    # By type alone: to ask some objects for their class is to use them.
    return [each for each in gc.get_objects() if type(each) is aiosqlite.Connection and each._connection]


async def test_a_transaction_that_ends_after_the_database_was_closed_leaves_no_connection(tmp_path: Path) -> None:
    await make(tmp_path)
    database = Database(sqlite_url(tmp_path))
    await database.open()
    async with database.reading(), database.writing() as transaction:
        await transaction.execute(text("DELETE FROM preference"))
        await database.close()
    assert open_connections() == []


async def test_a_connection_that_cannot_be_set_up_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "BUSY_TIMEOUT", 0.1)
    file = await make(tmp_path)
    database = Database(sqlite_url(tmp_path))
    file.write_text("Dear diary, " * 500)
    with pytest.raises(StorageError):
        await stored_exchange(SqlUnitOfWorkFactory(database))
    await database.close()
    assert open_connections() == []
