"""Checkpoints that a full disk and a killed process leave whole, and the curve beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from recipes.errors import NotSaved


def save(path: Path, state: dict[str, Any]) -> None:
    """Write beside the old checkpoint, then rename over it.

    Raises NotSaved where the disk takes no more; the old one stands as it was.
    """
    part = path.with_suffix(".part")
    try:
        # By a file of ours: of its own, torch tells only that its writing came out shorter ("unexpected pos").
        with part.open("wb") as file:
            torch.save(state, file)
        part.replace(path)
    except (OSError, RuntimeError) as error:
        part.unlink(missing_ok=True)
        cause = error if isinstance(error, OSError) else error.__context__
        if not isinstance(cause, OSError):
            raise
        raise NotSaved(
            f"{path} could not be saved ({cause.strerror}). What was saved before is whole: free some space, and give "
            "the same command again to go on from there."
        ) from error


def rewind(curve: Path, step: int) -> None:
    """Take out of a curve what was logged after a step: a run that goes on from there logs it again."""
    if not curve.exists():
        return
    lines = curve.read_text(encoding="utf-8").splitlines(keepends=True)
    # A kill may have left half a line at the end.
    kept = [line for line in lines if line.endswith("}\n") and json.loads(line)["step"] <= step]
    if kept != lines:
        part = curve.with_suffix(".part")
        part.write_text("".join(kept), encoding="utf-8")
        part.replace(curve)
