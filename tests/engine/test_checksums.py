"""A model's folder that lists its weights' fingerprints, and what is said when a file is another."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from bot.engine import checksums, weights
from bot.engine.loading import Loader
from bot.errors import ModelError
from bot.settings import BUNDLED_WRITER
from recipes.checksums import write

WEIGHTS = "model.safetensors"


@pytest.fixture
def folder(writer_folder: Path, tmp_path: Path) -> Path:
    folder = Path(shutil.copytree(writer_folder, tmp_path / "writer"))
    write(folder)
    return folder


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def opened(folder: Path) -> str:
    """The release, as the worker names it before it loads the weights."""
    loader = Loader(str(folder), 1, "float32")
    loader.find(lambda done, total: None)
    loader.open()
    return loader.release


def test_what_the_recipe_lists_coreutils_and_the_engine_find_right(folder: Path) -> None:
    said = subprocess.run(["sha256sum", "--check", "--strict", checksums.LIST], cwd=folder, capture_output=True)
    checksums.check(folder)

    assert (said.returncode, said.stdout.decode()) == (0, f"{WEIGHTS}: OK\n")
    assert checksums.read(folder) == {WEIGHTS: sha256(folder / WEIGHTS)}


def test_a_list_changes_nothing_of_the_releases_name(folder: Path, writer_folder: Path) -> None:
    assert weights.fingerprint(folder) == weights.fingerprint(writer_folder)


def test_a_corrupt_writer_is_refused_with_both_fingerprints_and_the_remedy(folder: Path) -> None:
    expected = sha256(folder / WEIGHTS)
    flip_a_bit(folder / WEIGHTS)

    with pytest.raises(ModelError) as caught:
        opened(folder)

    for told in (str(folder / WEIGHTS), expected, sha256(folder / WEIGHTS), "Fetch the model again", checksums.LIST):
        assert told in str(caught.value)


def test_weights_that_were_changed_on_purpose_load_once_their_list_is_removed(folder: Path) -> None:
    flip_a_bit(folder / WEIGHTS)
    (folder / checksums.LIST).unlink()

    assert opened(folder).startswith("writer@")


def test_a_file_that_is_not_listed_is_taken_as_it_is(folder: Path) -> None:
    (folder / checksums.LIST).write_text(f"{'0' * 64}  model.gguf\n{'0' * 64} *other.safetensors\n")

    assert opened(folder).startswith("writer@")


@pytest.mark.parametrize("content", [b"\x00\xff", b"<html>", b"00 model.safetensors\n"])
def test_a_damaged_list_is_named(folder: Path, content: bytes) -> None:
    (folder / checksums.LIST).write_bytes(content)

    with pytest.raises(ModelError, match=r"SHA256SUMS is damaged .* Fetch the model again, or remove the list"):
        opened(folder)


def test_a_weight_file_that_is_missing_is_named(folder: Path) -> None:
    (folder / WEIGHTS).unlink()

    with pytest.raises(ModelError, match=rf"{WEIGHTS} cannot be read \(No such file or directory\)"):
        checksums.check(folder)


def test_every_weight_file_of_the_bundled_writer_is_listed_and_sound() -> None:
    listed = checksums.read(BUNDLED_WRITER)

    assert set(listed) == {path.name for path in BUNDLED_WRITER.glob("*.safetensors")}
    checksums.check(BUNDLED_WRITER)
