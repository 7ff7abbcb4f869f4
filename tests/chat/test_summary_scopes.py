"""/summarize: which stretch of the talk is read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.messages import MessageRef, RegenerateReply
from bot.domain.places import Platform
from tests.chat.talking import asked, hourly, shown, talk
from tests.houses import ANA, CHANNEL, House


@pytest.mark.parametrize(
    ("options", "first"),
    [
        ({"last": 3}, 17),
        ({"text": "last 3"}, 17),
        ({"text": "最近3条"}, 17),
        ({"since": "2h"}, 18),
        ({"text": "since 2h"}, 18),
        ({"since": "两小时前"}, 18),
        ({"since": "yesterday 22:00"}, 6),
        ({"since": "昨天22点"}, 6),
        ({"since": "today"}, 8),
        ({"since": "today", "text": "9:00"}, 17),
        ({}, 0),
    ],
)
async def test_a_scope_begins_where_it_says(house: House, options: dict[str, str], first: int) -> None:
    hourly(house, 20)

    await house.call("summarize", place=CHANNEL, **options)

    assert f"word{first}." in asked(house)
    assert f"word{first - 1}." not in asked(house)


async def test_times_are_the_askers_own_where_their_zone_is_known(house: House) -> None:
    hourly(house, 20)
    ana = replace(ANA, timezone="Asia/Shanghai")

    answer = await house.call("summarize", by=ana, place=CHANNEL, since="today")

    # Midnight in Shanghai was at 16:00 UTC, and it is 12:00 there.
    assert "20 messages" in answer.note
    assert "2026-11-22 00:00 to 2026-11-22 19:00 (Asia/Shanghai)" in answer.note


async def test_a_summary_since_i_was_last_here_begins_after_my_latest_message(house: House) -> None:
    talk(house, ("Ben", "early"), ("Ana", "bye"), ("Ben", "The door is open"), ("Cem", "I closed it"))

    await house.call("summarize", place=CHANNEL, since="me")

    assert "bye" not in asked(house)
    assert "The door is open" in asked(house)


async def test_own_messages_are_told_apart_by_key_where_the_platform_gives_it(house: House) -> None:
    talk(house, ("Ana", "first"), person="discord/99")
    talk(house, ("Ana (away)", "second"), person=ANA.key)
    talk(house, ("Ana", "third"), person="discord/99")

    await house.call("summarize", place=CHANNEL, since="me")

    assert "third" in asked(house)
    assert "second" not in asked(house)


async def test_a_catch_up_begins_where_one_left_and_shows_what_is_meant_for_one(house: House) -> None:
    talk(house, ("Ana", "bye"), ("Ben", "Ana should see the new plan"), ("Cem", "it rains"))

    await house.call("summarize", place=CHANNEL, style="catch-up")

    assert asked(house).startswith("Catch me up on this channel:\n<transcript>\nBen:")
    assert "**Meant for you**" in shown(house)


async def test_someone_who_was_never_here_is_told_so(house: House) -> None:
    talk(house, ("Ben", "one thing"), ("Cem", "another thing"))

    answer = await house.call("summarize", place=CHANNEL, style="catch-up")

    assert "found no message of yours" in answer.note
    assert "2 messages" in answer.note


async def test_a_summary_from_a_message_begins_there(house: House) -> None:
    hourly(house, 5)
    call = replace(house.command("summarize", place=CHANNEL), message=MessageRef(Platform.DISCORD, "general", "h3"))

    accepted = await house.core.accept(call)
    assert accepted is not None
    await house.settled(accepted.answer.id)

    assert "word3" in asked(house)
    assert "word2" not in asked(house)


async def test_asking_again_reads_the_same_scope(house: House) -> None:
    hourly(house, 20)
    first = await house.call("summarize", place=CHANNEL, since="2h")
    first_asked = asked(house)
    house.clock.forward(timedelta(hours=1))

    shown = MessageRef(Platform.DISCORD, CHANNEL.channel, f"m-{first.id}")
    accepted = await house.core.accept(RegenerateReply("r", CHANNEL, shown, ANA, house.clock.now()))
    assert accepted is not None
    await house.settled(accepted.answer.id)

    assert asked(house) == first_asked
