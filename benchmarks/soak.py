"""Memory under very many short requests, a part of them cancelled: what the engine's two processes hold after the first
thousand, and at the end.

Keys and values get a budget that the first thousand requests fill, because what fills up later is no leak. The model is
the tests' tiny writer: what could leak is bookkeeping, and there is as much of that for a tiny one.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import aclosing, asynccontextmanager
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import psutil

from bot.domain.generation import GenerationRequest, Piece, PromptMessage, Role, SamplingParams
from bot.engine.engine import LocalEngine

FIRST = 1000
AT_ONCE = 16
CACHE_MIB = 8
_TELL_EVERY = 5000
_LETTERS = "abcdefgh "
_SYSTEM = PromptMessage(Role.SYSTEM, "You answer everybody in a few words.")


@dataclass(frozen=True, slots=True)
class Size:
    """Resident memory of the two processes in megabytes, after so many requests and seconds."""

    requests: int
    seconds: float
    bot_mb: float
    worker_mb: float


@dataclass(frozen=True, slots=True)
class Soaked:
    """What a soak found; `cancelled` counts those that were left or cancelled."""

    sizes: tuple[Size, ...]
    cancelled: int
    worker_lived: bool

    def figures(self) -> dict[str, object]:
        """As JSON. Growth is the end over the first thousand."""
        first, last = self.sizes[0], self.sizes[-1]
        return {
            "requests": last.requests,
            "cancelled": self.cancelled,
            "requests_per_s": last.requests / last.seconds,
            "worker_lived": self.worker_lived,
            "bot_growth": last.bot_mb / first.bot_mb,
            "worker_growth": last.worker_mb / first.worker_mb,
            "sizes": [asdict(size) for size in self.sizes],
        }


class Soak:
    """Requests to one engine, sixteen at a time: a quarter is left at its first piece, a quarter cancelled by id."""

    def __init__(self, engine: LocalEngine) -> None:
        self._engine = engine
        self._dice = random.Random(0)
        self._numbers = iter(range(2**62))
        self._began = time.perf_counter()
        self._done = 0
        self.cancelled = 0

    def size(self) -> Size:
        """What the two processes hold now."""
        bot, worker = (psutil.Process(pid).memory_info().rss / 1e6 for pid in (os.getpid(), self._engine.worker_pid))
        return Size(self._done, time.perf_counter() - self._began, bot, worker)

    async def ask(self, requests: int) -> None:
        """So many more."""
        left = iter(range(requests))
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._keep_asking(left))

    async def _keep_asking(self, left: Iterator[int]) -> None:
        for _ in left:
            await self._ask_one()
            self._done += 1

    async def _ask_one(self) -> None:
        request, way = self._request(), self._dice.randrange(4)
        self.cancelled += way < 2
        async with aclosing(self._engine.generate(request)) as events:
            async for event in events:
                if way == 0 and isinstance(event, Piece):
                    return
                if way == 1:
                    await self._engine.cancel(request.id)

    def _request(self) -> GenerationRequest:
        dice = self._dice
        words = PromptMessage(Role.USER, "".join(dice.choices(_LETTERS, k=dice.randrange(1, 60))) + "?")
        sampling = SamplingParams(max_tokens=dice.randrange(1, 12), temperature=1.0, seed=dice.randrange(100))
        person, place = f"person-{dice.randrange(40)}", f"place-{dice.randrange(10)}"
        messages = (_SYSTEM, words) if dice.randrange(2) else (words,)
        return GenerationRequest(str(next(self._numbers)), messages, sampling, person, place)


async def measure(requests: int, dtype: str, tell: Callable[[str], None]) -> Soaked:
    """A soak in this number format; `tell` hears how it goes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "tiny"
        with ProcessPoolExecutor(1, get_context("spawn")) as process:
            await asyncio.get_running_loop().run_in_executor(process, _make_model, folder)
        async with _open(folder, dtype) as engine:
            return await _soak(engine, requests, tell)


def _make_model(folder: Path) -> None:
    """In a process of its own, because the bot's does not hold torch either."""
    from tests.engine.tiny import make_writer

    make_writer(folder)


@asynccontextmanager
async def _open(folder: Path, dtype: str) -> AsyncIterator[LocalEngine]:
    engine = LocalEngine(str(folder), threads=1, dtype=dtype, cache_mib=CACHE_MIB)
    await engine.start()
    try:
        yield engine
    finally:
        await engine.close()


async def _soak(engine: LocalEngine, requests: int, tell: Callable[[str], None]) -> Soaked:
    soak = Soak(engine)
    await soak.ask(FIRST)
    worker, sizes = engine.worker_pid, [soak.size()]
    tell(_line(sizes[-1]))
    while (done := sizes[-1].requests) < requests:
        await soak.ask(min(_TELL_EVERY - done % _TELL_EVERY, requests - done))
        sizes.append(soak.size())
        tell(_line(sizes[-1]))
    return Soaked(tuple(sizes), soak.cancelled, engine.worker_pid == worker)


def _line(size: Size) -> str:
    return f"{size.requests:9,}{size.seconds:9.0f} s{size.bot_mb:11.1f} MB{size.worker_mb:11.1f} MB"


def table(soaked: Soaked) -> list[str]:
    """For people."""
    first, last = soaked.sizes[0], soaked.sizes[-1]
    return [
        f"{'requests':>9}{'time':>11}{'bot':>14}{'worker':>14}",
        _line(first),
        _line(last),
        f"{'growth':>9}{'':11}{last.bot_mb / first.bot_mb - 1:14.1%}{last.worker_mb / first.worker_mb - 1:14.1%}",
        f"{soaked.cancelled:,} of them were cancelled; the worker "
        + ("lived through all of it." if soaked.worker_lived else "died on the way."),
    ]
