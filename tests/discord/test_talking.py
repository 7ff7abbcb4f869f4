"""Who is answered, where, and what is understood of what they write."""

from __future__ import annotations

from tests.discord.bots import Bot
from tests.servers.discord import Channel, DiscordServer, Person


async def test_a_mention_is_answered_as_a_reply_to_it(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    question = await ana.says(channel, f"{server.bot.mention} hello there")

    (answer,) = await bot.answers(channel)

    assert answer.text == "Fine."
    assert answer.reply_to is question
    assert bot.generator.requests[0].messages[-1].content == "hello there"
