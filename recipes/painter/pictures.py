"""The training pictures: sprites cut up, each with its captions, held-out pictures kept apart.

Every file is checked against the data folder's SHA256SUMS first. OpenMoji's drawings are under share-alike terms, stand
in files of their own and are read only when asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from recipes.data import Record, read_records, verified
from recipes.errors import BadData

SIDE = 64
COLUMNS = 38
CAPTIONS = "images/captions.jsonl.xz"
CAPTIONS_SHAREALIKE = "images/captions_cc-by-sa.jsonl.xz"


@dataclass(frozen=True)
class Drawing:
    """What is known of one picture. The first of `en` and of `zh` is its name, the others are keywords."""

    style: str
    emoji: str
    en: tuple[str, ...]
    zh: tuple[str, ...]


@dataclass(frozen=True)
class Album:
    """Pictures as bytes (count, 3, 64, 64), and what each shows."""

    pictures: Tensor
    drawings: list[Drawing]


def as_floats(pictures: Tensor) -> Tensor:
    """Bytes to numbers from -1 to 1."""
    return pictures.float() / 127.5 - 1.0


def as_bytes(pictures: Tensor) -> Tensor:
    """Numbers from -1 to 1 back to bytes."""
    return ((pictures.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)


def _sprite(path: Path) -> np.ndarray:
    try:
        with Image.open(path) as sprite:
            return np.asarray(sprite.convert("RGB"))
    except OSError as error:
        raise BadData(f"{path} cannot be read as a picture ({error}); Pillow 11.3 or later reads AVIF") from error


def _cut(sprite: np.ndarray, index: int) -> Tensor:
    left, top = index % COLUMNS * SIDE, index // COLUMNS * SIDE
    return torch.from_numpy(sprite[top : top + SIDE, left : left + SIDE].copy()).permute(2, 0, 1)


def _album(records: list[Record], sprites: dict[str, np.ndarray]) -> Album:
    cut = [_cut(sprites[record["file"]], record["index"]) for record in records]
    drawings = [Drawing(r["style"], r["emoji"], tuple(r["en"]), tuple(r["zh"])) for r in records]
    return Album(torch.stack(cut), drawings)


def load(folder: Path, share_alike: bool = False) -> tuple[Album, Album]:
    """The training pictures and the held-out ones.

    Where two subjects share a drawing, it is held out whenever one of them is.

    Raises:
        BadData: a file is missing, or not what its checksum says.
    """
    names = [CAPTIONS, *([CAPTIONS_SHAREALIKE] if share_alike else [])]
    records = [record for name in names for record in read_records(folder, name)]
    files = sorted({record["file"] for record in records})
    sprites = {file: _sprite(verified(folder, f"images/{file}")) for file in files}
    held_out = {(r["file"], r["index"]) for r in records if r["split"] == "heldout"}
    training = [r for r in records if (r["file"], r["index"]) not in held_out]
    return _album(training, sprites), _album([r for r in records if r["split"] == "heldout"], sprites)
