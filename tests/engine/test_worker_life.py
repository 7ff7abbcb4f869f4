"""The worker process dies, hangs, cannot load, or loses its parent."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from bot.domain.generation import EngineHealth, EngineState, GenerationEvent, Piece, Queued, SamplingParams, Started
from bot.engine.engine import LocalEngine
from bot.errors import EngineDied, EngineDown, EngineLoading
from tests.engine.asking import ask, collect, shape_of, text_of, user
from tests.engine.tiny import LEARNED

pytestmark = pytest.mark.asyncio(loop_scope="session")

LONG = SamplingParams(max_tokens=240, temperature=5.0, seed=1)
# Holds every word back until the end, because it begins like the whole answer.
SILENT = SamplingParams(max_tokens=100, temperature=0.0, stop=(LEARNED["count"] + "!",))


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


def kill_worker(engine: LocalEngine, how: signal.Signals = signal.SIGKILL) -> None:
    assert engine.worker_pid is not None
    os.kill(engine.worker_pid, how)


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


# --- death ---


async def test_an_answer_that_showed_nothing_is_made_again_by_the_next_worker(single: LocalEngine):
    events = []
    async for event in single.generate(ask(user("count"), sampling=SILENT)):
        events.append(event)
        if isinstance(event, Started):
            kill_worker(single)

    assert text_of(events) == LEARNED["count"]
    assert shape_of(events).replace("P", "").lstrip("Q") == "SF"
    assert single.health().state is EngineState.READY


@dataclass(frozen=True)
class Death:
    """What became of those who were there when a worker was killed in the middle of an answer."""

    half_shown: BaseException | list[GenerationEvent]
    waiting: BaseException | list[GenerationEvent]
    question: BaseException | Sequence[int]
    health: EngineHealth


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def death(single: LocalEngine) -> Death:
    running = single.generate(ask(user("x"), sampling=LONG))
    while not isinstance(await anext(running), Piece):
        pass
    assert single.worker_pid is not None
    os.kill(single.worker_pid, signal.SIGSTOP)
    half_shown = asyncio.create_task(collect(running))
    question = asyncio.create_task(single.count_tokens([user("hi")]))
    waiting = asyncio.create_task(collect(single.generate(ask(user("greet"), person="bob"))))
    await until(lambda: single.health().waiting)
    kill_worker(single)
    await until(lambda: "SIGKILL" in single.health().detail)
    health = single.health()
    half, wait, count = await asyncio.gather(half_shown, waiting, question, return_exceptions=True)
    return Death(half, wait, count, health)


async def test_an_answer_that_was_half_shown_ends_openly(death: Death):
    assert isinstance(death.half_shown, EngineDied)


async def test_a_request_that_waited_is_answered_by_the_next_worker(death: Death):
    assert isinstance(death.waiting, list)
    assert text_of(death.waiting) == LEARNED["greet"]


async def test_a_question_to_the_tokenizer_is_asked_again(death: Death):
    assert isinstance(death.question, list)
    assert len(death.question) == 1


async def test_health_tells_of_the_death_until_the_next_worker_is_ready(death: Death, single: LocalEngine):
    assert death.health.state is EngineState.RESTARTING
    assert single.health().state is EngineState.READY


@pytest.mark.slow
async def test_an_answer_over_which_the_worker_dies_twice_is_set_aside(single: LocalEngine):
    fatal = asyncio.create_task(collect(single.generate(ask(user("count"), sampling=SILENT))))
    await until(lambda: single.health().running)
    waiting = asyncio.create_task(collect(single.generate(ask(user("greet"), person="bob"))))
    await until(lambda: single.health().waiting)
    first = single.worker_pid
    kill_worker(single)
    await until(lambda: single.health().running and single.worker_pid not in (first, None))
    kill_worker(single)

    with pytest.raises(EngineDied):
        await fatal
    assert text_of(await waiting) == LEARNED["greet"]


async def test_a_worker_that_dies_in_whatever_way_again_and_again_while_loading_is_given_up(writer_folder: Path):
    engine = LocalEngine(str(writer_folder))
    await engine.start()
    request = asyncio.create_task(collect(engine.generate(ask(user("greet")))))
    for how in (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT):
        await until(lambda: engine.worker_pid)
        kill_worker(engine, how)
        await until(lambda: engine.worker_pid is None)
        await until(lambda how=how: how.name in engine.health().detail)

    with pytest.raises(EngineDown):
        await request
    assert engine.health().state is EngineState.FAILED
    assert "3 times in a row" in engine.health().detail
    with pytest.raises(EngineDown):
        await engine.count_tokens([user("hi")])
    await engine.close()


# --- loading ---


async def test_a_model_that_cannot_be_loaded_is_said_once_and_not_tried_again(tmp_path: Path):
    engine = LocalEngine(str(tmp_path / "nowhere"))
    await engine.start()

    with pytest.raises(EngineDown) as caught:
        await collect(engine.generate(ask(user("greet"))))

    health = engine.health()
    assert health.state is EngineState.FAILED
    assert health.detail == caught.value.detail
    assert "does not exist" in health.detail
    assert "TEXT_MODEL" in health.detail
    await until(lambda: engine.worker_pid is None)
    with pytest.raises(EngineDown):
        await collect(engine.generate(ask(user("greet"))))
    await engine.close()


async def test_nobody_waits_for_a_loading_model_longer_than_agreed(writer_folder: Path):
    engine = LocalEngine(str(writer_folder), load_wait_s=0.05)
    await engine.start()

    assert engine.health().state is EngineState.LOADING
    events = engine.generate(ask(user("greet")))
    assert await anext(events) == Queued(1)
    with pytest.raises(EngineLoading):
        await anext(events)
    with pytest.raises(EngineLoading):
        await engine.count_tokens([user("hi")])
    assert engine.health().waiting == 0
    await engine.close()


# --- the end ---


async def test_close_ends_the_worker_and_what_waits(writer_folder: Path):
    engine = LocalEngine(str(writer_folder))
    await engine.start()
    request = asyncio.create_task(collect(engine.generate(ask(user("greet")))))
    await until(lambda: engine.worker_pid)
    pid = engine.worker_pid
    assert pid is not None
    await engine.close()

    assert is_gone(pid)
    with pytest.raises(EngineDown):
        await request


PARENT = """
import asyncio, sys
from bot.domain.generation import *
from bot.engine.engine import LocalEngine

async def main(folder, moment):
    engine = LocalEngine(folder, dtype="float32", threads=1)
    await engine.start()
    while engine.worker_pid is None:
        await asyncio.sleep(0.001)
    if moment == "generating":
        prompt = (PromptMessage(Role.USER, "x"),)
        async for event in engine.generate(GenerationRequest("1", prompt, SamplingParams(240, 5.0, seed=1))):
            if isinstance(event, Piece):
                break
    print(engine.worker_pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("moment", ["loading", pytest.param("generating", marks=pytest.mark.slow)])
async def test_a_worker_whose_parent_is_killed_ends_by_itself(writer_folder: Path, moment: str):
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(writer_folder), moment, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = await read_number(parent.stdout)
    assert not is_gone(pid)

    parent.kill()
    await parent.wait()

    await until(lambda: is_gone(pid))


async def read_number(pipe: asyncio.StreamReader) -> int:
    """The first line that is a number; the parent's log may come before it."""
    while not (line := await pipe.readline()).strip().isdigit():
        assert line
    return int(line)


async def test_the_engines_door_opens_without_anything_heavy():
    heavy = ("torch", "transformers", "openai", "tokenizers")
    code = f"import sys, bot.engine.engine; print([name for name in {heavy} if name in sys.modules])"
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    out, _ = await child.communicate()

    assert out.strip() == b"[]"
