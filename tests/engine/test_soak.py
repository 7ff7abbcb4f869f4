"""Memory under thousands of short requests, half of them cancelled; the hundred thousand are `benchmarks soak`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from benchmarks.soak import CACHE_MIB, FIRST, Soak
from bot.engine.engine import LocalEngine
from tests.engine.asking import ask, collect, end_of, text_of, user
from tests.engine.tiny import LEARNED

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow, pytest.mark.timeout(900)]

REQUESTS = 3000
GROWTH = 1.05


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def soaked(writer_folder: Path) -> AsyncIterator[LocalEngine]:
    """An engine of its own, whose memory for kept prefixes is full long before the first thousand requests are."""
    engine = LocalEngine(str(writer_folder), dtype="float32", threads=1, cache_mib=CACHE_MIB)
    await engine.start()
    yield engine
    await engine.close()


async def test_both_processes_keep_the_size_they_had_after_the_first_thousand(soaked: LocalEngine):
    soak = Soak(soaked)
    await soak.ask(FIRST)
    worker, before = soaked.worker_pid, soak.size()

    await soak.ask(REQUESTS - FIRST)

    after = soak.size()
    print(before, after)
    assert soaked.worker_pid == worker
    assert after.worker_mb <= before.worker_mb * GROWTH
    assert after.bot_mb <= before.bot_mb * GROWTH
    answer = await collect(soaked.generate(ask(user("greet"))))
    assert text_of(answer) == LEARNED["greet"]
    assert end_of(answer).completion_tokens > 0
    assert (soaked.health().running, soaked.health().waiting) == (0, 0)
