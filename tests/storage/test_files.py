from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import StorageError
from storage.files import DataFiles


async def test_a_kept_file_is_found_counted_and_removed(tmp_path: Path) -> None:
    files = DataFiles(tmp_path)

    path = await files.keep("images/1.png", b"12345")

    assert (tmp_path / path).read_bytes() == b"12345"
    assert await files.size() == 5
    await files.remove([path, "images/never-was.png"])
    assert await files.size() == 0


async def test_a_file_that_cannot_be_removed_is_reported(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    with pytest.raises(StorageError, match="images"):
        await DataFiles(tmp_path).remove(["images"])
