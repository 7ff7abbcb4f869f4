"""New threads: greeted where a place's admins want it, once, and only where a person begins one."""

from __future__ import annotations

import pytest

from tests.discord.bots import Bot
from tests.servers.discord import Channel, DiscordServer, Message, Person


@pytest.fixture
async def greeting(bot: Bot, server: DiscordServer, channel: Channel) -> Bot:
    """A bot that greets in threads of the channel."""
    mo = server.add_user("Mo", admin=True)
    act = await mo.calls(channel, "settings", name="greet", value="on")
    await server.until(lambda: act.replies and not act.reply.loading)
    return bot


def _said(bot: Bot, place: Channel) -> list[Message]:
    return [message for message in place.messages if message.author is bot.server.bot]


async def test_who_begins_a_thread_is_greeted_by_name(greeting: Bot, channel: Channel, ana: Person) -> None:
    thread = await ana.opens_thread(channel, "Lunch")

    (hello,) = await greeting.answers(thread)

    assert "Ana" in hello.text
    assert hello.rows == []


async def test_nobody_is_greeted_unless_a_place_wants_it(bot: Bot, channel: Channel, ana: Person) -> None:
    thread = await ana.opens_thread(channel, "Lunch")

    await ana.says(thread, f"{bot.server.bot.mention} hello")

    assert [answer.text for answer in await bot.answers(thread)] == ["Fine."]


async def test_threads_of_bots_and_threads_where_it_may_not_write_are_left_alone(
    greeting: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    robot = server.add_user("Robot", bot=True)
    theirs = await robot.opens_thread(channel, "Buy now")
    channel.bot_may(send_messages_in_threads=False)
    mute = await ana.opens_thread(channel, "Quiet")

    await ana.says(channel, f"{server.bot.mention} hello")
    await greeting.answers(channel)

    assert _said(greeting, theirs) == []
    assert _said(greeting, mute) == []


async def test_a_greeting_does_not_part_a_thread_from_the_answer_that_it_begins_at(
    greeting: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    await ana.says(channel, f"{server.bot.mention} my name is Ana")
    (answer,) = await greeting.answers(channel)
    thread = await ana.opens_thread(answer, "Names")
    await greeting.answers(thread)

    await ana.says(thread, f"{server.bot.mention} what is my name?")
    await greeting.answers(thread, 2)

    said = [message.content for message in greeting.generator.requests[-1].messages]
    assert said[-3:] == ["my name is Ana", "Fine.", "what is my name?"]
