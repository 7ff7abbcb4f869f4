from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.lengths import Length, count, cut, is_mostly_chinese, list_mark, split_sign_off, whole


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("Hello, world!", 2),
        ("It's a 3.5 % off-peak fare.", 5),
        ("春天来了。", 4),
        ("用 Python 写 3 行代码", 7),
        ("**Bold** and `code`", 3),
        ("أهلا بالعالم", 2),
        ("👍🎉", 0),
    ],
)
def test_words_and_chinese_characters_are_counted_alike(text: str, length: int) -> None:
    assert count(text) == length


@pytest.mark.parametrize(
    ("text", "chinese"),
    [("用 Python 写代码", True), ("We say 你好 to new people", False), ("さくらの花", False), ("", False)],
)
def test_a_text_is_chinese_by_its_characters(text: str, chinese: bool) -> None:
    assert is_mostly_chinese(text) is chinese


def test_a_hundred_words_are_kept_from_eighty_to_a_hundred_and_twenty() -> None:
    length = Length.about(100)

    assert (length.low, length.high) == (80, 120)
    assert [length.misses_by("word " * number) for number in (79, 80, 120, 125)] == [1, 0, 0, 5]


EMAIL = "Dear Kim,\n\nWe met at 3.5 pm. It was fine! See you soon, e.g. on Monday.\n\nBest regards,\nAna"


@pytest.mark.parametrize(
    ("text", "length", "kept"),
    [
        ("One two. Three four five. Six seven.", Length(4, 4, 5), "One two. Three four five."),
        ("春天来了。花开了！鸟儿在唱歌。", Length(7, 6, 8), "春天来了。花开了！"),
        ("He said “Go!” She went away at once.", Length(3, 3, 4), "He said “Go!”"),
        ("One two. Three four five six seven.", Length(4, 4, 5), "One two. Three four five six seven."),
        ("Short.", Length(4, 4, 5), "Short."),
        (EMAIL, Length(10, 8, 11), "Dear Kim,\n\nWe met at 3.5 pm. It was fine!"),
    ],
)
def test_a_text_ends_at_the_last_sentence_within_its_length(text: str, length: Length, kept: str) -> None:
    assert cut(text, length) == kept


def test_a_list_ends_at_a_line() -> None:
    items = "- one. Two three\n- four five\n- six seven"

    assert cut(items, Length(5, 4, 6), by_lines=True) == "- one. Two three\n- four five"


def test_a_greeting_and_a_name_stay() -> None:
    shorter = cut(EMAIL, Length(12, 10, 13), sign_off=True)

    assert shorter == "Dear Kim,\n\nWe met at 3.5 pm. It was fine!\n\nBest regards,\nAna"
    assert split_sign_off("One.\n\nA last paragraph that is a sentence.") == (
        "One.\n\nA last paragraph that is a sentence.",
        "",
    )


def test_half_a_sentence_at_the_end_goes() -> None:
    assert whole("It is late. We should") == "It is late."
    assert whole("天黑了。我们") == "天黑了。"
    assert whole("one\ntwo\nthr", by_lines=True) == "one\ntwo"
    assert whole("no end at all") == "no end at all"


def test_a_lists_mark_is_that_of_its_last_line() -> None:
    assert list_mark("Things:\n- one\n- two\n") == "-"
    assert list_mark("one\ntwo") == ""


@given(st.text(alphabet="ab .!?。！春\n", max_size=200), st.integers(1, 40))
def test_what_is_cut_is_a_beginning_and_as_long_as_it_may_be(text: str, target: int) -> None:
    length = Length.about(target)

    shorter = cut(text, length)

    assert text.startswith(shorter)
    assert shorter == text or length.holds(shorter)
