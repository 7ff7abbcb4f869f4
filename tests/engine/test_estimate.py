"""The estimate stays above what a byte-level tokenizer makes of a text, and within reason."""

from __future__ import annotations

import pytest

from bot.engine.estimate import estimate_messages, estimate_tokens
from tests.engine.asking import user


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        pytest.param("", 0, 0, id="nothing"),
        pytest.param("The quick brown fox jumps over the lazy dog.", 10, 20, id="English: a word is a token or two"),
        pytest.param("你好，世界", 5, 10, id="Chinese: a character is a token or two"),
        pytest.param("1234567890", 10, 10, id="numbers: a digit is at most a token"),
        pytest.param("def f(x):\n    return x + 1\n", 12, 24, id="code: signs and line breaks are tokens"),
        pytest.param("ꔀꔁ", 6, 6, id="a script that tokenizers may not know costs its bytes"),
    ],
)
def test_an_estimate_lies_between_a_usual_count_and_twice_that(text: str, low: int, high: int):
    assert low <= estimate_tokens(text) <= high


def test_what_belongs_to_the_whole_prompt_is_counted_on_the_last_message():
    first, last = estimate_messages([user("hi"), user("hi")])

    assert last > first > 0
