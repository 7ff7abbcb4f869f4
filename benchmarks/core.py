"""The core with an engine that answers at once, against a loop that does the least a bot could do.

The baseline writes the question and the answer in one SQLite transaction each, with the same database settings, and
calls the same generator: what is left is what Inkling's inbox, turn tree, admission, prompting, delivery log and
metrics cost.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from benchmarks.house import open_core
from bot.chat.dispatch import Core
from bot.domain.generation import GenerationRequest, PromptMessage, Role, SamplingParams
from bot.domain.messages import Answer, Attachment, HistoryMessage, IncomingMessage, MessageRef
from bot.domain.places import Person, Place, Platform, owning_place
from bot.engine.scripted import ScriptedGenerator
from bot.ports import FoundPlace, ReplyTarget
from bot.system import new_id
from storage import engines
from storage.database import sqlite_url

MEANING = {
    "messages_per_s": "messages accepted, answered and stored in a second",
    "x_least": "of what the least possible bot reaches in the same run (1 is as fast)",
    "accept_p50_ms": "milliseconds until a message is stored and may be acknowledged, median",
    "accept_p99_ms": "the same, at the 99th percentile",
    "loop_lag_p99_ms": "how late the event loop is under this load, at the 99th percentile",
}

PLACES = 32
PERSON = Person(Platform.WEB, "bench", "Bench")


class Sink:
    """A platform that takes every answer and shows it to nobody."""

    name = Platform.WEB
    pace = 0.0

    def __init__(self) -> None:
        self.finished = 0
        self.changed = asyncio.Event()

    async def start(self, core: Core) -> None: ...

    async def stop_listening(self) -> None: ...

    async def close(self) -> None: ...

    async def fetch(self, attachment: Attachment) -> bytes:
        return b""

    async def discard(self, attachments: Sequence[Attachment]) -> None: ...

    async def history(self, place: Place, *, limit: int) -> AsyncIterator[HistoryMessage]:
        return
        yield

    async def find_place(self, name: str, near: Place, reader: Person) -> FoundPlace | None:
        return None

    async def direct_place(self, person: Person, near: Place) -> Place | None:
        return None

    async def is_admin(self, person: Person, place: Place) -> bool:
        return False

    async def open_reply(self, target: ReplyTarget) -> SunkReply:
        return SunkReply(self, target)


class SunkReply:
    """One answer into the sink, with its deliveries logged as a platform would."""

    def __init__(self, sink: Sink, target: ReplyTarget) -> None:
        self._sink = sink
        self._target = target

    async def waiting(self, position: int) -> None: ...

    async def show(self, text: str, note: str = "", preview: bytes | None = None) -> None: ...

    async def finish(self, answer: Answer) -> None:
        await self._target.log.sending(0)
        await self._target.log.sent(0, MessageRef(Platform.WEB, "c", self._target.turn.id))
        self._sink.finished += 1
        self._sink.changed.set()


async def measure(messages: int, rounds: int) -> dict[str, float]:
    """Rounds of both sides in turn; medians."""
    ours, least, accepts, lags = [], [], [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            ours.append(await _through_the_core(Path(folder), messages, accepts, lags))
        with tempfile.TemporaryDirectory() as folder:
            least.append(await _least_bot(Path(folder), messages))
    ratios = [ours_s / least_s for ours_s, least_s in zip(ours, least, strict=True)]
    return {
        "messages_per_s": statistics.median(ours),
        "x_least": statistics.median(ratios),
        "accept_p50_ms": statistics.median(accepts),
        "accept_p99_ms": statistics.quantiles(accepts, n=100)[98],
        "loop_lag_p99_ms": statistics.quantiles(lags, n=100)[98],
    }


async def _through_the_core(folder: Path, messages: int, accepts: list[float], lags: list[float]) -> float:
    """Messages per second, all sent as fast as they are accepted, over several places."""
    generator = ScriptedGenerator(lambda request: "An answer of a few words.", capacity=16)
    sink = Sink()
    async with open_core(folder, generator, [sink]) as core:
        return await _talk(core, sink, messages, accepts, lags)


async def _talk(core: Core, sink: Sink, messages: int, accepts: list[float], lags: list[float]) -> float:
    watch = asyncio.create_task(_watch_lag(lags))
    started = time.perf_counter()
    for number in range(messages):
        before = time.perf_counter()
        await core.accept(_message(number))
        accepts.append((time.perf_counter() - before) * 1000)
    while sink.finished < messages:
        sink.changed.clear()
        await sink.changed.wait()
    rate = messages / (time.perf_counter() - started)
    watch.cancel()
    return rate


def _message(number: int) -> IncomingMessage:
    place = owning_place(Platform.WEB, "local", f"c{number % PLACES}")
    ref = MessageRef(Platform.WEB, place.channel, f"q{number}")
    return IncomingMessage(f"e{number}", place, ref, PERSON, f"Question {number}?", datetime.now(UTC))


async def _watch_lag(lags: list[float]) -> None:
    """How much later than asked the loop wakes us, in milliseconds."""
    while True:
        before = time.perf_counter()
        await asyncio.sleep(0.005)
        lags.append(max(0.0, (time.perf_counter() - before - 0.005) * 1000))


async def _least_bot(folder: Path, messages: int) -> float:
    """Messages per second of a bot that keeps two rows a message and nothing else."""
    generator = ScriptedGenerator(lambda request: "An answer of a few words.", capacity=16)
    engine = engines.writing_engine(engines.read_url(sqlite_url(folder)))
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE said (id TEXT PRIMARY KEY, place TEXT, text TEXT)"))
    insert = text("INSERT INTO said VALUES (:id, :place, :text)")
    started = time.perf_counter()
    for number in range(messages):
        message = _message(number)
        async with engine.begin() as connection:
            await connection.execute(insert, {"id": new_id(), "place": message.place.key, "text": message.text})
        prompt = (PromptMessage(Role.USER, message.text),)
        pieces = []
        async with aclosing(generator.generate(GenerationRequest(new_id(), prompt, SamplingParams()))) as events:
            async for event in events:
                pieces.append(str(event))
        async with engine.begin() as connection:
            row = {"id": new_id(), "place": message.place.key, "text": "".join(pieces)}
            await connection.execute(insert, row)
    rate = messages / (time.perf_counter() - started)
    await engine.dispose()
    return rate
