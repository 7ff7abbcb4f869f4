"""From tokens to text: whole characters, no part of a stop string."""

from __future__ import annotations

import pytest

from bot.engine.text import StopGate, TokenText, WholeCharacters


def through(gate: StopGate, *texts: str) -> list[str]:
    return [gate.push(text) for text in texts] + [gate.finish()]


def test_text_passes_at_once_when_nothing_stops_it():
    assert through(StopGate(()), "a", "bc") == ["a", "bc", ""]


def test_what_may_begin_a_stop_string_is_held_until_it_is_known():
    assert through(StopGate(("END",)), "xE", "N", "x", "E") == ["x", "", "ENx", "", "E"]


def test_a_stop_string_spread_over_pieces_is_cut_with_all_after_it():
    gate = StopGate(("END",))

    assert through(gate, "xE", "ND rest", "more") == ["x", "", "", ""]
    assert gate.stopped


def test_the_earliest_of_several_stop_strings_cuts():
    assert StopGate(("c", "b")).push("abc") == "a"


def test_a_stop_string_that_contains_itself_is_found():
    assert "".join(through(StopGate(("aab",)), "a", "a", "a", "b", "c")) == "a"


def byte_decode(tokens: list[int]) -> str:
    """Each token is one byte."""
    return bytes(tokens).decode("utf-8", "replace")


@pytest.mark.parametrize("text", ["你好", "a😀b", "🇨🇳", "plain"])
def test_every_piece_is_whole_characters_and_together_they_are_the_text(text: str):
    stream = TokenText(byte_decode)
    pieces = [stream.push(byte) for byte in text.encode()]

    assert all("\ufffd" not in piece for piece in pieces)
    assert "".join(pieces) + stream.finish() == text


def test_a_character_that_is_never_completed_is_left_out():
    stream = TokenText(byte_decode)
    shown = [stream.push(byte) for byte in "a你".encode()[:-1]]

    assert "".join(shown) + stream.finish() == "a"


def test_bytes_that_are_no_character_are_replaced_and_do_not_stop_the_text():
    stream = TokenText(byte_decode)
    shown = [stream.push(byte) for byte in b"a\xffb"]

    assert "".join(shown) == "a\ufffdb"


def test_a_continued_text_keeps_the_space_that_depends_on_what_was_before():
    def decode(tokens: list[int]) -> str:
        return " ".join(["zero", "one", "two"][token] for token in tokens)

    assert TokenText(decode, before=[0]).push(1) == " one"
    assert TokenText(decode).push(1) == "one"


def test_halves_of_a_character_are_joined():
    whole = WholeCharacters()

    assert [whole.push("a\ud83d"), whole.push("\ude00b")] == ["a", "😀b"]


def test_half_a_character_that_stays_alone_is_replaced():
    assert WholeCharacters().push("\ude00b") == "\ufffdb"
