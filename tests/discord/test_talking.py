"""Who is answered, where, and what is understood of what they write."""

from __future__ import annotations

from pathlib import Path

from tests.discord.bots import Bot, open_bot
from tests.servers.discord import Channel, DiscordServer, Person


def _asked(bot: Bot) -> list[str]:
    return [request.messages[-1].content for request in bot.generator.requests]


async def test_a_mention_is_answered_as_a_reply_to_it(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    question = await ana.says(channel, f"{server.bot.mention} hello there")

    (answer,) = await bot.answers(channel)

    assert answer.text == "Fine."
    assert answer.reply_to is question
    assert _asked(bot) == ["hello there"]


async def test_talk_among_people_is_left_alone(bot: Bot, server: DiscordServer, channel: Channel, ana: Person) -> None:
    await ana.says(channel, "shall we?")
    await ana.says(channel, f"{server.bot.mention} hello")

    await bot.answers(channel)

    assert _asked(bot) == ["hello"]


async def test_the_bots_own_role_is_a_mention(bot: Bot, server: DiscordServer, channel: Channel, ana: Person) -> None:
    guild = channel.guild
    assert guild is not None
    role = next(role for role in guild.roles.values() if role.managed_by is server.bot)

    await ana.says(channel, f"{role.mention} hello")

    await bot.answers(channel)
    assert _asked(bot) == ["hello"]


async def test_a_direct_message_needs_no_mention(bot: Bot, ana: Person) -> None:
    await ana.says(ana.dm, "hello")

    (answer,) = await bot.answers(ana.dm)

    assert answer.text == "Fine."


async def test_a_thread_is_followed_once_the_bot_takes_part(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    thread = await ana.opens_thread(channel, "plans")
    await ana.says(thread, f"{server.bot.mention} first")
    await bot.answers(thread)

    await ana.says(thread, "second")

    await bot.answers(thread, 2)
    last = bot.generator.requests[-1].messages
    assert [message.content for message in last[-3:]] == ["first", "Fine.", "second"]


async def test_a_thread_opened_on_an_answer_goes_on_from_it(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    await ana.says(channel, f"{server.bot.mention} first")
    (answer,) = await bot.answers(channel)
    await bot.noted(answer)

    thread = await ana.opens_thread(answer, "more of it")
    await ana.says(thread, "second")

    await bot.answers(thread)
    assert [message.content for message in bot.generator.requests[-1].messages[-3:]] == ["first", "Fine.", "second"]


async def test_a_reply_to_an_older_answer_takes_up_that_branch(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    await ana.says(channel, f"{server.bot.mention} one")
    (older,) = await bot.answers(channel)
    await ana.says(channel, f"{server.bot.mention} two")
    await bot.answers(channel, 2)

    await ana.says(channel, "three", reply_to=older, ping=False)

    await bot.answers(channel, 3)
    assert [message.content for message in bot.generator.requests[-1].messages[-3:]] == ["one", "Fine.", "three"]


async def test_people_in_one_channel_share_a_conversation(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    ben = server.add_user("Ben")
    await ana.says(channel, f"{server.bot.mention} one")
    await bot.answers(channel)

    await ben.says(channel, f"{server.bot.mention} two")

    await bot.answers(channel, 2)
    said = [message.content for message in bot.generator.requests[-1].messages[-3:]]
    assert said == ["Ana: one", "Fine.", "Ben: two"]


async def test_bots_and_webhooks_are_not_answered(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    robot = server.add_user("Robot", bot=True)
    await robot.says(channel, f"{server.bot.mention} beep")
    await channel.add_webhook("News").says(f"{server.bot.mention} news")
    await ana.says(channel, f"{server.bot.mention} hello")

    await bot.answers(channel)

    assert _asked(bot) == ["hello"]


async def test_an_event_delivered_twice_is_answered_once(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    server.faults.redeliver(1.0)

    await ana.says(channel, f"{server.bot.mention} one")
    await ana.says(channel, f"{server.bot.mention} two")

    await bot.answers(channel, 2)
    assert sorted(_asked(bot)) == ["one", "two"]
    assert server.faults.redelivered >= 2


async def test_names_stand_where_discord_writes_numbers(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    ben = server.add_user("Ben")

    await ana.says(channel, f"{server.bot.mention} greet {ben.mention} in {channel.mention} <:wave:123456789012345678>")

    await bot.answers(channel)
    assert _asked(bot) == ["greet @Ben in #general :wave:"]


async def test_a_text_file_is_read(bot: Bot, ana: Person, server: DiscordServer) -> None:
    await ana.says(ana.dm, "what is in it?", files=[("notes.txt", b"Tea at four.")])

    await bot.answers(ana.dm)

    assert any("Tea at four." in message.content for message in bot.generator.requests[0].messages)


async def test_a_file_whose_address_expired_is_fetched_anew(
    bot: Bot, ana: Person, server: DiscordServer, channel: Channel, tmp_path: Path
) -> None:
    server.faults.delay("GET /channels/.*/messages/", 0.05)
    await ana.says(ana.dm, "what is in it?", files=[("notes.txt", b"Tea at four.")])
    server.faults.expire_files()

    await bot.answers(ana.dm)

    assert any("Tea at four." in message.content for message in bot.generator.requests[0].messages)


async def test_an_edit_that_adds_the_mention_is_answered(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    message = await ana.says(channel, "hello")

    await ana.edits(message, f"{server.bot.mention} hello")

    await bot.answers(channel)
    assert _asked(bot) == ["hello"]


async def test_edits_that_change_no_words_and_link_previews_change_nothing(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    message = await ana.says(channel, f"{server.bot.mention} see https://example.org/")
    await bot.answers(channel)

    await server.unfurls(message)
    await ana.pins(message)
    await ana.says(channel, f"{server.bot.mention} next")

    await bot.answers(channel, 2)
    assert len(bot.generator.requests) == 2


async def test_an_empty_mention_is_told_so(bot: Bot, server: DiscordServer, channel: Channel, ana: Person) -> None:
    await ana.says(channel, server.bot.mention)

    (answer,) = await bot.answers(channel)

    assert answer.text.startswith("There is nothing in this message.")


async def test_lines_are_in_the_language_of_the_server(
    bot: Bot, server: DiscordServer, ana: Person, channel: Channel
) -> None:
    chinese = server.add_guild("团队", "zh-CN").add_channel("聊天")
    lin = server.add_user("琳", locale="zh-CN")

    await lin.says(chinese, server.bot.mention)

    (answer,) = await bot.answers(chinese)
    assert answer.text == "消息是空的，请先写点什么。"


async def test_in_direct_channels_the_language_is_the_one_last_seen(
    bot: Bot, server: DiscordServer, channel: Channel
) -> None:
    lin = server.add_user("琳", locale="zh-CN")
    await lin.calls(channel, "help")

    await lin.says(lin.dm, "你好")

    (answer,) = await bot.answers(lin.dm)
    assert [button.label for button in answer.buttons] == ["👍", "👎", "重新生成", "改进"]


async def test_after_a_restart_people_are_still_answered_in_their_language(
    server: DiscordServer, channel: Channel, tmp_path: Path
) -> None:
    lin = server.add_user("琳", locale="zh-CN")
    async with open_bot(server, tmp_path) as bot:
        await lin.calls(channel, "help")
        await lin.says(lin.dm, "你好")
        await lin.says(channel, f"{server.bot.mention} 你好")
        await bot.answers(lin.dm)
        await bot.answers(channel)

    async with open_bot(server, tmp_path) as bot:
        await lin.says(lin.dm, "!help nonsense")
        await lin.says(channel, f"{server.bot.mention} !write")

        answers = [(await bot.answers(lin.dm, 2))[-1], (await bot.answers(channel, 2))[-1]]

    assert [answer.text.split("「")[0] for answer in answers] == ["没有关于", "/write 需要"]


async def test_without_message_content_mentions_replies_and_direct_messages_are_answered(
    server: DiscordServer, channel: Channel, ana: Person, tmp_path: Path
) -> None:
    server.message_content = False
    async with open_bot(server, tmp_path, DISCORD_MESSAGE_CONTENT="false") as bot:
        await ana.says(channel, f"{server.bot.mention} one")
        (answer,) = await bot.answers(channel)
        await ana.says(channel, "two", reply_to=answer)
        await bot.answers(channel, 2)
        await ana.says(ana.dm, "three")
        await bot.answers(ana.dm)

        assert _asked(bot) == ["one", "two", "three"]


async def test_without_message_content_a_threads_first_answer_says_to_mention_the_bot(
    server: DiscordServer, channel: Channel, ana: Person, tmp_path: Path
) -> None:
    server.message_content = False
    async with open_bot(server, tmp_path, DISCORD_MESSAGE_CONTENT="false") as bot:
        thread = await ana.opens_thread(channel, "plans")
        for text in ("one", "two"):
            await ana.says(thread, f"{server.bot.mention} {text}")
            await bot.answers(thread, 1 if text == "one" else 2)

        first, second = await bot.answers(thread, 2)

        assert first.text == "Fine.\n-# To go on in this thread, mention me: I may not read other messages here."
        assert second.text == "Fine."
