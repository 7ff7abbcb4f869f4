"""What a program of the recipes says when it cannot go on."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from recipes.errors import RecipeError, plainly, present
from recipes.packing import Store
from tests.recipes.conftest import full_disk


def raises(error: Exception) -> Callable[[], None]:
    def program() -> None:
        raise error

    return program


def ended(program: Callable[[], None]) -> str:
    with pytest.raises(SystemExit) as caught:
        plainly(program)
    return str(caught.value)


def test_what_whoever_runs_it_can_mend_is_said_without_a_traceback() -> None:
    assert ended(raises(RecipeError("The data folder is elsewhere."))) == "The data folder is elsewhere."


def test_a_full_disk_is_said_whoever_tells_it(tmp_path: Path) -> None:
    def weights() -> None:
        save_file({"weight": torch.zeros(10_000)}, tmp_path / "model.safetensors")

    with full_disk(1000):
        assert "free some space, and give the same command again" in ended(weights)
    assert "No space left" in ended(raises(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))))


def test_other_errors_keep_their_traceback() -> None:
    with pytest.raises(PermissionError):
        plainly(raises(PermissionError(errno.EACCES, "no")))


def test_tokens_that_the_disk_has_no_room_for_leave_nothing_behind(tmp_path: Path) -> None:
    store = Store.build([(list(range(500)), [True] * 500, 1.0)])

    with full_disk(1000):
        assert "The disk is full" in ended(lambda: store.save(tmp_path / "tokens.npz"))

    assert not list(tmp_path.iterdir())


def test_what_another_program_has_to_make_first_is_named_with_it(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=rf"{tmp_path} holds no config.json: run recipes.pretrain first"):
        present(tmp_path, "config.json", "recipes.pretrain")
