"""What is left of a run's examples once it ended: where each came from, and none of its words.

So nobody's words outlive their place in the database, by a wish to be forgotten or by age, and whose words and votes a
release is built on can still be told (`bot.training.forgetting`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bot.training.folder import RunFolder

_FILES = ("train.jsonl", "heldout.jsonl")
_WORDS = ("prompt", "answer", "rejected")


def strip_words(folder: RunFolder) -> None:
    """Keep kind, verdict and origin of each example, and a hash by which it can be known again; nothing else.

    Raises:
        OSError: a file can be neither written nor deleted.
    """
    for name in _FILES:
        path = folder.path / name
        if path.exists():
            lines = path.read_text(encoding="utf-8").split("\n")
            _rewrite(path, (_stripped(line) for line in lines if line))


def strip_all(runs: Path) -> None:
    """The same for every run that a killed process left behind. No run may be under way.

    Raises:
        OSError: as `strip_words`.
    """
    for folder in runs.glob("*/order.json"):
        strip_words(RunFolder(folder.parent))


def _rewrite(path: Path, lines: Iterable[str]) -> None:
    part = path.with_suffix(".part")
    try:
        part.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        part.replace(path)
    except OSError:
        # On a full disk the words go all the same.
        part.unlink(missing_ok=True)
        path.unlink()


def _row(line: str) -> dict[str, Any]:
    """A line as an object; an empty one where it is damaged."""
    try:
        row = json.loads(line)
    except ValueError:
        return {}
    return row if isinstance(row, dict) else {}


def _stripped(line: str) -> str:
    row = _row(line)
    if not any(name in row for name in _WORDS):
        return json.dumps(row, ensure_ascii=False)
    kept = {name: value for name, value in row.items() if name not in _WORDS}
    return json.dumps(kept | {"sha256": hashlib.sha256(line.encode()).hexdigest()}, ensure_ascii=False)
