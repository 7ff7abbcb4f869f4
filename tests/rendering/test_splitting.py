"""Where long texts are cut, and what is closed and opened again there."""

from __future__ import annotations

import pytest

from adapters.rendering import discord
from adapters.rendering.characters import graphemes
from adapters.rendering.splitting import split
from tests.rendering.seeing import seen

FAMILY = "👨‍👩‍👧‍👦"


def test_a_text_that_fits_stays_as_it_was_written() -> None:
    assert split("Setext\n===\n\n* a\n* b  ", 50) == ["Setext\n===\n\n* a\n* b  "]


def test_an_empty_text_has_no_parts() -> None:
    assert split("", 100) == []
    assert split(" \n\n ", 100) == []


def test_a_limit_too_small_to_hold_anything_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 50"):
        split("a", 49)


def test_parts_end_between_paragraphs_where_they_can() -> None:
    first, second = "one " * 12, "two " * 12

    assert split(f"{first}\n\n{second}", 80) == [first.strip(), second.strip()]


def test_a_heading_moves_on_with_what_it_heads() -> None:
    before, after = "word " * 10, "text " * 10

    parts = split(f"{before}\n\n## Title\n\n{after}", 75)

    assert parts == [before.strip(), f"## Title\n\n{after.strip()}"]


def test_a_long_paragraph_is_cut_after_a_sentence() -> None:
    parts = split("This is the first sentence of all. And this is the second, a bit longer one.", 60)

    assert parts == ["This is the first sentence of all.", "And this is the second, a bit longer one."]


def test_a_long_chinese_paragraph_is_cut_after_a_sentence() -> None:
    sentence = "今天的会议讨论了三个问题，大家都同意。"

    parts = split(sentence * 6, 50)

    assert parts == [sentence * 2] * 3


def test_chinese_without_a_stop_is_not_cut_before_its_comma() -> None:
    parts = split("他说的话很长很长" * 6 + "，" + "后来又说了很多" * 8, 50)

    assert all(part[0] not in "，。！？" for part in parts)


def test_lines_of_a_poem_stay_whole() -> None:
    poem = "\n".join(f"The line that is number {number} of this" for number in range(10))

    parts = split(poem, 100)

    assert [line for part in parts for line in part.split("\n")] == poem.split("\n")


def test_a_fence_is_closed_and_opened_again_with_its_language() -> None:
    code = "\n".join(f"    print({number})" for number in range(20))

    parts = split(f"```python\n{code}\n```", 100)

    assert all(part.startswith("```python\n") and part.endswith("\n```") for part in parts)
    assert "\n".join(part[10:-4] for part in parts) == code


def test_a_fence_is_cut_at_an_empty_line_near_the_end_of_the_part() -> None:
    parts = split("```\n" + "x = 1\n" * 8 + "\n" + "y = 2\n" * 8 + "```", 80)

    assert parts[0] == "```\n" + "x = 1\n" * 8 + "\n```"


def test_an_unclosed_fence_is_code_to_its_end() -> None:
    parts = split("Look:\n\n```js\n" + "let a = 1;\n" * 12, 80)

    assert all(part.endswith("\n```") for part in parts[1:])


def test_a_fence_that_holds_fences_gets_longer_ones() -> None:
    parts = split("````md\n" + "```\ncode\n```\n" * 8 + "````", 60)

    assert all(part.startswith("````md\n") and part.endswith("\n````") for part in parts)


def test_a_numbered_list_goes_on_counting() -> None:
    parts = split("\n".join(f"{number}. entry number {number}" for number in range(3, 12)), 60)

    lines = [line for part in parts for line in part.split("\n")]
    assert lines == [f"{number}. entry number {number}" for number in range(3, 12)]


def test_a_lazily_numbered_list_goes_on_counting_too() -> None:
    parts = split("\n".join(f"1. entry called {name}" for name in "abcdef"), 60)

    assert parts[1].startswith("4. entry called d")


def test_an_item_longer_than_a_part_goes_on_and_so_does_its_list() -> None:
    parts = split("1. " + "word " * 30 + "\n2. short", 80)

    assert parts[0].startswith("1. word")
    assert not parts[1].startswith(("1.", "2."))
    assert parts[-1].endswith("2. short")


def test_a_table_keeps_its_rows_and_repeats_its_header() -> None:
    rows = [f"| row {number} | 值{number} |" for number in range(12)]
    head = ["| name | 值 |", "| --- | --: |"]

    parts = split("\n".join([*head, *rows]), 90)

    assert all(part.split("\n")[:2] == head for part in parts)
    assert [row for part in parts for row in part.split("\n")[2:]] == rows


def test_a_row_longer_than_a_part_becomes_a_list_of_its_cells() -> None:
    cell = "many words in a cell " * 6

    parts = split(f"| a | b |\n|---|---|\n| {cell} | end |", 60)

    assert all(len(part) <= 60 for part in parts)
    assert seen(*parts) == seen(f"a: {cell} b: end")


def test_a_quote_is_a_quote_in_every_part() -> None:
    parts = split("> " + "Sentence of some length here. " * 6, 80)

    assert all(part.startswith("> ") for part in parts)


def test_bold_that_is_too_long_for_a_part_is_closed_and_opened_again() -> None:
    parts = split("**" + "word " * 30 + "end**", 60)

    assert all(part.startswith("**") and part.endswith("**") for part in parts)


def test_links_and_code_move_to_the_next_part_whole() -> None:
    text = "Some words before it come here " + "[the linked words](https://example.com/page) and `code that stays`."

    parts = split(text, 65)

    assert any("[the linked words](<https://example.com/page>)" in part for part in parts)
    assert any("`code that stays`" in part for part in parts)


def test_an_address_longer_than_a_part_is_written_out() -> None:
    address = "https://example.com/" + "a" * 200

    parts = split(f"See [here]({address}).", 60)

    assert "".join(parts).replace(" ", "") == f"Seehere({address})."


def test_a_word_longer_than_a_part_is_cut_between_characters_that_people_see() -> None:
    parts = split(FAMILY * 40, 60)

    assert all(set(graphemes(part)) == {FAMILY} for part in parts)


def test_a_single_character_longer_than_a_part_is_cut_all_the_same() -> None:
    text = "a" + "\u0301" * 300

    parts = split(text, 50)

    assert "".join(parts) == text
    assert all(len(part) <= 50 for part in parts)


def test_right_to_left_text_is_cut_between_words() -> None:
    words = ["שלום", "לכולם", "וברוכים", "הבאים", "אל", "השיחה"]

    parts = split(" ".join(words * 5), 60)

    assert " ".join(parts).split() == words * 5


def test_deep_nesting_is_given_up_before_words_are() -> None:
    text = "> " * 18 + "deep words that need some room to be said at all"

    parts = split(text, 50)

    assert seen(*parts) == seen(text)
    assert all(len(part) <= 50 for part in parts)


def test_a_million_characters_are_cut_in_linear_steps() -> None:
    text = "\n\n".join(f"Paragraph {number}: " + "some words. " * 20 for number in range(800))

    parts = discord.messages(text)

    assert len(parts) < 130
    assert all(1000 < len(part) <= 2000 for part in parts[:-1])
