"""`/settings`: what a place's admins change, what it changes, and who sees what about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.chat.place_settings import settings_of
from bot.domain.conversation import Turn, TurnStatus
from bot.domain.messages import ContinueReply
from bot.domain.place_settings import PlaceSettings
from bot.domain.places import Person
from tests.houses import ANA, BEN, CHANNEL, DIRECT, LIN, OTHER, THREAD, House

CARLA = Person(ANA.platform, "4", "Car|a")


@pytest.fixture
async def admins(house: House) -> House:
    """A house whose admins are Ana, 琳 and Car|a."""
    house.platform.admins.update(person.key for person in (ANA, LIN, CARLA))
    return house


async def _holds(house: House) -> PlaceSettings:
    async with house.services.units.reading() as uow:
        return await settings_of(CHANNEL, BEN, house.services, uow)


def _read(answer: Turn) -> Sequence[str]:
    """What the model read, after the system message."""
    assert answer.prompt is not None
    return [message.content for message in answer.prompt[1:]]


async def test_the_house_style_is_kept_to_in_all_answers_there(admins: House) -> None:
    await admins.ask("/settings house-style Say “we”.", place=CHANNEL)

    there = await admins.ask("Hello", by=BEN, place=THREAD)
    elsewhere = await admins.ask("Hello", by=BEN, place=OTHER)

    assert there.prompt is not None
    assert there.prompt[0].content.endswith("house style in everything that you write: Say “we”.")
    assert elsewhere.prompt is not None
    assert "Say" not in elsewhere.prompt[0].content


async def test_talk_in_a_channel_carries_on_for_as_long_as_the_place_says(admins: House) -> None:
    await admins.ask("/settings idle 2h", place=CHANNEL)
    for place in (CHANNEL, OTHER):
        await admins.ask("First", place=place)
    admins.clock.forward(timedelta(minutes=90))

    assert _read(await admins.ask("Second", place=CHANNEL)) == ["First", "Fine.", "Second"]
    assert _read(await admins.ask("Second", place=OTHER)) == ["Second"]


async def test_with_no_idle_window_every_message_begins_anew(admins: House) -> None:
    await admins.ask("/settings idle 0", place=CHANNEL)
    await admins.ask("First", place=CHANNEL)
    admins.clock.forward(timedelta(seconds=1))

    assert _read(await admins.ask("Second", place=CHANNEL)) == ["Second"]


@pytest.mark.parametrize(
    ("memory", "read"),
    [
        ("0", ["Three"]),
        ("2", ["Two", "Fine.", "Three"]),
        ("3", ["Fine.", "Two", "Fine.", "Three"]),
        ("all", ["One", "Fine.", "Two", "Fine.", "Three"]),
    ],
)
async def test_an_answer_reads_at_most_as_many_earlier_messages_as_the_place_says(
    admins: House, memory: str, read: Sequence[str]
) -> None:
    await admins.ask(f"/settings memory {memory}", place=CHANNEL)
    for word in ("One", "Two"):
        await admins.ask(word, place=THREAD)

    assert _read(await admins.ask("Three", place=THREAD)) == read


async def test_an_answer_that_is_continued_is_read_with_its_question_whatever_is_remembered(admins: House) -> None:
    await admins.ask("/settings memory 0", place=DIRECT)
    await admins.ask("One")
    answer = await admins.ask("Two")
    for number in range(2):
        more = await admins.core.accept(
            ContinueReply(f"c{number}", DIRECT, admins.ref(answer.id), ANA, admins.clock.now())
        )
        assert more is not None
        answer = await admins.settled(more.answer.id)

    assert _read(answer) == ["Two", "Fine.Fine."]


async def test_reset_puts_one_setting_back_or_all(admins: House) -> None:
    for line in ("idle 2h", "memory 20", "greet on", "house-style Say “we”."):
        await admins.ask(f"/settings {line}", place=CHANNEL)
    before = await _holds(admins)

    await admins.ask("/settings reset idle", place=CHANNEL)
    one = await _holds(admins)
    await admins.ask("/settings reset", place=CHANNEL)

    assert before == PlaceSettings("", "", "Say “we”.", 120, 20, True)
    assert one == PlaceSettings("", "", "Say “we”.", 30, 20, True)
    assert await _holds(admins) == PlaceSettings()


async def test_off_drops_the_house_style(admins: House) -> None:
    await admins.ask("/settings house-style Say “we”.", place=CHANNEL)

    await admins.ask("/settings house-style off", place=CHANNEL)

    assert (await _holds(admins)).house_style == ""


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("idle soon", "from 0 minutes to 10080"),
        ("idle 8d", "from 0 minutes to 10080"),
        ("memory 1001", "from 0 to 1000"),
        ("memory few", "from 0 to 1000"),
        ("greet perhaps", "on or off"),
        ("idle", "`/settings idle 2h`"),
        ("greet", "`/settings greet on`"),
        ("reset everything", "house-style, idle, memory, greet"),
        ("2h", "house-style, idle, memory, greet"),
        ("house-style " + "x" * 1001, "longer than 1000"),
    ],
)
async def test_a_wrong_value_is_refused_with_what_can_be_said(admins: House, line: str, words: str) -> None:
    refused = await admins.ask(f"/settings {line}", place=CHANNEL)

    assert refused.status is TurnStatus.REFUSED
    assert words in refused.text
    assert await _holds(admins) == PlaceSettings()


async def test_members_change_nothing(admins: House) -> None:
    refused = await admins.ask("/settings idle 2h", by=BEN, place=CHANNEL)

    assert refused.status is TurnStatus.REFUSED
    assert await _holds(admins) == PlaceSettings()


async def test_without_options_it_shows_each_setting_with_who_set_it_and_how_to_change_it(admins: House) -> None:
    await admins.ask("/settings idle 90", place=CHANNEL)
    await admins.ask("/settings memory 20", by=CARLA, place=CHANNEL)

    shown = await admins.ask("/settings", by=CARLA, place=CHANNEL)

    assert "| `idle` | 90 min | by Ana, 2026-11-22 12:00 |" in shown.text
    assert "| `memory` | 20 messages | by you, 2026-11-22 12:00 |" in shown.text
    assert "| `greet` | off | by the host |" in shown.text
    for line in ("house-style Say", "idle 2h", "memory 20", "greet on", "reset"):
        assert f"`/settings {line}" in shown.text
    assert shown.private


async def test_a_name_cannot_break_the_table(admins: House) -> None:
    await admins.ask("/settings memory 20", by=CARLA, place=CHANNEL)

    assert "| by Car/a, " in (await admins.ask("/settings", place=CHANNEL)).text


async def test_an_admin_who_is_not_known_here_is_not_named(admins: House) -> None:
    """They set it from a thread, or were forgotten since."""
    await admins.ask("/settings memory 20", by=CARLA, place=THREAD)

    assert "| by an admin, " in (await admins.ask("/settings", place=CHANNEL)).text


async def test_the_table_speaks_the_language_of_who_asks(admins: House) -> None:
    await admins.ask("/settings idle 2h", place=CHANNEL)

    shown = await admins.ask("/settings", by=LIN, place=CHANNEL)

    assert "| `idle` | 2 小时 | Ana，2026-11-22 12:00 |" in shown.text


async def test_a_form_and_a_typed_line_are_one_command(admins: House) -> None:
    await admins.call("settings", place=CHANNEL, name="idle", value="2h")

    assert (await _holds(admins)).idle_minutes == 120
