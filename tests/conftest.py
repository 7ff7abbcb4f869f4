from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from bot.logs import set_up
from bot.settings import LogSettings
from storage.database import Database, sqlite_url

# Logs as in service: structlog's own default prints local variables, slowly.
set_up(LogSettings(level="INFO", format="text"))

# pytest-xdist has a process for every core. More threads than that only wait for each other, by spinning.
os.environ["OMP_NUM_THREADS"] = "1"

# What is imported to be tested is no garbage. Looking through all of it takes a second, and collecting tests makes
# Python do so a dozen times; what stands once they are collected is not looked through again.
gc.set_threshold(10_000, 10, 10)

# Folders whose tests load models. They come first, so that pytest-xdist gives them to one process as far as it can,
# which then imports and starts once what they share, and the other processes steal from what comes after them.
FIRST = ("engine", "recipes", "e2e")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.parent.name not in FIRST)


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def environment_as_it_was() -> Iterator[None]:
    """What a test's code sets in this process's environment, as HF_HUB_OFFLINE for a local model, ends with it."""
    with patch.dict(os.environ):
        yield


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose database is up to date, to be copied: that takes a tenth of bringing one up to date."""

    async def open_once(folder: Path) -> None:
        database = Database(sqlite_url(folder))
        await database.open()
        await database.close()

    folder = tmp_path_factory.mktemp("migrated")
    asyncio.run(open_once(folder))
    return folder
