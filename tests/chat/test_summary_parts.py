"""The parts of a summary by themselves: times, cutting, centrality, grounding, outcomes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.moments import read_moment, zone_named
from bot.chat.summary.cutting import border_strengths, cut, pieces
from bot.chat.summary.grounding import Source
from bot.chat.summary.key_messages import centrality, most_central
from bot.chat.summary.outcomes import outcomes_of
from bot.chat.summary.transcripts import Line, of_text

# A Sunday.
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


# --- times ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "local"),
    [
        ("2h", "2026-11-22 11:00"),
        ("30 min", "2026-11-22 12:30"),
        ("half an hour", "2026-11-22 12:30"),
        ("yesterday", "2026-11-21 00:00"),
        ("since yesterday at 9:00", "2026-11-21 09:00"),
        ("since Monday", "2026-11-16 00:00"),
        ("9am", "2026-11-22 09:00"),
        ("noon", "2026-11-22 12:00"),
        ("last night", "2026-11-21 18:00"),
        ("3 days ago", "2026-11-19 00:00"),
        ("2026-11-01 08:00", "2026-11-01 08:00"),
        ("tomorrow", "2026-11-23 00:00"),
        ("昨天9点", "2026-11-21 09:00"),
        ("从昨天下午三点半开始", "2026-11-21 15:30"),
        ("两小时前", "2026-11-22 11:00"),
        ("半小时", "2026-11-22 12:30"),
        ("周一上午十一点", "2026-11-16 11:00"),
        ("上周五", "2026-11-13 00:00"),
        ("11月3日晚上8点", "2026-11-03 20:00"),
        ("昨晚", "2026-11-21 18:00"),
        ("前天", "2026-11-20 00:00"),
    ],
)
async def test_a_time_is_read_in_the_persons_zone(words: str, local: str) -> None:
    zone = zone_named("Europe/Berlin")

    moment = await read_moment(words, NOW, zone)

    assert moment is not None
    assert f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" == local


@pytest.mark.parametrize("words", ["", "🎉", "50", "the launch", "Ana: hi", "我们开会吧", "9999999 years ago"])
async def test_what_is_no_time_is_none(words: str) -> None:
    assert await read_moment(words, NOW, UTC) is None


async def test_a_local_hour_is_the_right_one_on_both_sides_of_daylight_saving() -> None:
    """Berlin left summer time on 25 October 2026."""
    zone = zone_named("Europe/Berlin")

    before = await read_moment("2026-10-24 09:00", NOW, zone)
    after = await read_moment("2026-10-26 09:00", NOW, zone)

    assert before == datetime(2026, 10, 24, 7, tzinfo=UTC)
    assert after == datetime(2026, 10, 26, 8, tzinfo=UTC)


@pytest.mark.parametrize("name", ["", "Nowhere/Else", "../../etc/passwd", "Europe"])
def test_an_unknown_zone_is_utc(name: str) -> None:
    assert zone_named(name) is UTC


# --- transcripts and cutting ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("ana: hi\nben: hello", ["ana: hi", "ben: hello"]),
        ("[13:41] ana: hi\n[13:42] ben: hello", ["[13:41] ana: hi", "[13:42] ben: hello"]),
        ("ana - hi\nben - hello", ["ana: hi", "ben: hello"]),
        ("<ana> hi\n<ben> hello", ["ana: hi", "ben: hello"]),
        ("小明：你好\n小芳：在", ["小明：你好", "小芳：在"]),
        (
            "ana: hi\nben: hello\nben: see\nhttps://example.org",
            ["ana: hi", "ben: hello", "ben: see https://example.org"],
        ),
        ("It rained. Nobody came.", ["It rained. Nobody came."]),
    ],
)
def test_a_given_text_is_read_as_talk_or_prose(text: str, rendered: list[str]) -> None:
    assert [line.rendered for line in of_text(text).lines] == rendered


def _lines(*rows: tuple[str, str, int]) -> list[Line]:
    return [Line(author, text, NOW + timedelta(minutes=minute)) for author, text, minute in rows]


def test_a_border_is_strongest_where_there_is_a_pause_and_another_topic() -> None:
    lines = _lines(
        ("ana", "the printer is broken again", 0),
        ("ben", "which printer is broken", 1),
        ("ana", "the printer upstairs", 2),
        ("cem", "who joins the football match", 200),
        ("dan", "football sounds good", 201),
        ("cem", "the match is at six", 202),
    )

    strengths = border_strengths(lines)

    assert max(range(len(lines)), key=strengths.__getitem__) == 3
    assert cut([1] * 6, strengths, 5) == [range(0, 3), range(3, 6)]


@given(st.lists(st.integers(1, 30), max_size=60), st.integers(30, 90))
def test_stretches_hold_every_line_once_and_fit_the_room(costs: list[int], room: int) -> None:
    stretches = cut(costs, [0.1 * (index % 7) for index in range(len(costs))], room)

    assert [index for stretch in stretches for index in stretch] == list(range(len(costs)))
    assert all(0 < sum(costs[index] for index in stretch) <= room for stretch in stretches)


@given(st.text(), st.integers(1, 40))
def test_pieces_lose_no_character_but_the_gaps(text: str, size: int) -> None:
    found = pieces(text, size)

    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(len(piece) <= size for piece in found)


# --- key messages ---------------------------------------------------------------------------------------------------


def test_the_most_central_messages_are_those_that_the_rest_is_about() -> None:
    texts = [
        "the login test fails on the release branch",
        "lunch?",
        "the release branch is blocked by the login test",
        "nice weather outside today",
        "who can fix the login test on the release branch",
    ]

    ranks = centrality(texts)

    assert min(ranks[0], ranks[2], ranks[4]) > max(ranks[1], ranks[3])
    assert sum(ranks) == pytest.approx(1)


def test_chinese_messages_are_ranked_without_cutting_words() -> None:
    texts = ["登录测试又失败了，发布受阻", "哈哈", "发布要等登录测试修好", "中午吃什么", "登录测试修好了可以发布"]

    assert 3 not in most_central(texts, 2)
    assert 1 not in most_central(texts, 5)


def test_a_message_that_repeats_a_chosen_one_is_passed_over() -> None:
    texts = ["the server room is too warm"] * 5 + ["please open the window in the server room"]

    assert len(most_central(texts, 3)) == 2


@pytest.mark.parametrize("texts", [[], [""], ["ok", "ok"], ["🎉"] * 10])
def test_texts_that_say_nothing_have_no_key_messages(texts: list[str]) -> None:
    assert most_central(texts, 3) == []


# --- grounding ------------------------------------------------------------------------------------------------------

TALK = (
    "ana: The launch moves to Friday at 6:30 pm, it costs 1,200 dollars\n"
    "ben: three of us will be there\n"
    "小明：周五十二点见"
)


@pytest.mark.parametrize(
    "sentence",
    [
        "Ana said that the launch moves to Friday.",
        "It starts at 6:30 pm and costs 1200 dollars.",
        "3 people will be there.",
        "Three of them will come, Ben said.",
        "Later, everybody agreed.",
        "- Decision: Friday",
        "小明说周五十二点见。",
        "大家12点见面。",
    ],
)
def test_what_the_source_has_is_kept(sentence: str) -> None:
    assert Source([TALK]).check(sentence).text == sentence


@pytest.mark.parametrize(
    ("sentence", "unsupported"),
    [
        ("Ana moved it to Thursday.", "Thursday"),
        ("It costs 1,300 dollars.", "1,300"),
        ("Xavier said no.", "Xavier"),
        ("Xavier's boat sank.", "Xavier's"),
        ("Then Olga came.", "Olga"),
        ("Seven of them will come.", "Seven"),
        ("- Olga: cleaned the room", "Olga"),
        ("小芳负责订酒店。", "小芳"),
        ("他们下午三点见。", ""),
        ("大家五点见。", "五"),
    ],
)
def test_what_the_source_does_not_have_is_dropped_with_its_sentence(sentence: str, unsupported: str) -> None:
    checked = Source([TALK]).check(f"Ana moved the launch.\n{sentence}")

    if unsupported:
        assert checked.text == "Ana moved the launch."
        assert unsupported in checked.unsupported
        assert checked.dropped == 1
    else:
        # Ben's "three" is a 3, whatever it counts: what is said of a number is not checked.
        assert checked.dropped == 0


def test_the_rest_of_a_line_stays_when_a_sentence_goes() -> None:
    checked = Source([TALK]).check("- Ana moved it. Olga left. Ben will be there.\n- Olga")

    assert checked.text == "- Ana moved it. Ben will be there.\n- Olga"


# --- outcomes -------------------------------------------------------------------------------------------------------


def _said(*rows: str) -> list[Line]:
    return list(of_text("\n".join(rows)).lines)


def test_decisions_are_found_in_both_languages() -> None:
    lines = _said(
        "ana: let's go with plan B", "ben: fine", "小明：那就周五吧", "ana: should we decide?", "ben: nice day"
    )

    assert [line.text for line in outcomes_of(lines).decisions] == ["let's go with plan B", "那就周五吧"]


def test_tasks_have_who_and_when_as_the_talk_says() -> None:
    lines = _said(
        "ana: I'll write the notes by Friday",
        "ben: ana, could you call the printer tomorrow?",
        "ana: I'll be late",
        "小明：我来订酒店",
        "小芳：请小明周一确认时间",
    )

    tasks = [(task.who, task.when) for task in outcomes_of(lines).tasks]

    assert tasks == [("ana", "by Friday"), ("ana", "tomorrow"), ("小明", ""), ("小明", "周一")]


def test_a_question_is_open_until_somebody_else_answers() -> None:
    lines = _said("ana: who has the key?", "ben: it is on my desk", "cem: when is the audit?", "cem: anyone?")

    assert [line.text for line in outcomes_of(lines).questions] == ["when is the audit?", "anyone?"]
