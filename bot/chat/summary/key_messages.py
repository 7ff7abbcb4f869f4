"""The messages that the rest of a talk is most about: LexRank, with a reranker against repetition.

Erkan and Radev, "LexRank: Graph-based Lexical Centrality as Salience in Text Summarization", JAIR 22, 2004: messages
are a graph whose edges are cosines of tf-idf vectors, and a message's rank is the stationary share of a random walk
with damping on it. This is the paper's continuous LexRank. Here the cosines are never written down: a step of the walk
is a product with the sparse vectors and with their transpose, so memory grows with the words of the talk and not with
the square of its messages. A message is not its own neighbour here: in a chat many have no other.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.chat.summary.terms import terms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# The paper's damping towards an even share, and steps that settle a walk to a thousandth.
DAMPING = 0.15
STEPS = 40
# All its cosines together, below which a message has no neighbours.
ALONE = 1e-9
# A message that shares more than this cosine with one already chosen says the same (the paper's reranker uses 0.5).
SAME = 0.5
# A message with fewer different terms says too little to stand alone. A pair of Chinese characters is half a word.
LEAST_TERMS = 2


def most_central(texts: Sequence[str], count: int) -> list[int]:
    """The indices of at most `count` most central texts, in their order; fewer where the rest repeats them."""
    vectors = _vectors(texts)
    ranks = _ranks(vectors)
    able = [index for index in range(len(texts)) if _says_enough(vectors[index])]
    chosen: list[int] = []
    for index in sorted(able, key=lambda index: -ranks[index]):
        if len(chosen) == count:
            break
        if all(_cosine(vectors[index], vectors[other]) <= SAME for other in chosen):
            chosen.append(index)
    return sorted(chosen)


def centrality(texts: Sequence[str]) -> list[float]:
    """Each text's LexRank; they sum to 1."""
    return list(_ranks(_vectors(texts)))


def _vectors(texts: Sequence[str]) -> list[dict[str, float]]:
    """Unit tf-idf vectors; a text without terms has none."""
    bags = [Counter(terms(text)) for text in texts]
    seen = Counter(term for bag in bags for term in bag)
    vectors = []
    for bag in bags:
        # A half more keeps what every message says above nothing.
        vector = {term: times * math.log((len(texts) + 0.5) / seen[term]) for term, times in bag.items()}
        length = math.sqrt(sum(weight * weight for weight in vector.values()))
        vectors.append({term: weight / length for term, weight in vector.items()} if length else {})
    return vectors


def _ranks(vectors: Sequence[dict[str, float]]) -> Sequence[float]:
    import numpy as np

    if not vectors:
        return []
    columns: dict[str, int] = {}
    entries = [
        (row, columns.setdefault(term, len(columns)), weight)
        for row, vector in enumerate(vectors)
        for term, weight in vector.items()
    ]
    if not entries:
        return [1 / len(vectors)] * len(vectors)
    rows, cols, weights = (np.array(each) for each in zip(*entries, strict=True))

    own = np.bincount(rows, weights * weights, len(vectors))

    def cosines_times(share: NDArray[np.float64]) -> NDArray[np.float64]:
        by_term = np.bincount(cols, weights * share[rows], len(columns))
        return np.asarray(np.bincount(rows, weights * by_term[cols], len(vectors)) - own * share, dtype=np.float64)

    degree = cosines_times(np.ones(len(vectors)))
    is_alone = degree < ALONE
    share = np.full(len(vectors), 1 / len(vectors))
    for _ in range(STEPS):
        # A walk that is at a message without neighbours goes on anywhere.
        walked = cosines_times(np.where(is_alone, 0.0, share / np.maximum(degree, ALONE)))
        spread = DAMPING + (1 - DAMPING) * share[is_alone].sum()
        share = spread / len(vectors) + (1 - DAMPING) * walked
    return [float(rank) for rank in share / share.sum()]


def _says_enough(vector: dict[str, float]) -> bool:
    return sum(1.0 if term.isascii() else 0.5 for term in vector) >= LEAST_TERMS


def _cosine(one: dict[str, float], other: dict[str, float]) -> float:
    small, large = sorted((one, other), key=len)
    return sum(weight * large.get(term, 0.0) for term, weight in small.items())
