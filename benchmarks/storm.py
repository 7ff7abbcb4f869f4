"""A storm: the bot as a real process, while the vendor redelivers, drops sockets, says 429, and the process is killed.

People in direct conversations say numbered messages at their own pace, also while the bot is down; the engine is a
server that says each number back. In the end every number must have been said back once, or refused where the person
sees it.
"""

from __future__ import annotations

import asyncio
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.talking import Server, server_for, variables_for
from tests.e2e.processes import Bot
from tests.engine.completion_server import CompletionServer, Exchange
from tests.servers.slack import SlackServer

PEOPLE = 100
MESSAGES_PER_S = 12.0
# Shares of the messages after which a socket is dropped, and the process killed.
DROPS = (0.2, 0.4, 0.75)
KILL = 0.55
REDELIVERED = 0.10
LIMITED = 0.05
# Seconds without any change after which nothing more is expected.
CALM_S = 30.0

_NUMBER = re.compile(r"No\. (\d+)")
_REPEAT = re.compile("may be a repeat")


@dataclass(frozen=True, slots=True)
class Result:
    """What happened on one platform."""

    platform: str
    messages: int
    redelivered: int
    sockets_dropped: int
    answered_429: int
    kills: int
    answered_once: int
    refused_visibly: int
    answered_again: int
    again_with_mark: int
    lost: int
    seconds: float


async def measure(messages: int) -> list[dict[str, Any]]:
    """A storm on each platform."""
    return [asdict(await storm(platform, messages)) for platform in ("discord", "slack")]


async def storm(platform: str, messages: int) -> Result:
    """One storm, from a fresh start until all is calm."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        async with server_for(platform, limits=True) as server, CompletionServer(_say_the_number) as engine:
            people = [server.add_user(f"Person {number}") for number in range(PEOPLE)]
            settings = {
                **variables_for(server, limits=True),
                "ENGINE_URL": engine.url,
                "PERSON_BUDGET": "1000000/second",
                "PLACE_BUDGET": "1000000/second",
                "QUEUE_LIMIT": "10000",
            }
            await _rage(server, people, Path(folder), settings, messages)
            return _result(platform, server, people, messages, time.perf_counter() - started)


async def _say_the_number(exchange: Exchange) -> Any:
    numbers = _NUMBER.findall(exchange.body["messages"][-1]["content"])
    return await exchange.say("This was ", f"No. {numbers[-1]}", usage=(10, 5))


async def _rage(server: Server, people: Sequence[Any], folder: Path, settings: dict[str, str], messages: int) -> None:
    bot = Bot(folder, **settings)
    await bot.__aenter__()
    await server.until(lambda: server.connected, 60)
    server.faults.redeliver(REDELIVERED, seed=1)
    server.faults.rate_limit(LIMITED, seed=2)
    talking = asyncio.create_task(_talk(server, people, messages))
    said = lambda share: lambda: _said(server, people) >= share * messages  # noqa: E731
    try:
        for share in sorted((*DROPS, KILL)):
            await server.until(said(share), 3600)
            if share == KILL:
                await bot.__aexit__()
                bot = Bot(folder, **settings)
                await bot.__aenter__()
            else:
                server.faults.drop_sockets()
        await talking
        server.faults.rate_limit(0)
        await _calm(server, people, messages)
    finally:
        talking.cancel()
        await bot.__aexit__()


async def _talk(server: Server, people: Sequence[Any], messages: int) -> None:
    """Everybody in turn, at random moments, whether or not the bot is there."""
    chance = random.Random(3)
    for number in range(messages):
        person = people[number % len(people)]
        await person.says(person.dm, f"No. {number}")
        await asyncio.sleep(chance.uniform(0.5, 1.5) / MESSAGES_PER_S)


async def _calm(server: Server, people: Sequence[Any], messages: int) -> None:
    """Wait until everything is answered, or until no new answer came for a while and the vendor delivers nothing more.

    Slack's last try to deliver an event comes five minutes after the first.
    """
    before = -1
    while (answers := len(_answers(server, people))) != before or _still_delivers(server):
        before = answers
        try:
            await server.until(lambda: _is_all_answered(server, people, messages), CALM_S)
            return
        except TimeoutError:
            continue


def _still_delivers(server: Server) -> bool:
    return isinstance(server, SlackServer) and server.deliveries.under_way > 0


def _said(server: Server, people: Sequence[Any]) -> int:
    return sum(message.author is person for person in people for message in person.dm.messages)


def _answers(server: Server, people: Sequence[Any]) -> list[Any]:
    return [message for person in people for message in person.dm.messages if message.author is server.bot]


def _is_all_answered(server: Server, people: Sequence[Any], messages: int) -> bool:
    numbers = {number for answer in _answers(server, people) for number in _NUMBER.findall(answer.text)}
    return len(numbers) == messages


def _result(platform: str, server: Server, people: Sequence[Any], messages: int, seconds: float) -> Result:
    answers = _answers(server, people)
    numbers = Counter(number for answer in answers for number in set(_NUMBER.findall(answer.text)))
    again = [number for number, count in numbers.items() if count > 1]
    marked = {number for answer in answers if _REPEAT.search(answer.text) for number in _NUMBER.findall(answer.text)}
    refusals = sum(not _NUMBER.search(answer.text) for answer in answers)
    if isinstance(server, SlackServer):
        redelivered = sum(each.attempt > 0 for each in server.deliveries.log)
    else:
        redelivered = server.faults.redelivered
    return Result(
        platform=platform,
        messages=messages,
        redelivered=redelivered,
        sockets_dropped=len(DROPS),
        answered_429=sum(seen.status == 429 for seen in server.requests),
        kills=1,
        answered_once=sum(count == 1 for count in numbers.values()),
        refused_visibly=refusals,
        answered_again=len(again),
        again_with_mark=len(marked.intersection(again)),
        lost=max(0, messages - len(numbers) - refusals),
        seconds=round(seconds, 1),
    )


def table(results: Sequence[dict[str, Any]]) -> list[str]:
    """What happened, for people to read."""
    rows = [name for name in results[0] if name != "platform"]
    head = f"{'':24}" + "".join(f"{result['platform']:>12}" for result in results)
    return [head, *(f"{name:24}" + "".join(f"{result[name]:>12}" for result in results) for name in rows)]
