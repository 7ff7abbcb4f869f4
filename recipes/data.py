"""The training text: records read from the data folder, each file checked against its checksum first.

The data folder holds `SHA256SUMS` and `text/*.jsonl.xz`. Files named `*_sharealike*` are under share-alike terms
and are left out here: the weights are released under Apache-2.0, and only permissive sources went in.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from recipes import checksums
from recipes.errors import BadData

PRETRAIN = "text/pretrain.jsonl.xz"
PRETRAIN_HELDOUT = "text/pretrain_heldout.jsonl.xz"
CONVERSATIONS = "text/sft.jsonl.xz"
CONVERSATIONS_HELDOUT = "text/sft_heldout.jsonl.xz"

Record = dict[str, Any]
"""Pretraining: {"text", "source"}. Conversations: {"messages": [{"role", "content"}], "task", "source"}."""


def expected_checksum(data: Path, name: str) -> str:
    """The SHA-256 that the data folder's own list gives for a file."""
    sums = data / checksums.LIST
    if not sums.is_file():
        raise BadData(f"{sums} is missing: it lists the checksum of every data file; copy the data folder whole")
    for line in sums.read_text(encoding="utf-8").splitlines():
        digest, _, listed = line.partition(" ")
        if listed.strip().lstrip("*") == name:
            return digest
    raise BadData(f"{name} is not listed in {sums}")


def verified(data: Path, name: str) -> Path:
    """The path of a data file, once its checksum was found right."""
    wanted, path = expected_checksum(data, name), data / name
    if not path.is_file():
        raise BadData(f"{path} is missing; it should have SHA-256 {wanted}")
    if (found := checksums.sha256(path)) != wanted:
        raise BadData(
            f"{path} is truncated or changed ({path.stat().st_size} bytes): its SHA-256 is {found}, "
            f"SHA256SUMS says {wanted}; fetch the file again"
        )
    return path


def read_records(data: Path, name: str) -> Iterator[Record]:
    """Every record of a verified file, in file order."""
    with lzma.open(verified(data, name), "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def is_chinese(text: str) -> bool:
    """Whether a text is mostly Chinese: a third or more of its letters are Han."""
    if text.isascii():
        return False
    letters = sum(char.isalpha() for char in text)
    han = sum("\u3400" <= char <= "\u9fff" for char in text)
    return han * 3 >= max(letters, 1)
