"""Figures about text, and the classic methods that the writer is held against; numpy and the standard library only."""

from __future__ import annotations

import lzma
import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

PIECE = re.compile("[\u3400-\u9fff]|[a-z0-9']+")


def words(text: str) -> list[str]:
    """Lower-case words of English, single characters of Chinese."""
    return PIECE.findall(text.lower())


def rouge_l(candidate: str, reference: str) -> float:
    """ROUGE-L's F1, from the longest common subsequence of words (Lin 2004, section 3.1, beta = 1); 0 to 1."""
    ours, theirs = words(candidate), words(reference)
    if not ours or not theirs:
        return 0.0
    row = [0] * (len(theirs) + 1)
    for word in ours:
        diagonal = 0
        for index, other in enumerate(theirs, 1):
            above = row[index]
            row[index] = diagonal + 1 if word == other else max(above, row[index - 1])
            diagonal = above
    return 2 * row[-1] / (len(ours) + len(theirs))


def lead(lines: Sequence[str], count: int = 3) -> str:
    """The first lines: the baseline that news summarizers are held against."""
    return "\n".join(lines[:count])


def lexrank(lines: Sequence[str], count: int = 3, threshold: float = 0.1, damping: float = 0.85) -> str:
    """The most central lines in their order: LexRank (Erkan and Radev 2004), tf-idf cosines over a threshold."""
    bags = [Counter(words(line)) for line in lines]
    seen = Counter(word for bag in bags for word in bag)
    index = {word: column for column, word in enumerate(seen)}
    vectors = np.zeros((len(lines), max(len(index), 1)))
    for row, bag in enumerate(bags):
        for word, times in bag.items():
            vectors[row, index[word]] = times * (math.log(len(lines) / seen[word]) + 1e-6)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    links = (vectors @ vectors.T > threshold).astype(float) + np.eye(len(lines)) * 1e-9
    walk = links / links.sum(1, keepdims=True)
    rank = np.full(len(lines), 1 / max(len(lines), 1))
    for _ in range(50):
        rank = (1 - damping) / len(lines) + damping * walk.T @ rank
    return "\n".join(lines[i] for i in sorted(np.argsort(-rank, kind="stable")[:count]))


def distinct(texts: Sequence[str], n: int) -> float:
    """Different n-grams over all n-grams of a set of texts (Li et al. 2016); 0 to 1."""
    grams = [tuple(found[i : i + n]) for found in map(words, texts) for i in range(len(found) - n + 1)]
    return len(set(grams)) / max(len(grams), 1)


def loops(text: str, n: int = 4, times: int = 3) -> bool:
    """Whether a run of n words comes back as often as three times."""
    found = words(text)
    grams = Counter(tuple(found[i : i + n]) for i in range(len(found) - n + 1))
    return max(grams.values(), default=0) >= times


def xz_bits_per_byte(training: bytes, heldout: bytes) -> float:
    """What xz pays for held-out text once it has read the training text: the packed size's growth, in bits a byte."""
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 1 << 26}]

    def packed(content: bytes) -> int:
        return len(lzma.compress(content, format=lzma.FORMAT_RAW, filters=filters))

    return 8 * (packed(training + heldout) - packed(training)) / len(heldout)
