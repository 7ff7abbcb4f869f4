"""The remote engine against a real server: `transformers serve` on the tiny writer's folder, on loopback."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from bot.domain.generation import FinishReason, Piece, SamplingParams
from bot.engine.remote import RemoteEngine
from tests.engine.asking import ask, collect, end_of, text_of, user
from tests.engine.tiny import LEARNED

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address(writer_folder: Path) -> AsyncIterator[str]:
    port = free_port()
    command = ["serve", str(writer_folder), "--device", "cpu", "--dtype", "float32", "--port", str(port)]
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "transformers.cli.transformers", *command, "--host", "127.0.0.1"
    )
    url = f"http://127.0.0.1:{port}"
    async with aiohttp.ClientSession() as session:
        while not await answers(session, f"{url}/health"):
            assert server.returncode is None
            await asyncio.sleep(0.2)
    yield url
    server.kill()
    await server.wait()


async def answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as response:
            return response.status == 200
    except aiohttp.ClientError:
        return False


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def remote(address: str) -> AsyncIterator[RemoteEngine]:
    engine = RemoteEngine([address])
    await engine.start()
    yield engine
    await engine.close()


@pytest.mark.parametrize("question", LEARNED)
async def test_it_answers_what_the_model_learned(remote: RemoteEngine, question: str):
    events = await collect(remote.generate(ask(user(question))))

    assert text_of(events) == LEARNED[question]
    assert end_of(events).reason is FinishReason.STOP
    assert end_of(events).prompt_tokens < 20


async def test_it_stops_at_the_maximum_length(remote: RemoteEngine):
    sampling = SamplingParams(max_tokens=4, temperature=0.0, top_k=5, repetition_penalty=1.0)
    events = await collect(remote.generate(ask(user("count"), sampling=sampling)))

    assert end_of(events).reason is FinishReason.LENGTH
    assert end_of(events).completion_tokens == 4


async def test_a_stop_string_is_cut(remote: RemoteEngine):
    sampling = SamplingParams(max_tokens=100, temperature=0.0, stop=(" four",))

    assert text_of(await collect(remote.generate(ask(user("count"), sampling=sampling)))) == "one two three"


async def test_after_a_cancel_it_answers_the_next(remote: RemoteEngine):
    async with aclosing(remote.generate(ask(user("count")))) as events:
        while not isinstance(await anext(events), Piece):
            pass

    assert text_of(await collect(remote.generate(ask(user("greet"))))) == LEARNED["greet"]
