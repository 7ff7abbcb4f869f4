from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.houses import House, open_house


@pytest.fixture
def tmp_path(tmp_path: Path, migrated: Path) -> Path:
    """A data folder of the test's own, which need not be migrated any more."""
    return Path(shutil.copytree(migrated, tmp_path, dirs_exist_ok=True))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as house:
        yield house
