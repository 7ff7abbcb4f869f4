"""Which messages an answer is, and how often its states may be shown."""

from __future__ import annotations

import string

import pytest

from adapters.discord import layout
from adapters.discord.buttons import NOTHING, STOP, Act, Pressable, view_of
from adapters.discord.lines import LINES
from adapters.discord.pacing import AT_MOST_PER_S, SPACING_S, Pacer
from bot.domain.messages import Answer, Change, Control, Picture
from tests.houses import FakeClock


class _Clock(FakeClock):
    seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


def test_an_answer_with_a_note_ends_in_small_print() -> None:
    (part,) = layout.final(Answer("Fine.", "One line.\nAnother *line*."), "en")

    assert part.content == "Fine.\n-# One line.\n-# Another *line*."


def test_a_note_that_finds_no_room_is_a_message_of_its_own() -> None:
    text = "word " * 399 + "end"

    parts = layout.final(Answer(text, "A note.", controls=frozenset({Control.REGENERATE})), "en")

    assert [part.content for part in parts] == [text, "-# A note."]
    assert [part.pressable for part in parts] == [NOTHING, Pressable((Act.REGENERATE,))]


def test_pictures_need_no_words() -> None:
    picture = Picture("1", "images/1.png", "a cat", {"seed": 5, "steps": 20})

    (noted,) = layout.final(Answer("", "seed 5", pictures=(picture,)), "en")
    (bare,) = layout.final(Answer("", pictures=(picture,)), "en")

    assert (noted.content, noted.pictures) == ("-# seed 5", (picture,))
    assert bare.content == ""


def test_everything_that_can_be_pressed_fits_discords_rows() -> None:
    pictures = tuple(Picture(str(number), f"images/{number}.png", "a cat", {}) for number in range(4))
    answer = Answer("Fine.", pictures=pictures, controls=frozenset(Control), changes=tuple(Change))

    (part,) = layout.final(answer, "en")
    view = view_of(part.pressable, "en")

    assert view is not None
    rows = [[component["custom_id"] for component in row["components"]] for row in view.to_components()]
    assert rows == [
        ["inkling:good", "inkling:bad", "inkling:regenerate", "inkling:continue", "inkling:suggest"],
        ["inkling:pick:1", "inkling:pick:2", "inkling:pick:3", "inkling:pick:4", "inkling:use"],
        ["inkling:changes"],
    ]


def test_an_answer_of_nothing_says_so() -> None:
    (part,) = layout.final(Answer(""), "zh-CN")

    assert part.content == "-# （没有内容。）"


def test_a_growing_answer_is_never_shown_broken_and_can_be_stopped() -> None:
    (part,) = layout.growing("See **bold and `co", "", "en")

    assert part.content == "See **bold and `co`**"
    assert part.pressable == STOP


def test_only_the_last_message_of_a_growing_answer_can_be_pressed() -> None:
    parts = layout.growing("A sentence. " * 400, "", "en")

    assert [part.pressable for part in parts] == [NOTHING, NOTHING, STOP]


def test_every_part_fits_a_message_in_chinese_too() -> None:
    parts = layout.final(Answer("今天天气很好，我们去公园散步。" * 500, "备注"), "zh-CN")

    assert all(len(part.content) <= 2000 for part in parts)


def test_one_answer_shows_states_at_the_channels_pace() -> None:
    clock = _Clock()
    pacer = Pacer(clock)
    pacer.join("c", "a")

    assert pacer.may_show("c", "a")
    assert not pacer.may_show("c", "a")
    clock.seconds = SPACING_S
    assert pacer.may_show("c", "a")


@pytest.mark.parametrize("count", [2, 5, 20])
def test_many_answers_share_a_channels_pace_evenly(count: int) -> None:
    clock = _Clock()
    pacer = Pacer(clock)
    shown = dict.fromkeys(range(count), 0)
    for reply in shown:
        pacer.join("c", reply)

    span = 40 * SPACING_S
    while clock.seconds < span:
        for reply in shown:
            shown[reply] += pacer.may_show("c", reply)
        clock.seconds += 0.1

    assert sum(shown.values()) <= span / SPACING_S + count
    assert max(shown.values()) - min(shown.values()) <= 1


def test_channels_do_not_wait_for_each_other() -> None:
    pacer = Pacer(_Clock())
    pacer.join("c", "a")
    pacer.join("d", "b")

    assert pacer.may_show("c", "a")
    assert pacer.may_show("d", "b")


def test_all_answers_together_stay_within_what_discord_takes_of_a_bot() -> None:
    clock = _Clock()
    pacer = Pacer(clock)
    for number in range(200):
        pacer.join(number, number)
    shown = 0
    while clock.seconds < 40:
        shown += sum(pacer.may_show(number, number) for number in range(200))
        clock.seconds += 0.5

    assert shown <= 40 * AT_MOST_PER_S + 200


def test_a_channel_is_forgotten_with_its_last_answer() -> None:
    pacer = Pacer(_Clock())
    pacer.join("c", "a")

    pacer.leave("c", "a")
    pacer.leave("c", "a")

    assert not pacer._next


def test_every_line_exists_in_both_languages_with_the_same_values() -> None:
    def fields(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert all(line.en and line.zh and fields(line.en) == fields(line.zh) for line in LINES.values())
