from __future__ import annotations

import pytest

from bot.chat import windows
from bot.chat.windows import MovingWindow


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time of the window's clock, in its only element."""
    now = [1000.0]
    monkeypatch.setattr(windows.time, "monotonic", lambda: now[0])
    return now


def test_a_request_beyond_the_rate_is_told_how_long_to_wait_and_is_not_counted(clock: list[float]) -> None:
    window = MovingWindow("2/10seconds")
    assert (window.take("a"), window.take("a")) == (0, 0)

    clock[0] += 4
    assert window.take("a") == window.take("a") == 6
    assert window.room("a") == 0


def test_room_comes_back_request_by_request(clock: list[float]) -> None:
    window = MovingWindow("2/10seconds")
    window.take("a")
    clock[0] += 6
    window.take("a")

    clock[0] += 4
    assert window.room("a") == 1
    assert window.take("a") == 0
    assert window.take("a") == 6


def test_each_key_has_a_window_of_its_own(clock: list[float]) -> None:
    window = MovingWindow("1/minute")
    window.take("a")

    assert window.take("b") == 0
    assert window.take("a") == 60


def test_keys_that_took_nothing_in_a_window_are_forgotten(clock: list[float]) -> None:
    window = MovingWindow("1/minute")
    for key in range(100):
        window.take(str(key))
    clock[0] += 61
    window.take("a")

    assert list(window._taken) == ["a"]
