from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.errors import AlreadyRunning, DiskFull, StorageError
from storage import folder
from storage.folder import hold, prepare, write_atomically

HOLDER = "import sys; from pathlib import Path; from storage.folder import hold\n"
HOLDER += "with hold(Path(sys.argv[1]), 'bot'): print('held', flush=True); sys.stdin.read()"


def test_preparing_leaves_nothing_but_the_folder(tmp_path: Path) -> None:
    prepare(tmp_path / "a" / "b")
    prepare(tmp_path / "a" / "b")
    assert list((tmp_path / "a").rglob("*")) == [tmp_path / "a" / "b"]


def test_a_file_in_place_of_the_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for data in (tmp_path / "file", tmp_path / "file" / "data"):
        with pytest.raises(StorageError, match="something else of that name stands there"):
            prepare(data)


def test_a_folder_where_nobody_may_write_is_reported() -> None:
    """/proc refuses new files even to root."""
    with pytest.raises(StorageError, match="DATA_FOLDER"):
        prepare(Path("/proc/inkling"))


def test_too_little_room_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "LEAST_FREE", 2**62)
    with pytest.raises(DiskFull, match="MiB left"):
        prepare(tmp_path)


def test_a_folder_is_held_by_one_process_of_a_role_until_it_ends(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(AlreadyRunning, match=rf"process {other.pid}\b.*{tmp_path}"), hold(tmp_path, "bot"):
            pass
        with hold(tmp_path, "training"):
            other.send_signal(signal.SIGKILL)
            other.wait()

    with hold(tmp_path, "bot"):
        assert (tmp_path / "bot.pid").read_text() == str(os.getpid())
    assert not (tmp_path / "bot.pid").exists()


def test_a_written_file_replaces_the_former_one_and_leaves_no_other(tmp_path: Path) -> None:
    file = tmp_path / "images" / "1.png"
    write_atomically(file, b"old")
    write_atomically(file, b"new")
    assert file.read_bytes() == b"new"
    assert list(file.parent.iterdir()) == [file]


def test_a_full_disk_leaves_the_former_file_and_no_half_of_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "1.png"
    write_atomically(file, b"old")

    def no_space(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(DiskFull, match="no room left"):
        write_atomically(file, b"new")

    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]
