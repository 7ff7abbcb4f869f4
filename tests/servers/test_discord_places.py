"""Channels of every kind on the Discord server: forums and their posts, voice channels, threads that are closed."""

from __future__ import annotations

import discord
import pytest

from tests.servers.discord import ANNOUNCEMENT, FORUM, VOICE
from tests.servers.discord_client import Listener, running, team

# The servers are the tests' own tools: what they keep to need not be proved at every quick run.
pytestmark = pytest.mark.slow


async def test_a_post_is_a_thread_whose_first_message_has_its_id() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        post = await t.ana.posts(t.guild.add_channel("help", FORUM), "Tea", "which one?")
        await t.server.until(lambda: client.heard)
        thread = client.heard[0].channel

    assert isinstance(thread, discord.Thread)
    assert isinstance(thread.parent, discord.ForumChannel)
    assert (thread.name, thread.id) == ("Tea", client.heard[0].id)
    assert post.id == post.channel.id


async def test_a_forum_has_no_messages_of_its_own() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        forum = client.get_partial_messageable(int(t.guild.add_channel("help", FORUM).id))
        with pytest.raises(discord.HTTPException) as sent:
            await forum.send("hello")
        with pytest.raises(discord.HTTPException) as read:
            await anext(forum.history(limit=1))

    assert (sent.value.code, read.value.code) == (50008, 50024)


async def test_threads_of_announcements_are_of_their_own_kind() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        news = t.guild.add_channel("news", ANNOUNCEMENT)
        thread = await t.ana.opens_thread(await t.ana.says(news, "We moved."), "where to?")
        await t.server.until(lambda: client.get_channel(int(thread.id)))
        kind = client.get_channel(int(thread.id)).type  # type: ignore[union-attr]

    assert kind is discord.ChannelType.news_thread


async def test_who_may_not_join_a_voice_channel_has_no_access_to_its_words() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        voice = t.guild.add_channel("lounge", VOICE)
        voice.bot_may(connect=False)
        with pytest.raises(discord.Forbidden) as refused:
            await client.get_partial_messageable(int(voice.id)).send("hello")

    assert refused.value.code == 50001


async def test_who_may_write_may_take_a_thread_out_of_the_archive_unless_it_is_locked() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        thread = await t.ana.opens_thread(t.channel, "plans")
        thread.archive()
        await client.http.edit_channel(int(thread.id), archived=False)
        was_opened = not thread.archived
        thread.archive(locked=True)
        with pytest.raises(discord.Forbidden):
            await client.http.edit_channel(int(thread.id), archived=False)
        with pytest.raises(discord.HTTPException) as refused:
            await client.get_partial_messageable(int(thread.id)).send("hello")

    assert was_opened
    assert refused.value.code == 160005
