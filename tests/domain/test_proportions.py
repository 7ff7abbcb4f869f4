from __future__ import annotations

import pytest

from bot.domain.proportions import Share, difference


@pytest.mark.parametrize(
    ("share", "low", "high"),
    [
        # Wilson's intervals as scipy.stats.binomtest(count, total).proportion_ci(method="wilson") gives them.
        (Share(8, 10), 0.4901625, 0.9433178),
        (Share(0, 10), 0.0, 0.2775328),
        (Share(50, 100), 0.4038315, 0.5961685),
    ],
)
def test_a_shares_interval_is_wilsons(share: Share, low: float, high: float) -> None:
    assert share.interval() == pytest.approx((low, high), abs=1e-6)


def test_nothing_known_is_anything_from_none_to_all() -> None:
    assert Share(0, 0).interval() == (0.0, 1.0)


def test_the_difference_is_newcombes() -> None:
    # Newcombe 1998, table II, example (a), method 10: 56/70 less 48/80.
    assert difference(Share(56, 70), Share(48, 80)) == pytest.approx((0.0524, 0.3339), abs=1e-4)


def test_equal_shares_may_differ_either_way() -> None:
    low, high = difference(Share(10, 20), Share(10, 20))

    assert low == pytest.approx(-high)
