"""How much fits: a search for which measuring is the costly part."""

from __future__ import annotations

from collections.abc import Callable


def largest(most: int, fits: Callable[[int], bool]) -> int:
    """The largest count from 0 to `most` that fits, 0 taken for granted.

    More is taken to cost more. Where that fails by a little (a cut inside a style adds signs), the answer still fits.
    """
    low, step = 0, 64
    while low + step <= most and fits(low + step):
        low += step
        step *= 2
    high = min(low + step, most + 1)
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
