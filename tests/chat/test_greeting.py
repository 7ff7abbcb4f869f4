"""Greeting who opens a thread: where it is wanted, once, in their language."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.messages import ThreadOpened
from bot.domain.places import Person, Place
from tests.houses import ANA, CHANNEL, DIRECT, LIN, OTHER, ROBOT, THREAD, House, open_house


def _opened(house: House, by: Person = ANA, place: Place = THREAD, event: str = "opened-1") -> ThreadOpened:
    return ThreadOpened(event, place, by, house.clock.now())


@pytest.fixture
async def greeting_house(house: House) -> House:
    """Ana, an admin, turned greeting on in the channel."""
    house.platform.admins.add(ANA.key)
    await house.call("settings", place=CHANNEL, name="greet", value="on")
    return house


async def _greetings(house: House) -> list[str]:
    return [reply.answer.text for reply in house.platform.finished if reply.answer and reply.target.asker.is_bot]


async def test_nobody_is_greeted_unless_an_admin_wants_it(house: House) -> None:
    assert await house.core.greet(_opened(house)) is None


async def test_who_opens_a_thread_is_greeted_there_in_their_language(greeting_house: House) -> None:
    accepted = await greeting_house.core.greet(_opened(greeting_house, by=LIN))
    assert accepted is not None
    said = await greeting_house.settled(accepted.answer.id)

    assert accepted.place == THREAD
    assert said.text.startswith("琳，你好，我是 Inkling。")


async def test_a_direct_conversation_is_greeted_as_one(greeting_house: House) -> None:
    await greeting_house.call("settings", place=DIRECT, name="greet", value="on")

    accepted = await greeting_house.core.greet(_opened(greeting_house, place=DIRECT))
    assert accepted is not None

    said = await greeting_house.settled(accepted.answer.id)
    assert said.text == "Hello Ana, I am Inkling. Write here and I answer. `!help` says what else I can do."


async def test_a_thread_is_greeted_once_however_often_the_platform_tells_of_it(
    greeting_house: House, tmp_path: Path
) -> None:
    first = await greeting_house.core.greet(_opened(greeting_house))
    assert first is not None
    await greeting_house.settled(first.answer.id)

    assert await greeting_house.core.greet(_opened(greeting_house)) is None
    assert await greeting_house.core.greet(_opened(greeting_house, event="opened-2")) is None
    async with open_house(tmp_path, platform=greeting_house.platform) as restarted:
        assert await restarted.core.greet(_opened(restarted, event="opened-3")) is None
    assert len(await _greetings(greeting_house)) == 1


async def test_another_channels_threads_are_not_greeted(greeting_house: House) -> None:
    elsewhere = Place(OTHER.platform, OTHER.workspace, OTHER.channel, "t9", THREAD.kind)

    assert await greeting_house.core.greet(_opened(greeting_house, place=elsewhere)) is None


async def test_a_bots_thread_is_not_greeted(greeting_house: House) -> None:
    assert await greeting_house.core.greet(_opened(greeting_house, by=ROBOT)) is None


async def test_a_greeting_tells_the_persona_that_speaks(greeting_house: House) -> None:
    await greeting_house.call("persona", place=CHANNEL, name="editor", **{"for": "here"})

    accepted = await greeting_house.core.greet(_opened(greeting_house))
    assert accepted is not None

    assert "`editor`" in (await greeting_house.settled(accepted.answer.id)).text


async def test_in_a_greeted_thread_nobody_needs_to_mention_the_bot(greeting_house: House) -> None:
    assert await greeting_house.core.accept(greeting_house.message("Hello?", place=THREAD, mention=False)) is None
    await greeting_house.core.greet(_opened(greeting_house))

    answer = await greeting_house.ask("Hello?", place=THREAD, mention=False)

    assert answer.text == "Fine."


async def test_a_greeting_stands_beside_the_talk(greeting_house: House) -> None:
    """It is in no prompt, so it costs no model anything."""
    await greeting_house.core.greet(_opened(greeting_house))

    answer = await greeting_house.ask("Hello", place=THREAD)

    assert answer.prompt is not None
    assert [message.content for message in answer.prompt[1:]] == ["Hello"]
