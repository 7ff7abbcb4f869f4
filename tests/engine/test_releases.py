"""Releases beside the base model: what is known of them, and a local engine that serves several at once."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio
import torch

from bot.domain.generation import EngineState, GenerationEvent, Piece, SamplingParams, Started
from bot.engine import lora, weights
from bot.engine.engine import LocalEngine
from bot.engine.releases import Releases
from bot.errors import EngineDied, EngineLoading, ModelError, RequestRejected
from tests.engine.asking import ask, collect, text_of, user
from tests.engine.loras import answer_by_peft, save_lora
from tests.engine.tiny import LEARNED

pytestmark = pytest.mark.asyncio(loop_scope="session")

SHORT = SamplingParams(max_tokens=40, temperature=0.0)
LONG = SamplingParams(max_tokens=200, temperature=5.0, seed=1)


# --- what is known ---


@pytest.fixture
def known() -> Releases:
    releases = Releases()
    releases.base = "writer@0"
    releases.add("tuned", "folder")
    return releases


async def test_who_names_no_release_gets_the_one_in_service(known: Releases):
    assert known.chosen_for(None) == "writer@0"
    known.serve("tuned")
    assert known.chosen_for(None) == "tuned"
    assert known.chosen_for("writer@0") == known.chosen_for("") == "writer@0"


async def test_a_release_that_was_never_loaded_is_refused(known: Releases):
    with pytest.raises(RequestRejected):
        known.chosen_for("other")
    with pytest.raises(ModelError):
        known.serve("other")


async def test_a_release_that_was_unloaded_meanwhile_is_replaced_by_the_one_in_service(known: Releases):
    known.serve("tuned")

    assert known.remove("tuned")
    assert not known.remove("tuned")
    assert known.chosen_for("tuned") == "writer@0"


async def test_no_more_are_loaded_than_may_be(known: Releases):
    for number in range(3):
        known.add(str(number), "folder")

    known.check_room("tuned")
    with pytest.raises(ModelError, match="unload one"):
        known.check_room("another")


async def test_a_release_over_which_workers_die_twice_is_given_up_and_said_so(known: Releases):
    known.serve("tuned")
    known.loading_again = "tuned"
    assert not known.died_loading("was ended by SIGKILL")
    known.loading_again = "tuned"
    assert known.died_loading("was ended by SIGKILL")

    assert known.in_service == "writer@0"
    assert "SIGKILL" in known.lost["tuned"]
    assert "base model serves" in known.lost["tuned"]
    assert not known.died_loading("was ended by SIGKILL")


# --- a local engine ---


@dataclass(frozen=True)
class Tuned:
    """A release of the tiny writer: its name and folder, and how it answers "count" at temperature 0."""

    name: str
    folder: Path
    answer: str


@pytest.fixture(scope="module")
def tuned(writer_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Tuned]:
    model = weights.load_model(writer_folder, torch.float32, "cpu")
    made = []
    for seed in (1, 2):
        folder = save_lora(tmp_path_factory.mktemp("lora"), model, seed=seed)
        name = f"tiny-{seed}@{lora.fingerprint(folder)[:8]}"
        made.append(Tuned(name, folder, answer_by_peft(writer_folder, folder, "count", SHORT.max_tokens)))
    assert len({LEARNED["count"], made[0].answer, made[1].answer}) == 3
    return made


@pytest_asyncio.fixture(loop_scope="session")
async def loaded(engine: LocalEngine, tuned: list[Tuned]) -> AsyncIterator[LocalEngine]:
    """The engine with both releases beside the base model, which serves."""
    await engine.count_tokens([user("hi")])
    await until(lambda: engine.health().is_ready)
    for each in tuned:
        await engine.load_release(each.name, str(each.folder))
    yield engine
    await until(lambda: engine.health().is_ready)
    await engine.serve_release("")
    for name in engine.health().releases:
        await engine.unload_release(name)


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


async def count(engine: LocalEngine, release: str | None = None) -> tuple[str, str]:
    """Which release answered "count", and what."""
    request = replace(ask(user("count"), sampling=SHORT), release=release)
    events = await collect(engine.generate(request))
    starts = [event.release for event in events if isinstance(event, Started)]
    assert len(starts) == 1
    return starts[0], text_of(events)


async def begin(engine: LocalEngine, release: str | None) -> tuple[str, asyncio.Task[list[GenerationEvent]]]:
    """Start a long answer, and go on reading it beside the test."""
    events = engine.generate(replace(ask(user("x"), sampling=LONG), release=release))
    name = ""
    while not isinstance(event := await anext(events), Piece):
        name = event.release if isinstance(event, Started) else name
    return name, asyncio.create_task(collect(events))


def kill_worker(engine: LocalEngine) -> None:
    assert engine.worker_pid is not None
    os.kill(engine.worker_pid, signal.SIGKILL)


async def test_releases_and_base_answer_side_by_side_as_peft_does(loaded: LocalEngine, tuned: list[Tuned]):
    base = loaded.health().release
    expected = [(base, LEARNED["count"]), *((each.name, each.answer) for each in tuned)] * 2

    answers = await asyncio.gather(*(count(loaded, name) for name, _ in expected))

    assert answers == expected
    assert loaded.health().releases == tuple(each.name for each in tuned)


async def test_serving_changes_who_answers_and_back(loaded: LocalEngine, tuned: list[Tuned]):
    base = loaded.health().release
    await loaded.serve_release(tuned[0].name)
    assert loaded.health().release == tuned[0].name
    assert await count(loaded) == (tuned[0].name, tuned[0].answer)

    await loaded.serve_release("")
    assert await count(loaded) == (base, LEARNED["count"])


async def test_requests_in_flight_end_on_the_release_that_began_them(loaded: LocalEngine, tuned: list[Tuned]):
    alone = await collect(loaded.generate(replace(ask(user("x"), sampling=LONG), release=tuned[0].name)))
    await loaded.serve_release(tuned[0].name)
    begun = [await begin(loaded, None) for _ in range(2)]
    await loaded.serve_release(tuned[1].name)
    after = await count(loaded)
    await loaded.unload_release(tuned[0].name)

    assert after == (tuned[1].name, tuned[1].answer)
    assert loaded.health().running == 0
    for name, answer in begun:
        assert name == tuned[0].name
        # Its first piece was read before.
        assert text_of(alone).endswith(text_of(await answer))


async def test_who_waits_for_a_release_that_goes_is_answered_by_the_one_in_service(
    loaded: LocalEngine, tuned: list[Tuned]
):
    base = loaded.health().release
    await loaded.unload_release(tuned[0].name)

    assert await count(loaded, tuned[0].name) == (base, LEARNED["count"])
    with pytest.raises(RequestRejected):
        await count(loaded, "never@00000000")


async def test_unloading_the_one_in_service_leaves_the_base_model(loaded: LocalEngine, tuned: list[Tuned]):
    base = (await count(loaded, ""))[0]
    await loaded.serve_release(tuned[0].name)
    await loaded.unload_release(tuned[0].name)

    assert loaded.health().release == base
    assert await count(loaded) == (base, LEARNED["count"])


async def test_what_cannot_be_loaded_leaves_everything_as_it_was(
    loaded: LocalEngine, tuned: list[Tuned], tmp_path: Path
):
    await loaded.serve_release(tuned[0].name)
    broken = Path(shutil.copytree(tuned[1].folder, tmp_path / "broken"))
    file = broken / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:-10])

    for name, folder in [("broken", broken), (tuned[0].name + "x", tmp_path / "nowhere"), ("a@12345678", broken)]:
        with pytest.raises(ModelError):
            await loaded.load_release(name, str(folder))

    assert loaded.health().releases == tuple(each.name for each in tuned)
    assert await count(loaded) == (tuned[0].name, tuned[0].answer)


async def test_a_new_worker_has_the_same_releases_and_serves_the_same(loaded: LocalEngine, tuned: list[Tuned]):
    await loaded.serve_release(tuned[0].name)
    _, half_shown = await begin(loaded, tuned[1].name)
    kill_worker(loaded)

    with pytest.raises(EngineDied):
        await half_shown
    with pytest.raises(EngineLoading):
        await loaded.load_release("more", str(tuned[0].folder))
    assert await count(loaded) == (tuned[0].name, tuned[0].answer)
    assert await count(loaded, tuned[1].name) == (tuned[1].name, tuned[1].answer)


@pytest.mark.slow
async def test_a_release_that_a_new_worker_cannot_load_leaves_the_base_model_and_health_says_so(
    loaded: LocalEngine, tuned: list[Tuned], tmp_path: Path
):
    folder = Path(shutil.copytree(tuned[0].folder, tmp_path / "going"))
    await loaded.load_release("going", str(folder))
    await loaded.serve_release("going")
    shutil.rmtree(folder)
    kill_worker(loaded)
    await until(lambda: not loaded.health().is_ready)

    name, text = await count(loaded)

    assert name not in ("going", tuned[0].name)
    assert text == LEARNED["count"]
    health = loaded.health()
    assert health.state is EngineState.READY
    assert "going could not be loaded again" in health.detail
    assert health.releases == tuple(each.name for each in tuned)
    await loaded.serve_release(tuned[1].name)
    assert "going" not in loaded.health().detail
