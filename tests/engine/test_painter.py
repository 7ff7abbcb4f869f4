"""The painter with its real process and a tiny pipeline of random weights."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import sys
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest
from PIL import Image
from structlog.testing import capture_logs

from bot.domain.generation import EngineState, Painted, PaintEvent, PaintProgress, PaintRequest, Queued
from bot.engine.painter import LocalPainter
from bot.errors import EngineDied, EngineDown, RequestRejected
from tests.engine.painters import WINDOW, events_of, fox, painted, save_tiny_latent_diffusion, save_tiny_pixart

pytestmark = pytest.mark.asyncio(loop_scope="module")


def steps_of(events: list[PaintEvent]) -> list[tuple[int, int]]:
    return [(event.done, event.total) for event in events if isinstance(event, PaintProgress)]


async def until_idle(painter: LocalPainter) -> None:
    while painter.health().running:
        await asyncio.sleep(0.01)


@pytest.mark.slow
async def test_a_request_waits_for_the_pipeline_to_load_and_is_painted(painter: LocalPainter) -> None:
    events = await events_of(painter, fox(steps=3))

    assert events[0] == Queued(1)
    assert steps_of(events) == [(1, 3), (2, 3), (3, 3)]
    assert isinstance(events[-1], Painted)
    assert painter.health().state is EngineState.READY


async def test_a_picture_is_a_png_that_tells_how_it_was_made(painter: LocalPainter) -> None:
    request = fox(prompt="雨后的狐狸", style="ink", negative="text", guidance=3.5, size=128)

    result = await painted(painter, request)

    expected = {
        "alt": "雨后的狐狸, ink",
        "prompt": "雨后的狐狸, ink",
        "style": "ink",
        "negative": "text",
        "model": "tiny-painter",
        "seed": 7,
        "steps": 2,
        "guidance": 3.5,
        "size": "128x128",
    }
    picture = Image.open(io.BytesIO(result.images[0]))
    assert result.parameters == expected
    assert picture.format == "PNG"
    assert picture.size == (128, 128)
    assert picture.text == {"Software": "Inkling", **{name: str(value) for name, value in expected.items()}}


async def test_the_same_seed_paints_the_same_picture_and_another_seed_another(painter: LocalPainter) -> None:
    first = await painted(painter, fox(seed=7))
    again = await painted(painter, fox(seed=7))
    other = await painted(painter, fox(seed=8))

    assert first.images == again.images
    assert first.images != other.images


async def test_each_of_several_pictures_has_the_next_seed(painter: LocalPainter) -> None:
    events = await events_of(painter, fox(seed=7, count=3))
    alone = await painted(painter, fox(seed=9))

    several = events[-1]
    assert isinstance(several, Painted)
    assert len(set(several.images)) == 3
    assert several.images[2] == alone.images[0]
    assert several.seeds == (7, 8, 9)
    assert several.parameters["seed"] == 7
    assert steps_of(events)[-1] == (6, 6)


async def test_a_seed_that_was_not_given_comes_back_and_paints_the_picture_again(painter: LocalPainter) -> None:
    first = await painted(painter, fox(seed=None))
    again = await painted(painter, fox(seed=first.parameters["seed"]))

    assert again.images == first.images


async def test_what_was_not_asked_for_is_the_pipelines_own_choice(painter: LocalPainter) -> None:
    result = await painted(painter, PaintRequest("request", "a red fox"))

    assert {name: result.parameters[name] for name in ("steps", "guidance", "drawn")} == {
        "steps": 50,
        "guidance": 7.5,
        "drawn": "64x64",
    }


async def test_requests_are_painted_one_after_another_and_told_their_place(painter: LocalPainter) -> None:
    results = await asyncio.gather(*(events_of(painter, fox(seed=seed)) for seed in range(3)))

    assert [[event for event in events if isinstance(event, Queued)] for events in results] == [
        [],
        [Queued(1)],
        [Queued(2), Queued(1)],
    ]
    assert all(isinstance(events[-1], Painted) for events in results)


async def test_closing_the_iterator_cancels_at_the_next_step(painter: LocalPainter) -> None:
    with capture_logs() as logs:
        async with aclosing(painter.paint(fox(steps=200))) as events:
            await anext(events)
        await until_idle(painter)

    assert [entry["event"] for entry in logs] == ["painter.cancelled"]
    assert await painted(painter, fox())


async def test_closing_the_iterator_of_a_request_that_waits_takes_it_out_of_the_line(painter: LocalPainter) -> None:
    async with aclosing(painter.paint(fox(steps=200))) as running, aclosing(painter.paint(fox())) as waiting:
        await anext(running)
        assert await anext(waiting) == Queued(1)
        await waiting.aclose()

        assert painter.health().waiting == 0
    await until_idle(painter)


async def test_words_that_no_text_encoder_reads_whole_are_refused(painter: LocalPainter) -> None:
    with pytest.raises(RequestRejected) as caught:
        await painted(painter, fox(prompt="fox " * WINDOW))

    assert caught.value.line == "paint.too_long"
    assert caught.value.values["limit"] == WINDOW


async def test_a_killed_process_is_replaced_and_the_picture_painted_all_the_same(painter: LocalPainter) -> None:
    before = await painted(painter, fox(steps=30))
    killed = painter.worker_pid
    assert killed is not None

    async with aclosing(painter.paint(fox(steps=30))) as events:
        await anext(events)
        os.kill(killed, signal.SIGKILL)
        rest = [event async for event in events]

    assert rest[-1] == before
    assert steps_of(rest).count((1, 30)) == 1
    assert painter.worker_pid != killed
    assert painter.health().state is EngineState.READY


@pytest.mark.slow
async def test_a_request_that_kills_its_process_twice_is_given_up(painter: LocalPainter) -> None:
    async def kill_at_every_first_step() -> None:
        async for event in painter.paint(fox(steps=200)):
            if isinstance(event, PaintProgress) and event.done == 1:
                assert painter.worker_pid is not None
                os.kill(painter.worker_pid, signal.SIGKILL)

    with pytest.raises(EngineDied) as caught:
        await kill_at_every_first_step()

    assert caught.value.line == "paint.died"
    assert await painted(painter, fox())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("save", "size", "progress"),
    [
        (save_tiny_pixart, 256, [(1, 4), (2, 4), (3, 4), (4, 4)]),
        (save_tiny_latent_diffusion, 512, [(2, 4), (4, 4)]),
    ],
)
async def test_pipelines_of_other_families_paint_too(
    tmp_path: Path, save: Callable[[Path], None], size: int, progress: list[tuple[int, int]]
) -> None:
    save(tmp_path)
    painter = LocalPainter(str(tmp_path), threads=1, dtype="float32")
    await painter.start()

    events = await events_of(painter, fox(count=2))

    await painter.close()
    assert steps_of(events) == progress
    assert isinstance(events[-1], Painted)
    assert events[-1].parameters["size"] == f"{size}x{size}"


async def test_loading_begins_when_what_comes_first_is_there(painter_folder: Path) -> None:
    is_there = asyncio.Event()
    painter = LocalPainter(str(painter_folder), threads=1, dtype="float32")
    await painter.start(after=is_there.is_set)
    await asyncio.sleep(0.3)
    before = painter.worker_pid
    is_there.set()
    while painter.worker_pid is None:
        await asyncio.sleep(0.01)
    await painter.close()

    assert before is None


async def test_a_closed_painter_ends_what_waits_and_takes_nothing_new(painter_folder: Path) -> None:
    painter = LocalPainter(str(painter_folder), threads=1, dtype="float32")
    await painter.start()
    events = painter.paint(fox())
    await anext(events)
    waiting = asyncio.create_task(anext(events))
    await asyncio.sleep(0)

    await painter.close()

    with pytest.raises(EngineDown):
        await waiting
    with pytest.raises(EngineDown):
        await anext(painter.paint(fox()))


BOT = """
import asyncio, sys
from bot.engine.painter import LocalPainter

async def main():
    painter = LocalPainter(sys.argv[1], threads=1)
    await painter.start()
    while painter.worker_pid is None:
        await asyncio.sleep(0.01)
    print(painter.worker_pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_a_painter_whose_bot_is_killed_ends_too_even_while_it_loads(painter_folder: Path) -> None:
    bot = await asyncio.create_subprocess_exec(
        sys.executable, "-c", BOT, str(painter_folder), stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert bot.stdout is not None
    worker = psutil.Process(int(await bot.stdout.readline()))

    bot.kill()
    await bot.wait()

    while worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE:
        await asyncio.sleep(0.01)
