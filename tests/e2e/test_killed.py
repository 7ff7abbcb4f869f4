"""`kill -9` at every stage: what was accepted is answered after the restart, once."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
from aiohttp import web

from tests.e2e.processes import Bot
from tests.engine.completion_server import CompletionServer, Exchange, hang, say


def _inbox(folder: Path) -> list[str]:
    """The states of all accepted events, read beside the running bot."""
    with sqlite3.connect(folder / "inkling.db") as database:
        return [state for (state,) in database.execute("SELECT state FROM inbox")]


async def _until_asked(server: CompletionServer, count: int = 1) -> None:
    async with asyncio.timeout(30):
        while len(server.bodies) < count:
            await asyncio.sleep(0.02)


async def test_killed_before_the_first_word(tmp_path: Path) -> None:
    async with CompletionServer(hang(), say("The answer.")) as server:
        async with Bot(tmp_path, ENGINE_URL=server.url) as bot:
            assert await bot.send("e1", "Hello") == 200
            await _until_asked(server)
        async with Bot(tmp_path, ENGINE_URL=server.url) as bot:
            answers = await bot.answers()

    assert [(answer["text"], answer["status"]) for answer in answers] == [("The answer.", "complete")]
    assert len(server.bodies) == 2


async def test_killed_half_way_through_an_answer(tmp_path: Path) -> None:
    async with CompletionServer(hang("The ", "first half"), say("The whole answer.")) as server:
        async with Bot(tmp_path, ENGINE_URL=server.url) as bot:
            await bot.send("e1", "Hello")
            await _until_asked(server)
            await asyncio.sleep(0.5)
        async with Bot(tmp_path, ENGINE_URL=server.url) as bot:
            turns = await bot.answers()

    assert [answer["text"] for answer in turns] == ["The whole answer."]


async def test_killed_while_others_stand_in_line(tmp_path: Path) -> None:
    """A server takes 16 requests at a time; the other two wait in the bot."""
    channels = [f"c{number}" for number in range(18)]
    restarted = False

    async def answer(exchange: Exchange) -> web.StreamResponse:
        return await (say("Answered.") if restarted else hang())(exchange)

    async with CompletionServer(answer) as server:
        async with Bot(tmp_path, ENGINE_URL=server.url) as bot:
            for number, channel in enumerate(channels):
                assert await bot.send(f"e{number}", "Hello", channel) == 200
            await _until_asked(server, 16)
        restarted = True
        async with Bot(tmp_path, ENGINE_URL=server.url) as bot:
            shown = [await bot.answers(channel) for channel in channels]

    assert [[answer["text"] for answer in answers] for answers in shown] == [["Answered."]] * 18
    assert set(_inbox(tmp_path)) == {"done"}


async def test_a_message_sent_again_after_a_lost_acknowledgement_is_one(tmp_path: Path) -> None:
    """The window did not hear the acknowledgement before the kill, so it sends the same event again."""
    async with CompletionServer(say("An answer.")) as server:
        async with Bot(tmp_path, ENGINE_URL=server.url) as bot:
            await bot.send("e1", "Hello")
        async with Bot(tmp_path, ENGINE_URL=server.url) as bot:
            assert await bot.send("e1", "Hello") == 200
            await bot.answers()
            await asyncio.sleep(0.5)
            turns = await bot.turns()

    assert [turn["text"] for turn in turns] == ["Hello", "An answer."]


@pytest.mark.slow
async def test_killed_again_and_again_at_any_instant(tmp_path: Path) -> None:
    """Messages go in while the process is killed at uneven moments; in the end each accepted one has one answer."""

    async def slow(exchange: Exchange) -> web.StreamResponse:
        await asyncio.sleep(0.1)
        asked = exchange.body["messages"][-1]["content"]
        return await exchange.say("About ", asked)

    accepted: list[str] = []
    async with CompletionServer(slow) as server:
        for life, seconds in enumerate((0.05, 0.3, 0.7)):
            async with Bot(tmp_path, ENGINE_URL=server.url) as bot:
                for number in range(4):
                    name = f"m{life}-{number}"
                    assert await bot.send(name, name, channel=name) == 200
                    accepted.append(name)
                await asyncio.sleep(seconds)
        async with Bot(tmp_path, ENGINE_URL=server.url) as bot:
            answers = {name: await bot.answers(name) for name in accepted}
            code = await bot.stop()

    assert {name: [answer["text"] for answer in shown] for name, shown in answers.items()} == {
        name: [f"About {name}"] for name in accepted
    }
    assert code == 0


async def test_a_stopped_bot_lets_an_answer_in_flight_end(tmp_path: Path) -> None:
    async def slow(exchange: Exchange) -> web.StreamResponse:
        await asyncio.sleep(1.0)
        return await exchange.say("In the end.")

    async with CompletionServer(slow, slow) as server, Bot(tmp_path, ENGINE_URL=server.url) as bot:
        await bot.send("e1", "Hello")
        await _until_asked(server)
        assert await bot.stop() == 0

    assert _inbox(tmp_path) == ["done"]
