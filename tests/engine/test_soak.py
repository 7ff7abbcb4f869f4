"""Memory under thousands of short requests, some of them left early. SOAK_REQUESTS sets how many (the long one:
100000)."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from bot.domain.generation import Piece, SamplingParams
from bot.engine.engine import LocalEngine
from tests.engine.asking import ask, collect, end_of, text_of, user
from tests.engine.tiny import LEARNED

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow, pytest.mark.timeout(7200)]

REQUESTS = int(os.environ.get("SOAK_REQUESTS", "3000"))
FIRST = 1000
AT_ONCE = 16
GROWTH = 1.05


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def soaked(writer_folder: Path) -> AsyncIterator[LocalEngine]:
    """An engine of its own, whose memory for kept prefixes is full long before the first thousand requests are."""
    engine = LocalEngine(str(writer_folder), dtype="float32", threads=1, cache_mib=8)
    await engine.start()
    yield engine
    await engine.close()


def resident(engine: LocalEngine) -> int:
    """Bytes that the worker keeps in memory."""
    return int(psutil.Process(engine.worker_pid).memory_info().rss)


async def one_request(engine: LocalEngine, dice: random.Random) -> None:
    """A short request: a quarter is left at the first piece, a quarter cancelled by id."""
    text = "".join(dice.choices("abcdefgh ", k=dice.randrange(1, 60))) + "?"
    sampling = SamplingParams(max_tokens=dice.randrange(1, 12), temperature=1.0, seed=dice.randrange(100))
    request = ask(user(text), sampling=sampling, person=f"person-{dice.randrange(40)}")
    way = dice.randrange(4)
    async with aclosing(engine.generate(request)) as events:
        async for event in events:
            if way == 0 and isinstance(event, Piece):
                return
            if way == 1:
                await engine.cancel(request.id)


async def soak(engine: LocalEngine, requests: int, dice: random.Random) -> None:
    """So many requests, sixteen at a time."""
    left = iter(range(requests))

    async def keep_asking() -> None:
        for _ in left:
            await one_request(engine, dice)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(keep_asking())


async def test_the_worker_keeps_the_size_it_had_after_the_first_thousand(soaked: LocalEngine):
    dice = random.Random(0)
    await soak(soaked, FIRST, dice)
    worker, before = soaked.worker_pid, resident(soaked)

    await soak(soaked, REQUESTS - FIRST, dice)

    after = resident(soaked)
    print(f"resident after {FIRST}: {before / 1e6:.1f} MB, after {REQUESTS}: {after / 1e6:.1f} MB")
    assert soaked.worker_pid == worker
    assert after <= before * GROWTH
    answer = await collect(soaked.generate(ask(user("greet"))))
    assert text_of(answer) == LEARNED["greet"]
    assert end_of(answer).completion_tokens > 0
    assert (soaked.health().running, soaked.health().waiting) == (0, 0)
