"""Sequences that can only be continued by looking back, which teach a writer to copy.

The heads that copy what stood before ("induction heads", arXiv 2209.11895) form late in training: a writer that has
seen a few million tokens puts a common name in the place of the one in front of it. Random tokens, said again and
again, leave nothing else to learn than to look back.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from recipes.packing import Document

COUNT = 12_000
LONGEST = 80
MOST = 160
"""Tokens of a document, where its sequence is not too long to be said twice."""


def _document(begin: int, words: Sequence[int], chance: random.Random) -> tuple[list[int], list[bool]]:
    """A sequence said at least twice, at times with random words between; learned is what can be known."""
    length = round(2 * (LONGEST / 2) ** chance.random())
    said = chance.choices(words, k=length)
    ids, learn = [begin, *said], [False] * (length + 1)
    while len(ids) + length <= MOST or len(ids) < 2 * length:
        between = chance.choices(words, k=chance.choice((0, 0, 0, 1, 2)))
        ids += between + said
        learn += [False] * (len(between) + 1) + [True] * (length - 1)
    return ids, learn


def documents(begin: int, words: Sequence[int], share: float, seed: int) -> list[Document]:
    """Documents of about 130 tokens, each begun by `begin` and made of `words`, with loss where they repeat."""
    chance = random.Random(seed)
    return [(*_document(begin, words, chance), share) for _ in range(COUNT)]
