"""What people do on the Discord server, as discord.py sees it: messages, edits, reactions, threads, files."""

from __future__ import annotations

import io

import discord
import pytest

from tests.servers.discord_client import Listener, running, team

# The servers are the tests' own tools: what they keep to need not be proved at every quick run.
pytestmark = pytest.mark.slow


class Echo(Listener):
    async def on_message(self, message: discord.Message) -> None:
        await super().on_message(message)
        assert self.user is not None
        if self.user.mentioned_in(message) and message.author != self.user:
            await message.reply(f"you said {message.content}", mention_author=False)


async def test_a_mention_is_answered_with_a_reply_that_pings_nobody() -> None:
    async with team() as t, running(t.server, Echo()):
        question = await t.ana.says(t.channel, f"hello {t.server.bot.mention}")
        await t.server.until(lambda: len(t.channel.messages) == 2)

    answer = t.channel.messages[1]
    assert (answer.author, answer.reply_to, answer.pinged) == (t.server.bot, question, [])
    assert t.server.violations == []


async def test_a_direct_message_has_no_guild_and_its_author_is_a_user() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        await t.ana.says(t.ana.dm, "psst")
        await t.server.until(lambda: client.heard)

    message = client.heard[0]
    assert (message.content, message.guild, type(message.author)) == ("psst", None, discord.User)
    assert isinstance(message.channel, discord.DMChannel)


async def test_the_bot_can_write_first_to_a_person() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        user = await client.fetch_user(int(t.ana.id))
        await user.send("hello Ana")

    assert [message.text for message in t.ana.dm.messages] == ["hello Ana"]


async def test_a_person_with_closed_direct_messages_cannot_be_written_to() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        t.ana.closed_dms = True
        user = await client.fetch_user(int(t.ana.id))
        try:
            await user.send("hello")
        except discord.Forbidden as error:
            code = error.code

    assert code == 50007


async def test_edits_show_every_state_and_reach_the_gateway_as_updates() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        channel = client.get_partial_messageable(int(t.channel.id))
        sent = await channel.send("one")
        await sent.edit(content="one two")
        await t.server.until(lambda: client.edits)

    assert t.channel.messages[0].states == ["one", "one two"]
    assert t.channel.messages[0].edited_at is not None


async def test_a_persons_edit_and_deletion_are_told() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        message = await t.ana.says(t.channel, "tea")
        await t.ana.edits(message, "coffee")
        await t.ana.deletes(message)
        await t.server.until(lambda: client.deletions)

    assert client.edits[0].message.content == "coffee"
    assert client.deletions[0].message_id == int(message.id)
    assert t.channel.messages == []


async def test_an_unfurled_link_and_a_pin_are_updates_that_are_no_edits() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        message = await t.ana.says(t.channel, "look: https://example.org/")
        await t.server.unfurls(message)
        await t.ana.pins(message)
        await t.server.until(lambda: len(client.edits) == 2)

    assert [edit.message.edited_at for edit in client.edits] == [None, None]
    assert [edit.message.content for edit in client.edits] == [message.text] * 2
    assert client.edits[0].message.embeds[0].url == "https://example.org/"


async def test_many_messages_deleted_at_once_come_as_one_event() -> None:
    client = Listener()
    deleted: list[discord.RawBulkMessageDeleteEvent] = []

    @client.event
    async def on_raw_bulk_message_delete(payload: discord.RawBulkMessageDeleteEvent) -> None:
        deleted.append(payload)

    async with team() as t, running(t.server, client):
        messages = [await t.ana.says(t.channel, text) for text in "abc"]
        await t.ana.deletes_all(messages)
        await t.server.until(lambda: deleted)

    assert deleted[0].message_ids == {int(message.id) for message in messages}


async def test_reactions_name_the_emoji_with_its_skin_tone_and_on_adding_the_messages_author() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        answer = await client.get_partial_messageable(int(t.channel.id)).send("an answer")
        message = t.channel.messages[0]
        await t.ana.reacts(message, "👍🏽")
        await t.ana.unreacts(message, "👍🏽")
        await t.server.until(lambda: len(client.reactions) == 2)

    added, removed = client.reactions
    assert (str(added.emoji), added.user_id, added.message_id) == ("👍🏽", int(t.ana.id), answer.id)
    assert added.message_author_id == int(t.server.bot.id)
    assert (removed.event_type, removed.message_author_id) == ("REACTION_REMOVE", None)


async def test_the_bot_reacts_with_emoji_that_exist_only() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        sent = await client.get_partial_messageable(int(t.channel.id)).send("hm")
        await sent.add_reaction("👀")
        try:
            await sent.add_reaction("thumbsup")
        except discord.HTTPException as error:
            code = error.code
        await sent.remove_reaction("👀", discord.Object(int(t.server.bot.id)))

    assert code == 10014
    assert t.channel.messages[0].reactions == {}


async def test_other_bots_and_webhooks_are_heard_as_such() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        robo = t.server.add_user("Robo", bot=True)
        await robo.says(t.channel, "beep")
        await t.channel.add_webhook("CI").says("built")
        await t.server.until(lambda: len(client.heard) == 2)

    assert [message.author.bot for message in client.heard] == [True, True]
    assert [message.webhook_id is not None for message in client.heard] == [False, True]


async def test_a_thread_at_a_message_has_the_messages_id_and_a_first_line_by_discord() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        message = await t.ana.says(t.channel, "a long story")
        thread = await t.ana.opens_thread(message, "story")
        await t.ana.says(thread, "once upon a time")
        await t.server.until(lambda: len(client.heard) == 3)

    assert thread.id == message.id
    assert client.heard[1].type is discord.MessageType.thread_starter_message
    assert isinstance(client.heard[2].channel, discord.Thread)
    assert client.heard[2].channel.parent_id == int(t.channel.id)
    assert [each.text for each in thread.messages] == ["once upon a time"]


async def test_the_bot_opens_a_thread_at_a_message_once() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        await t.ana.says(t.channel, "let us talk")
        await t.server.until(lambda: client.heard)
        thread = await client.heard[0].create_thread(name="talk")
        await thread.send("here")
        try:
            await client.heard[0].create_thread(name="again")
        except discord.HTTPException as error:
            code = error.code

    assert code == 160004
    assert [each.text for each in t.guild.threads[str(thread.id)].messages] == ["here"]


async def test_a_word_in_an_archived_thread_takes_it_out_again_before_the_message_comes() -> None:
    client = Listener()
    async with team() as t:
        thread = await t.ana.opens_thread(t.channel, "old")
        thread.archive()
        async with running(t.server, client):
            assert list(client.guilds[0].threads) == []
            await t.ana.says(thread, "still there?")
            await t.server.until(lambda: client.heard)

    assert isinstance(client.heard[0].channel, discord.Thread)
    assert not thread.archived


async def test_a_persons_file_is_served_at_its_address() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        await t.ana.says(t.channel, "read this", files=[("notes.txt", "日记\n".encode())])
        await t.server.until(lambda: client.heard)
        attachment = client.heard[0].attachments[0]
        data = await attachment.read()

    assert (attachment.filename, attachment.size, data.decode()) == ("notes.txt", 7, "日记\n")
    assert attachment.content_type == "text/plain; charset=utf-8"


async def test_an_address_of_a_file_expires_and_a_fetched_message_has_a_fresh_one() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        await t.ana.says(t.channel, files=[("a.txt", b"abc")])
        await t.server.until(lambda: client.heard)
        t.server.faults.expire_files()
        try:
            await client.heard[0].attachments[0].read()
        except discord.NotFound as error:
            status = error.status
        again = await client.heard[0].fetch()
        data = await again.attachments[0].read()

    assert (status, data) == (404, b"abc")


async def test_the_bots_files_arrive_with_their_alt_text() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        file = discord.File(io.BytesIO(b"abc"), "cat.png", description="a cat")
        sent = await client.get_partial_messageable(int(t.channel.id)).send("here", file=file)
        await sent.edit(attachments=[*sent.attachments, discord.File(io.BytesIO(b"d"), "dog.png")])

    message = t.channel.messages[0]
    assert [(each.filename, each.data, each.description) for each in message.files] == [
        ("cat.png", b"abc", "a cat"),
        ("dog.png", b"d", None),
    ]


async def test_history_is_read_in_pages_newest_first() -> None:
    client = Listener()
    async with team(limits=False) as t, running(t.server, client):
        for number in range(120):
            await t.ana.says(t.channel, str(number), ago=1000 - number)
        channel = client.get_partial_messageable(int(t.channel.id))
        newest = [message.content async for message in channel.history(limit=110)]
        after = discord.Object(int(t.channel.messages[100].id))
        later = [message.content async for message in channel.history(after=after, oldest_first=True)]
        around = [message.content async for message in channel.history(limit=5, around=after)]

    assert newest == [str(number) for number in range(119, 9, -1)]
    assert later == [str(number) for number in range(101, 120)]
    assert around == ["102", "101", "100", "99", "98"]
    assert len(t.server.seen("GET", f"/channels/{t.channel.id}/messages")) == 4


async def test_a_nonce_makes_a_message_once() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        channel = client.get_partial_messageable(int(t.channel.id))
        first = await channel.send("once", nonce="turn-1-0")
        second = await channel.send("once", nonce="turn-1-0")

    assert first.id == second.id
    assert len(t.channel.messages) == 1


async def test_typing_is_seen_until_the_message_comes() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        channel = client.get_partial_messageable(int(t.channel.id))
        await channel.typing()
        seen = list(t.channel.typing)
        await channel.send("there")

    assert (seen, t.channel.typing) == ([t.server.bot], [])
