"""What can be made of an answer: changes from its menu, a draft used as a message, a private answer shared."""

from __future__ import annotations

from pathlib import Path

from bot.domain.conversation import Turn
from bot.domain.ratings import RatingSource
from tests.discord.bots import Bot, open_bot
from tests.servers.discord import Channel, DiscordServer, Message, Person


async def _draft(bot: Bot, channel: Channel, ana: Person) -> Message:
    await ana.calls(channel, "write", about="lunch")
    return (await bot.answers(channel))[-1]


async def _private(server: DiscordServer, channel: Channel, ana: Person) -> Message:
    act = await ana.calls(channel, "summarize", text="something")
    await server.until(lambda: act.replies and act.reply.buttons)
    return act.reply


async def _turn(bot: Bot, message: Message) -> Turn:
    async with bot.house.services.units.reading() as uow:
        turn = await uow.turns.get(await bot.turn_id(message))
    assert turn is not None
    return turn


async def test_a_change_chosen_from_the_menu_makes_another_draft_of_this_one(
    bot: Bot, channel: Channel, ana: Person
) -> None:
    draft = await _draft(bot, channel, ana)
    bot.generator.enqueue("Lunch?")

    act = await ana.picks(draft, "Change …", "Shorter")

    changed = (await bot.answers(channel, 2))[1]
    assert act.failed is None
    assert changed.reply_to is draft
    assert changed.text == "Lunch?"
    made, source = await _turn(bot, changed), await _turn(bot, draft)
    assert (made.change, made.revises) == ("shorter", source.id)


async def test_menu_and_buttons_work_after_a_restart(
    server: DiscordServer, channel: Channel, ana: Person, tmp_path: Path
) -> None:
    async with open_bot(server, tmp_path) as bot:
        draft = await _draft(bot, channel, ana)

    async with open_bot(server, tmp_path) as bot:
        await ana.picks(draft, "Change …", "In Chinese")
        await bot.answers(channel, 2)
        await ana.presses(draft, "Use as message")
        changed, used = (await bot.answers(channel, 3))[1:]

        assert (await _turn(bot, changed)).change == "chinese"
        assert (await _turn(bot, used)).change == "share"


async def test_talk_has_no_menu(bot: Bot, channel: Channel, ana: Person) -> None:
    await ana.says(channel, f"{bot.server.bot.mention} hello")

    (answer,) = await bot.answers(channel)

    assert answer.rows == [["👍", "👎", "Regenerate", "Suggest"]]


async def test_a_draft_is_used_as_a_message_and_counts_as_liked(bot: Bot, channel: Channel, ana: Person) -> None:
    draft = await _draft(bot, channel, ana)

    act = await ana.presses(draft, "Use as message")

    used = (await bot.answers(channel, 2))[1]
    assert (act.failed, act.replies) == (None, [])
    assert (used.text, used.rows, used.reply_to) == ("Fine.", [], None)
    assert [vote.source for vote in await bot.ratings(draft)] == [RatingSource.USE]


async def test_a_private_answer_is_shared_as_a_message_that_all_see(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    answer = await _private(server, channel, ana)
    assert "Share" in answer.rows[0]

    act = await ana.presses(answer, "Share")

    (shared,) = await bot.answers(channel)
    assert (act.failed, act.replies) == (None, [])
    assert (answer.ephemeral_for, shared.ephemeral_for) == (ana, None)
    assert "Fine." in shared.text
    assert "Ana" in shared.text
    assert shared.reply_to is None
    assert shared.rows == []


async def test_a_private_answer_that_came_directly_is_shared_where_it_was_asked_for(
    bot: Bot, channel: Channel, ana: Person
) -> None:
    await ana.says(channel, f"{bot.server.bot.mention} !summarize something")
    (answer,) = await bot.answers(ana.dm)

    await ana.presses(answer, "Share")

    _, shared = await bot.answers(channel, 2)
    assert "Fine." in shared.text
