"""Channels that a person names, found where that person may read them."""

from __future__ import annotations

import asyncio

from bot.domain.places import Person as Asker
from bot.domain.places import Place, Platform, owning_place
from bot.ports import FoundPlace
from tests.discord.bots import Bot
from tests.patience import PATIENCE_S
from tests.servers.discord import Channel, DiscordServer, Person


def asker(person: Person) -> Asker:
    return Asker(Platform.DISCORD, person.id, person.name)


def place_of(channel: Channel) -> Place:
    assert channel.guild is not None
    return owning_place(Platform.DISCORD, channel.guild.id, channel.id)


async def test_a_channel_is_found_by_name_or_mention_for_those_who_may_read_it(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    assert channel.guild is not None
    ben = server.add_user("Ben")
    ops = channel.guild.add_channel("ops")
    server.world.overwrite(ops, ben, {"view_channel": False})
    here = place_of(channel)

    async with asyncio.timeout(PATIENCE_S):
        # The bot hears of the new channel in its own time.
        while (by_name := await bot.platform.find_place("#Ops", here, asker(ana))) is None:
            await asyncio.sleep(0.005)
    by_mention = await bot.platform.find_place(ops.mention, here, asker(ana))
    hidden = await bot.platform.find_place("#ops", here, asker(ben))
    unknown = await bot.platform.find_place("#nowhere", here, asker(ana))

    assert by_name == by_mention == FoundPlace("ops", place_of(ops))
    assert hidden is None
    assert unknown is None


async def test_nobody_finds_a_channel_from_a_direct_message(bot: Bot, channel: Channel, ana: Person) -> None:
    direct = owning_place(Platform.DISCORD, "", "77", direct=True)

    assert await bot.platform.find_place(f"#{channel.name}", direct, asker(ana)) is None


async def test_the_direct_channel_with_a_person_is_opened(
    bot: Bot, server: DiscordServer, channel: Channel, ana: Person
) -> None:
    direct = await bot.platform.direct_place(asker(ana), place_of(channel))

    assert direct == owning_place(Platform.DISCORD, "", server.world.direct(ana).id, direct=True)
