from __future__ import annotations

import pytest

from recipes import metrics


def test_rouge_l_of_a_hand_made_pair() -> None:
    assert metrics.rouge_l("police kill the gunman", "police killed the gunman") == pytest.approx(0.75)


def test_rouge_l_reads_chinese_by_characters() -> None:
    assert metrics.rouge_l("小明订酒店", "小明负责订酒店") == pytest.approx(2 * 5 / 12)


def test_nothing_said_scores_nothing() -> None:
    assert metrics.rouge_l("", "a summary") == 0.0


def test_lexrank_takes_the_line_that_the_others_speak_of() -> None:
    lines = [
        "the release moves to friday",
        "lunch anyone",
        "is the release on friday",
        "friday for the release is fine",
        "nice weather",
    ]
    assert metrics.lexrank(lines, count=1) in {lines[0], lines[2], lines[3]}


def test_lexrank_of_few_lines_is_all_of_them() -> None:
    assert metrics.lexrank(["one", "two"], count=3) == "one\ntwo"


def test_distinct_counts_different_grams() -> None:
    assert metrics.distinct(["a b a b"], 2) == pytest.approx(2 / 3)


def test_going_in_circles_is_seen() -> None:
    assert metrics.loops("so we go on and so we go on and so we go on and")
    assert not metrics.loops("we had a long walk and then some tea")


def test_xz_pays_less_for_what_it_has_read() -> None:
    text = "".join(f"line {n * 7919 % 1009} of the story\n" for n in range(200)).encode()
    assert metrics.xz_bits_per_byte(text, text) < 0.5 < metrics.xz_bits_per_byte(b"other words", text)
