"""`kill -9` at every stage: what was accepted is answered after the restart, once."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from tests.e2e.processes import Bot
from tests.engine.completion_server import CompletionServer, Exchange, hang
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.asyncio(loop_scope="session")

# Each is its own channel, event and text.
QUESTIONS = ("half", *(f"silent-{number}" for number in range(17)))


def _inbox(folder: Path) -> list[str]:
    """The states of all accepted events, read beside the running bot."""
    with sqlite3.connect(folder / "inkling.db") as database:
        return [state for (state,) in database.execute("SELECT state FROM inbox")]


async def _until_asked(server: CompletionServer, count: int = 1) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while len(server.bodies) < count:
            await asyncio.sleep(0.02)


@dataclass(frozen=True)
class Restart:
    """What a process found and did after one that was killed."""

    answers: Mapping[str, list[dict[str, Any]]]
    asked: Counter[str]
    sent_again: int
    turns: list[dict[str, Any]]
    inbox: list[str]
    code: int


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def restart(tmp_path_factory: pytest.TempPathFactory) -> Restart:
    """A process killed with answers at every stage, and the next one, stopped in the middle of an answer.

    A server takes 16 requests at a time: of the questions that have no end, two wait in the bot.
    """
    folder = tmp_path_factory.mktemp("killed")
    killed = False

    async def answer(exchange: Exchange) -> web.StreamResponse:
        asked = exchange.body["messages"][-1]["content"]
        if not killed:
            return await hang(*["The ", "first half"] * (asked == "half"))(exchange)
        await asyncio.sleep(1.0 * (asked == "late"))
        return await exchange.say("About ", asked)

    async with CompletionServer(answer) as server:
        async with Bot(folder, ENGINE_URL=server.url) as bot:
            for question in QUESTIONS:
                assert await bot.send(question, question, question) == 200
            await _until_asked(server, 16)
            await bot.until_shown("first half", "half")
        killed = True
        async with Bot(folder, ENGINE_URL=server.url) as bot:
            sent_again = await bot.send("silent-0", "silent-0", "silent-0")
            answers = {question: await bot.answers(question) for question in QUESTIONS}
            turns = await bot.turns("silent-0")
            asked = Counter(body["messages"][-1]["content"] for body in server.bodies)
            await bot.send("late", "late", "late")
            await _until_asked(server, asked.total() + 1)
            code = await bot.stop()

    return Restart(answers, asked, sent_again, turns, _inbox(folder), code)


async def test_who_was_killed_before_the_first_word_is_answered(restart: Restart) -> None:
    (answer,) = restart.answers["silent-0"]

    assert (answer["text"], answer["status"]) == ("About silent-0", "complete")
    assert restart.asked["silent-0"] == 2


async def test_an_answer_killed_half_way_is_made_again_as_a_whole(restart: Restart) -> None:
    assert [(answer["text"], answer["status"]) for answer in restart.answers["half"]] == [("About half", "complete")]


async def test_each_who_stood_in_line_is_answered_once(restart: Restart) -> None:
    texts = {question: [answer["text"] for answer in answers] for question, answers in restart.answers.items()}

    assert texts == {question: [f"About {question}"] for question in QUESTIONS}
    assert Counter(restart.asked.values()) == {1: 2, 2: 16}


async def test_a_message_sent_again_after_a_lost_acknowledgement_is_one(restart: Restart) -> None:
    """The window did not hear the acknowledgement before the kill, so it sends the same event again."""
    assert restart.sent_again == 200
    assert [turn["text"] for turn in restart.turns] == ["silent-0", "About silent-0"]
    assert len(restart.inbox) == len(QUESTIONS) + 1


async def test_a_stopped_bot_lets_an_answer_in_flight_end(restart: Restart) -> None:
    assert restart.code == 0
    assert set(restart.inbox) == {"done"}


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
