from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def tmp_path(tmp_path: Path, migrated: Path) -> Path:
    """A data folder of the test's own, which need not be migrated any more."""
    return Path(shutil.copytree(migrated, tmp_path, dirs_exist_ok=True))
