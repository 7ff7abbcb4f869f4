"""`SHA256SUMS` as coreutils' `sha256sum` writes and checks it: the data folder has one, and so have model folders."""

from __future__ import annotations

import hashlib
from pathlib import Path

LIST = "SHA256SUMS"


def sha256(path: Path) -> str:
    """The file's SHA-256 in 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(model: Path) -> None:
    """List every weight file of a model's folder, which the bot compares when it loads them."""
    files = sorted(model.rglob("*.safetensors"))
    lines = [f"{sha256(file)}  {file.relative_to(model).as_posix()}\n" for file in files]
    (model / LIST).write_text("".join(lines), encoding="utf-8")
