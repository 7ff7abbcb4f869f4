"""Documents into rows: whole documents side by side, each with positions of its own, so that none sees another.

A store keeps a corpus as one flat array of token ids with the offsets of its documents. `Packer` deals the documents
in a shuffled order and fills rows best-fit from a small window, so that hardly a token is padding. What it deals at
batch i follows from the seed and i alone: a resumed run reads on where it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

Document = tuple[list[int], list[bool], float]
"""Token ids, of each whether its prediction is trained, and how many times one pass deals the document."""

IGNORED = -100
"""A target that bears no loss: padding, or words that are not the assistant's."""


@dataclass(frozen=True)
class Store:
    """A corpus of token ids. `learn` says of each token whether its prediction is trained; documents are slices."""

    tokens: np.ndarray
    learn: np.ndarray
    offsets: np.ndarray
    shares: np.ndarray
    """How many times each document is dealt in one pass, e.g. 0.5 or 2 (documents,)."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def save(self, path: Path) -> None:
        """Write to a temporary name, then rename."""
        part = path.with_suffix(".part.npz")
        try:
            np.savez(part, tokens=self.tokens, learn=self.learn, offsets=self.offsets, shares=self.shares)
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise

    @classmethod
    def load(cls, path: Path) -> Store:
        with np.load(path) as arrays:
            return cls(**{name: arrays[name] for name in ("tokens", "learn", "offsets", "shares")})

    @classmethod
    def build(cls, documents: list[Document]) -> Store:
        """From documents."""
        lengths = np.array([0] + [len(ids) for ids, _, _ in documents], dtype=np.int64)
        return cls(
            tokens=np.concatenate([np.array(ids, dtype=np.uint16) for ids, _, _ in documents]),
            learn=np.concatenate([np.array(learn, dtype=bool) for _, learn, _ in documents]),
            offsets=lengths.cumsum(),
            shares=np.array([share for *_, share in documents]),
        )


@dataclass(frozen=True)
class Batch:
    """Packed rows, all (rows, tokens): ids, the next token as target, and positions that restart at each document."""

    ids: Tensor
    targets: Tensor
    positions: Tensor

    @property
    def lengths(self) -> list[int]:
        """The documents' lengths, row after row; a row's padding counts as documents too."""
        starts = (self.positions.reshape(-1) == 0).nonzero().squeeze(-1)
        ends = torch.cat([starts[1:], torch.tensor([self.positions.numel()])])
        return [int(length) for length in ends - starts]

    def flat(self) -> Batch:
        """The same as a single row."""
        return Batch(self.ids.reshape(1, -1), self.targets.reshape(1, -1), self.positions.reshape(1, -1))


def pack(rows: list[list[tuple[np.ndarray, np.ndarray]]], width: int, pad: int) -> Batch:
    """Rows of documents, each (ids, learn), into tensors. A token's target is the next token of its document."""
    ids = np.full((len(rows), width), pad, dtype=np.int64)
    targets = np.full((len(rows), width), IGNORED, dtype=np.int64)
    positions = np.zeros((len(rows), width), dtype=np.int64)
    for row, documents in enumerate(rows):
        at = 0
        for tokens, learn in documents:
            end = at + len(tokens)
            ids[row, at:end] = tokens
            targets[row, at : end - 1] = np.where(learn[1:], tokens[1:].astype(np.int64), IGNORED)
            positions[row, at:end] = np.arange(len(tokens))
            at = end
        positions[row, at:] = np.arange(width - at)
    return Batch(torch.from_numpy(ids), torch.from_numpy(targets), torch.from_numpy(positions))


@dataclass(frozen=True)
class Packer:
    """Deals batches of `rows` rows of `width` tokens, pass after pass, without end."""

    store: Store
    rows: int
    width: int
    pad: int
    seed: int
    window: int = 256

    def _order(self, epoch: int) -> np.ndarray:
        """The documents of one pass, shuffled; a share of 0.5 deals a document in every second pass on average."""
        rng = np.random.default_rng([self.seed, epoch])
        times = np.floor(self.store.shares + rng.random(len(self.store))).astype(np.int64)
        return rng.permutation(np.repeat(np.arange(len(self.store)), times))

    def _pieces(self) -> Iterator[tuple[int, int]]:
        """(start, end) of each document without end; what is longer than a row is cut at the row's width."""
        epoch = 0
        while True:
            for document in self._order(epoch):
                start, end = self.store.offsets[document], self.store.offsets[document + 1]
                for at in range(start, end - 1, self.width):
                    yield at, min(at + self.width, end)
            epoch += 1

    def _rows(self) -> Iterator[list[tuple[int, int]]]:
        """Rows of pieces: from a window of waiting ones always the longest that still fits."""
        pieces = self._pieces()
        waiting = [next(pieces) for _ in range(self.window)]
        while True:
            row: list[tuple[int, int]] = []
            left = self.width
            while fitting := [i for i, (start, end) in enumerate(waiting) if end - start <= left]:
                best = max(fitting, key=lambda i: waiting[i][1] - waiting[i][0]) if row else 0
                start, end = waiting.pop(best)
                row.append((start, end))
                left -= end - start
                waiting.append(next(pieces))
            yield row

    def batches(self, skip: int = 0) -> Iterator[Batch]:
        """Batches from the given one on; the skipped ones are dealt but not built."""
        rows, dealt = self._rows(), 0
        while True:
            chosen = [next(rows) for _ in range(self.rows)]
            dealt += 1
            if dealt > skip:
                slices = [[slice(*piece) for piece in row] for row in chosen]
                yield pack(
                    [[(self.store.tokens[s], self.store.learn[s]) for s in row] for row in slices], self.width, self.pad
                )
