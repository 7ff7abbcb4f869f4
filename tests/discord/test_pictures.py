"""Pictures on Discord: files with alt text, grids to pick from, what is seen while they are drawn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.ratings import RatingSource
from tests.chat.test_painting import ScriptedPainter
from tests.discord.bots import Bot, open_bot
from tests.servers.discord import Channel, DiscordServer, Message, Person


@pytest.fixture
def painter() -> ScriptedPainter:
    return ScriptedPainter()


@pytest.fixture
async def painting(
    server: DiscordServer, channel: Channel, tmp_path: Path, painter: ScriptedPainter
) -> AsyncIterator[Bot]:
    async with open_bot(server, tmp_path, painter=painter) as bot:
        yield bot


async def _drawn(bot: Bot, channel: Channel) -> Message:
    """The message with a picture of a drawing under way."""
    return await bot.server.until(lambda: next((each for each in channel.messages if each.files), None))


async def test_pictures_come_as_files_with_words_for_those_who_do_not_see_them(
    painting: Bot, channel: Channel, ana: Person
) -> None:
    await ana.calls(channel, "image", prompt="a smiling cat", count=2, seed=5)

    (answer,) = await painting.answers(channel)

    assert [file.description for file in answer.files] == ["a smiling cat"] * 2
    assert [file.data for file in answer.files] == [b"\x89PNG0", b"\x89PNG1"]
    assert answer.text == "-# seeds 5, 6 · 2 steps"


async def test_one_picture_of_a_grid_is_picked(painting: Bot, channel: Channel, ana: Person) -> None:
    await ana.calls(channel, "image", prompt="a cat", count=4)
    (grid,) = await painting.answers(channel)
    assert grid.rows == [["👍", "👎", "Regenerate"], ["Pick 1", "Pick 2", "Pick 3", "Pick 4"]]

    await ana.presses(grid, "Pick 3")

    picked = (await painting.answers(channel, 2))[1]
    assert picked.reply_to is grid
    assert [file.data for file in picked.files] == [grid.files[2].data]
    assert "Pick 1" not in [label for row in picked.rows for label in row]
    assert [vote.source for vote in await painting.ratings(picked)] == [RatingSource.PICK]


async def test_a_picture_can_be_changed_from_its_menu(
    painting: Bot, channel: Channel, ana: Person, painter: ScriptedPainter
) -> None:
    await ana.calls(channel, "image", prompt="a cat")
    (picture,) = await painting.answers(channel)

    await ana.picks(picture, "Change …", "Vary it")

    await painting.answers(channel, 2)
    assert painter.requests[1].source == picture.files[0].data


async def test_a_moving_picture_is_sent_as_what_it_is(painting: Bot, channel: Channel, ana: Person) -> None:
    await ana.calls(channel, "image", prompt="a cat", animate="yes")

    (answer,) = await painting.answers(channel)

    assert [Path(file.filename).suffix for file in answer.files] == [".gif"]


async def test_a_drawing_is_seen_while_it_is_made_and_gives_way_to_the_picture(
    painting: Bot, channel: Channel, ana: Person, painter: ScriptedPainter
) -> None:
    painter.gate = asyncio.Event()
    await ana.says(channel, f"{painting.server.bot.mention} !image a cat")

    answer = await _drawn(painting, channel)
    assert [file.data for file in answer.files] == [b"\x89PREVIEW"]
    painter.gate.set()
    (final,) = await painting.answers(channel)

    assert final is answer
    assert [file.data for file in answer.files] == [b"\x89PNG0"]


async def test_nothing_half_drawn_is_left_when_a_drawing_is_stopped(
    painting: Bot, channel: Channel, ana: Person, painter: ScriptedPainter
) -> None:
    painter.gate = asyncio.Event()
    await ana.calls(channel, "image", prompt="a cat")
    answer = await _drawn(painting, channel)
    await painting.noted(answer)

    await ana.presses(answer, "Stop")
    await painting.answers(channel)

    assert answer.files == []
    assert answer.text == "-# Stopped."
