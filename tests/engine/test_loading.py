"""How much of a model's window there is memory for."""

from __future__ import annotations

import pytest

from bot.engine.loading import affordable_window

KIB, MIB = 2**10, 2**20


@pytest.mark.parametrize(
    ("window", "place_bytes", "cache_mib", "affordable"),
    [
        (4096, 16 * KIB, 1024, 4096),
        (131_072, 32 * KIB, 1024, 16_384),
        (131_072, 24 * KIB, 1024, 16_384),
        (5000, 64 * KIB, 600, 4096),
        (32_768, MIB, 64, 2048),
        (512, MIB, 64, 512),
        (8192, 0, 64, 8192),
    ],
    ids=["it fits", "a long one", "slots are powers of two", "just not", "least", "a short one", "caches of its own"],
)
def test_a_window_is_the_models_or_what_half_of_the_memory_holds(
    window: int, place_bytes: int, cache_mib: int, affordable: int
):
    assert affordable_window(window, place_bytes, cache_mib) == affordable
