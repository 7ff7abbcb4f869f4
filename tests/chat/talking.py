"""Talk in a channel to be summed up, and what the model was asked and people were shown."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.conversation import Turn
from bot.domain.messages import HistoryMessage, MessageRef
from bot.domain.places import Platform
from tests.houses import CHANNEL, House


def talk(house: House, *lines: tuple[str, str], pause: timedelta = timedelta(minutes=1), **more: object) -> None:
    """What people said in the channel, oldest first, the last of it a pause ago; the platform gives it newest first."""
    for number, (author, text) in enumerate(lines):
        ref = MessageRef(Platform.DISCORD, CHANNEL.channel, f"h{number}")
        at = house.clock.now() - pause * (len(lines) - number)
        link = f"https://chat.example/{number}"
        house.platform.past.insert(0, HistoryMessage(ref, author, text, at, link=link, **more))  # type: ignore[arg-type]


def asked(house: House) -> str:
    """The last prompt's user message."""
    return house.generator.requests[-1].messages[-1].content


def shown(house: House) -> str:
    """The text of the last answer as the platform shows it."""
    answer = house.platform.finished[-1].answer
    assert answer is not None
    return answer.text


async def stored(house: House, turn: Turn) -> str:
    """All that is kept of the conversation of a turn."""
    async with house.services.units.reading() as uow:
        turns = [await uow.turns.get(each.id) for each in await uow.turns.in_conversation(turn.conversation_id)]
    return "\n".join(repr(each) for each in turns)


def hourly(house: House, count: int) -> None:
    """One message an hour, the last an hour ago: word0, word1, …"""
    talk(house, *((f"P{number % 3}", f"word{number}.") for number in range(count)), pause=timedelta(hours=1))
