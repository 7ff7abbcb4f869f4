"""How sure one can be of a share, and of the difference between two, from a few votes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    count: int
    total: int

    @property
    def value(self) -> float:
        """The share, 0 where there is nothing."""
        return self.count / self.total if self.total else 0.0

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Wilson's score interval (1927, https://doi.org/10.1080/01621459.1927.10502953); 0 to 1 for nothing."""
        if not self.total:
            return 0.0, 1.0
        z = NormalDist().inv_cdf(0.5 + confidence / 2)
        weight = z * z / self.total
        middle = (self.value + weight / 2) / (1 + weight)
        reach = z / (1 + weight) * math.sqrt(self.value * (1 - self.value) / self.total + weight / 4 / self.total)
        return max(0.0, middle - reach), min(1.0, middle + reach)


def difference(one: Share, other: Share, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of `one` less `other`, from both Wilson intervals.

    Newcombe 1998, method 10 (https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I): fit for
    the small counts that votes come in.
    """
    low, high = one.interval(confidence)
    other_low, other_high = other.interval(confidence)
    gap = one.value - other.value
    below = math.hypot(one.value - low, other_high - other.value)
    above = math.hypot(high - one.value, other.value - other_low)
    return gap - below, gap + above
