"""`/summarize` over several channels, and from a message on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.conversation import TurnStatus
from bot.domain.messages import HistoryMessage, MessageRef, RegenerateReply
from bot.domain.places import Place, Platform, owning_place
from bot.ports import FoundPlace
from tests.houses import ANA, BEN, CHANNEL, House

OPS = owning_place(Platform.DISCORD, "guild", "ops")


def talk(house: House, place: Place, *texts: str) -> list[HistoryMessage]:
    """Messages of a channel, a minute apart, newest first."""
    said = []
    for number, text in enumerate(texts):
        at = house.clock.now() - timedelta(minutes=len(texts) - number)
        link = f"https://chat.example/{place.channel}/{number}"
        said.append(
            HistoryMessage(
                MessageRef(place.platform, place.channel, f"{place.channel}{number}"), "Ben", text, at, link=link
            )
        )
    return said[::-1]


@pytest.fixture(autouse=True)
def _channels(house: House) -> None:
    house.platform.channels = {"#general": FoundPlace("general", CHANNEL), "#ops": FoundPlace("ops", OPS)}
    house.platform.past_of = {
        CHANNEL.key: talk(house, CHANNEL, "The picnic is on Monday.", "Ana brings cake."),
        OPS.key: talk(house, OPS, "The server was restarted.", "All is well."),
    }


def shown(house: House) -> str:
    answer = house.platform.finished[-1].answer
    assert answer is not None
    return answer.text


async def test_each_channel_named_has_its_own_summary_with_its_own_messages(house: House) -> None:
    summary = await house.call("summarize", place=CHANNEL, channels="#general, #ops")

    asked = [request.messages[-1].content for request in house.generator.requests]
    assert ["picnic" in words for words in asked] == [True, False]
    assert ["server" in words for words in asked] == [False, True]
    assert summary.text == "**#general**\n\nFine.\n\n**#ops**\n\nFine."
    assert summary.private
    first, second = summary.note.split("\n")
    assert first.startswith("#general: Covers 2 messages by 1 people")
    assert second.startswith("#ops: Covers 2 messages by 1 people")


async def test_a_channel_that_the_asker_cannot_read_does_not_exist_for_them(house: House) -> None:
    house.platform.barred.add(BEN.key)
    refused = await house.call("summarize", BEN, CHANNEL, channels="#ops")
    unknown = await house.call("summarize", ANA, CHANNEL, channels="#nowhere")

    assert refused.status is unknown.status is TurnStatus.REFUSED
    assert refused.text.startswith("There is no channel #ops here that you can read.")
    assert unknown.text.startswith("There is no channel #nowhere here that you can read.")
    assert house.generator.requests == []


async def test_a_channel_without_talk_is_said_so_beside_the_others(house: House) -> None:
    house.platform.past_of[OPS.key] = []
    summary = await house.call("summarize", place=CHANNEL, channels="#general #ops")

    assert summary.text == "**#general**\n\nFine."
    assert summary.note.split("\n")[-1].startswith("#ops: ")


async def test_too_many_channels_are_refused(house: House) -> None:
    refused = await house.call("summarize", channels=" ".join(f"#c{number}" for number in range(11)))

    assert refused.text == "I read at most 10 channels at once. Please name fewer."


async def test_a_summary_begins_at_the_message_of_a_link(house: House) -> None:
    await house.call("summarize", place=CHANNEL, channels="#general", **{"from": "<https://chat.example/general/1>"})

    asked = house.generator.requests[-1].messages[-1].content
    assert "cake" in asked
    assert "picnic" not in asked


async def test_asking_again_begins_at_the_same_message(house: House) -> None:
    call = replace(
        house.command("summarize", place=CHANNEL), message=MessageRef(Platform.DISCORD, "general", "general1")
    )
    accepted = await house.core.accept(call)
    assert accepted is not None
    first = await house.settled(accepted.answer.id)

    again = await house.press(RegenerateReply, first.id, place=CHANNEL)

    asked, asked_again = (request.messages[-1].content for request in house.generator.requests)
    assert again.status is TurnStatus.COMPLETE
    assert asked_again == asked
    assert "picnic" not in asked


async def test_nobody_else_asks_for_a_private_summary_again(house: House) -> None:
    private = await house.call("summarize", place=CHANNEL)
    shown_as = MessageRef(Platform.DISCORD, CHANNEL.channel, f"m-{private.id}")

    assert await house.core.accept(RegenerateReply("r1", CHANNEL, shown_as, BEN, house.clock.now())) is None
