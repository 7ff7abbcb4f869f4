"""Every kind of channel that people may meet the bot in: forums, announcements, voice channels, threads that closed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.domain.places import PlaceKind
from tests.discord.bots import Bot, open_bot
from tests.servers.discord import ANNOUNCEMENT, FORUM, MEDIA, STAGE, VOICE, Channel, DiscordServer, Person


def _asked(bot: Bot) -> list[str]:
    return [request.messages[-1].content for request in bot.generator.requests]


def _add(channel: Channel, name: str, kind: int) -> Channel:
    assert channel.guild is not None
    return channel.guild.add_channel(name, kind)


# --- forums ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [FORUM, MEDIA])
async def test_a_post_that_mentions_the_bot_is_answered_in_it_with_its_title_read(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person, kind: int
) -> None:
    forum = _add(channel, "help", kind)

    post = await ana.posts(forum, "A name for our cat", f"{server.bot.mention} it is black")

    (answer,) = await bot.answers(post.channel)
    assert _asked(bot) == ["A name for our cat\n\nit is black"]
    assert answer.reply_to is post
    places = await bot.house.core.reading.places(bot.platform.name)
    assert [(place.kind, place.channel, place.thread) for place in places] == [
        (PlaceKind.THREAD, forum.id, post.channel.id)
    ]


async def test_a_post_is_followed_like_a_thread_and_remembers(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    post = await ana.posts(_add(channel, "help", FORUM), "Tea", f"{server.bot.mention} which one?")
    await bot.answers(post.channel)

    await ana.says(post.channel, "and for the evening?")

    await bot.answers(post.channel, 2)
    said = [message.content for message in bot.generator.requests[-1].messages]
    assert said[-3:] == ["Tea\n\nwhich one?", "Fine.", "and for the evening?"]


async def test_a_command_in_a_post_is_a_command(bot: Bot, server: DiscordServer, channel: Channel, ana: Person) -> None:
    post = await ana.posts(_add(channel, "help", FORUM), "Lunch", f"{server.bot.mention} !write email invite the team")

    await bot.answers(post.channel)

    assert "invite the team" in _asked(bot)[0]
    assert "Lunch" not in _asked(bot)[0]


async def test_talk_in_a_forum_is_left_alone_until_the_bot_is_mentioned(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    post = await ana.posts(_add(channel, "help", FORUM), "Tea", "which one?")
    await ana.says(post.channel, f"{server.bot.mention} what is green tea?")

    await bot.answers(post.channel)

    assert _asked(bot) == ["what is green tea?"]


async def test_a_post_is_summed_up_from_its_title_on(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    post = await ana.posts(_add(channel, "help", FORUM), "Where is the key?", "I looked everywhere.")
    await ana.says(post.channel, "Under the mat.")

    act = await ana.calls(post.channel, "summarize")
    await server.until(lambda: act.replies and act.reply.text.startswith("Fine."))

    material = "\n".join(message.content for message in bot.generator.requests[0].messages)
    assert material.index("Where is the key?") < material.index("Under the mat.")


async def test_who_posts_is_greeted_once_their_post_is_there(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    forum = _add(channel, "help", FORUM)
    boss = server.add_user("Boss", admin=True)
    await boss.calls(channel, "settings", name="greet", value="on")
    post = await ana.posts(forum, "Tea", "which one?")

    await ana.says(post.channel, f"{server.bot.mention} hello")

    await bot.answers(post.channel)
    assert _asked(bot) == ["hello"]


async def test_a_post_begun_while_the_bot_was_down_is_answered_after_its_start(
    server: DiscordServer, channel: Channel, ana: Person, tmp_path: Path
) -> None:
    forum = _add(channel, "help", FORUM)
    async with open_bot(server, tmp_path) as bot:
        await ana.says(channel, f"{server.bot.mention} hello")
        await bot.answers(channel)
    post = await ana.posts(forum, "Tea", f"{server.bot.mention} which one?")

    async with open_bot(server, tmp_path) as bot:
        await bot.answers(post.channel)

        assert _asked(bot) == ["Tea\n\nwhich one?"]


# --- other channels -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [ANNOUNCEMENT, VOICE, STAGE])
async def test_every_channel_with_words_in_it_is_a_place_to_talk(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person, kind: int
) -> None:
    there = _add(channel, "there", kind)
    await ana.says(there, f"{server.bot.mention} one")
    (answer,) = await bot.answers(there)

    await ana.says(there, f"{server.bot.mention} two", reply_to=answer)

    await bot.answers(there, 2)
    said = [message.content for message in bot.generator.requests[-1].messages]
    assert said[-3:] == ["one", "Fine.", "two"]


@pytest.mark.parametrize("kind", [ANNOUNCEMENT, VOICE, STAGE])
async def test_what_was_said_there_while_the_bot_was_down_is_answered(
    server: DiscordServer, channel: Channel, ana: Person, tmp_path: Path, kind: int
) -> None:
    there = _add(channel, "there", kind)
    async with open_bot(server, tmp_path) as bot:
        await ana.says(channel, f"{server.bot.mention} hello")
        await bot.answers(channel)
    await ana.says(there, f"{server.bot.mention} one")

    async with open_bot(server, tmp_path) as bot:
        await bot.answers(there)

        assert _asked(bot) == ["one"]


async def test_a_thread_on_an_announcement_is_a_thread(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    news = _add(channel, "news", ANNOUNCEMENT)
    thread = await ana.opens_thread(await ana.says(news, "We moved."), "where to?")
    await ana.says(thread, f"{server.bot.mention} one")
    await bot.answers(thread)

    await ana.says(thread, "two")

    await bot.answers(thread, 2)
    assert _asked(bot) == ["one", "two"]


# --- threads that closed --------------------------------------------------------------------------------------------


async def test_an_answer_under_way_in_a_thread_that_is_archived_is_finished_in_its_message(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    gate = asyncio.Event()
    bot.generator.enqueue("Once upon ", gate, "a time.")
    thread = await ana.opens_thread(channel, "tales")
    await ana.says(thread, f"{server.bot.mention} a story")
    await server.until(lambda: any(message.author is server.bot for message in thread.messages))

    thread.archive()
    gate.set()

    (answer,) = await bot.answers(thread)
    assert answer.text == "Once upon a time."
    server.violations.clear()


async def test_what_was_asked_in_a_thread_that_is_archived_by_now_is_answered(
    server: DiscordServer, channel: Channel, ana: Person, tmp_path: Path
) -> None:
    thread = await ana.opens_thread(channel, "tales")
    async with open_bot(server, tmp_path) as bot:
        await ana.says(thread, f"{server.bot.mention} one")
        await bot.answers(thread)
    await ana.says(thread, "two")
    thread.archive()

    async with open_bot(server, tmp_path) as bot:
        await bot.answers(thread, 2)

        assert _asked(bot) == ["two"]
    assert not thread.archived


async def test_in_a_thread_that_was_locked_meanwhile_the_asker_is_told_directly(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    gate = asyncio.Event()
    bot.generator.enqueue(gate, "Too late.")
    thread = await ana.opens_thread(channel, "tales")
    await ana.says(thread, f"{server.bot.mention} a story")
    await server.until(lambda: bot.generator.requests)

    thread.archive(locked=True)
    gate.set()

    (told,) = await bot.answers(ana.dm)
    assert told.text == f"You asked me something in <#{thread.id}>, but that thread is locked by now."
    server.violations.clear()
