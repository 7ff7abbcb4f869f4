"""The weight files' fingerprints: `SHA256SUMS` in a model's folder, as coreutils' `sha256sum` writes and checks it.

Whoever assembles a folder writes it (`recipes.checksums`). A folder without one, as most of the Hub's, is taken as it
is. `sha256sum --check SHA256SUMS` in the folder says the same as this module.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from bot.errors import ModelError

LIST = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


def read(folder: Path) -> dict[str, str]:
    """The digests of weight files by their names; none where there is no list. What else it lists may be edited.

    Raises:
        ModelError: the list is damaged.
    """
    path = folder / LIST
    if not path.is_file():
        return {}
    sums = {}
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            digest, name = _fields(line)
            if name.endswith(".safetensors"):
                sums[name] = digest
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} is damaged ({error}). Fetch the model again, or remove the list.") from error
    return sums


def checked(path: Path, wanted: str | None) -> str:
    """The SHA-256 of a file, after comparing it with the wanted one, where there is one.

    Raises:
        ModelError: it is missing, cannot be read, or is not what it was; both fingerprints are named.
    """
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}). Fetch the model again.") from error
    if wanted not in (None, found):
        raise ModelError(
            f"{path} is damaged: its SHA-256 is {found}, {LIST} says {wanted}. Fetch the model again; if it was "
            f"changed on purpose, remove {LIST}."
        )
    return found


def check(folder: Path) -> None:
    """Compare every weight file of the folder's list.

    Raises:
        ModelError: as `read` and `checked`.
    """
    for name, wanted in read(folder).items():
        checked(folder / name, wanted)


def _fields(line: str) -> tuple[str, str]:
    if (found := _LINE.fullmatch(line)) is None:
        raise ValueError("a line that holds no checksum")
    return found[1], found[2]
