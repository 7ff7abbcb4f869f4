from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from bot.domain.lines import LINES
from bot.domain.training import Collected
from bot.training.collecting import collect_with
from bot.training.refining import Refinery
from storage.database import Database, sqlite_url
from storage.unit_of_work import SqlUnitOfWorkFactory
from tests.training.talk import learning

Collect = Callable[..., Awaitable[Collected]]


@pytest.fixture
def tmp_path(tmp_path: Path, migrated: Path) -> Path:
    """A data folder of the test's own, which need not be migrated any more."""
    return Path(shutil.copytree(migrated, tmp_path, dirs_exist_ok=True))


@pytest.fixture
async def units(tmp_path: Path) -> AsyncIterator[SqlUnitOfWorkFactory]:
    """Units of work on the database of the test's own data folder."""
    database = Database(sqlite_url(tmp_path))
    await database.open()
    yield SqlUnitOfWorkFactory(database)
    await database.close()


@pytest.fixture(scope="session")
def refinery() -> Iterator[Refinery]:
    """One scrubbing process for all tests: starting it takes longer than they do."""
    with asyncio.Runner() as runner:
        opened = Refinery.opened(nice=0)
        yield runner.run(opened.__aenter__())
        runner.run(opened.__aexit__(None, None, None))


@pytest.fixture
def collected(units: SqlUnitOfWorkFactory, tmp_path: Path, refinery: Refinery) -> Collect:
    """Collects with settings as `.env` would give them; every reason for leaving out has a line."""

    async def collected(**given: str) -> Collected:
        found = await collect_with(refinery, units, learning(tmp_path, **given))
        assert {f"dropped.{reason}" for reason in found.dropped} <= LINES.keys()
        return found

    return collected
