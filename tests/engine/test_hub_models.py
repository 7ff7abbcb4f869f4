"""TEXT_MODEL and IMAGE_MODEL as names on the Hub, from the Hub of the tests through the real processes."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from bot.domain.generation import Download, EngineState
from bot.engine.engine import LocalEngine
from bot.engine.painter import LocalPainter
from tests.engine.asking import ask, collect, text_of, user
from tests.engine.hub_server import REPO, HubServer
from tests.engine.painters import fox, painted, save_tiny_painter


@pytest.fixture
def hub(writer_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A slow Hub with the tiny writer, as the workers' environment names it."""
    server = HubServer(writer_folder)
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    yield server
    server.close()


async def settled(model: LocalEngine | LocalPainter) -> list[Download]:
    """Wait until it is loaded, or never will be; how its download came on."""
    seen: list[Download] = []
    while not (model.health().state is EngineState.READY or model.health().state is EngineState.FAILED):
        if (download := model.health().download) is not None and download not in seen:
            seen.append(download)
        await asyncio.sleep(0.02)
    return seen


@pytest.mark.slow
async def test_a_writer_of_the_hub_tells_its_progress_and_answers(hub: HubServer) -> None:
    hub.seconds_a_piece = 0.2
    engine = LocalEngine(REPO, dtype="float32", threads=1)
    with structlog.testing.capture_logs() as logs:
        await engine.start()
        seen = await settled(engine)

    health = engine.health()
    said = text_of(await collect(engine.generate(ask(user("greet")))))
    await engine.close()

    assert health.state is EngineState.READY
    assert health.download is None
    assert len({download.done for download in seen}) > 1
    assert {download.total for download in seen} == {seen[0].total}
    assert any(line["event"] == "engine.downloading" and line["percent"] == 100 for line in logs)
    assert said.startswith("Hello!")
    assert not {name for name in hub.fetched() if not name.endswith((".json", ".safetensors", ".jinja"))}


async def test_without_a_network_the_bundled_writer_answers_and_it_is_said(hub: HubServer, writer_folder: Path) -> None:
    hub.close()
    engine = LocalEngine(REPO, dtype="float32", threads=1, instead=str(writer_folder))
    await engine.start()
    await settled(engine)

    health = engine.health()
    said = text_of(await collect(engine.generate(ask(user("greet")))))
    await engine.close()

    assert (health.state, health.model, health.replaced) == (EngineState.READY, str(writer_folder), REPO)
    assert f"{REPO} is no folder here, and could not be had from the Hugging Face Hub" in health.detail
    assert said.startswith("Hello!")


async def test_a_folder_that_is_not_there_is_not_stood_in_for(tmp_path: Path, writer_folder: Path) -> None:
    engine = LocalEngine(str(tmp_path / "nowhere"), threads=1, instead=str(writer_folder))
    await engine.start()
    await settled(engine)

    health = engine.health()
    await engine.close()

    assert (health.state, health.replaced) == (EngineState.FAILED, "")


@pytest.fixture
def painters_hub(hub: HubServer, tmp_path: Path) -> HubServer:
    """The same with a tiny painter."""
    hub.folder = tmp_path / "painter"
    save_tiny_painter(hub.folder)
    return hub


@pytest.mark.slow
async def test_a_painter_of_the_hub_is_fetched_without_pickles_code_and_variants(painters_hub: HubServer) -> None:
    sound = set(painters_hub.files())
    for name in ("unet/model.fp16.safetensors", "unet/model.bin", "unet/code.py", "other/big.safetensors", "README.md"):
        (painters_hub.folder / name).parent.mkdir(exist_ok=True)
        (painters_hub.folder / name).write_bytes(b"not to be had")
    painter = LocalPainter(REPO, dtype="float32", threads=1)
    await painter.start()
    await settled(painter)
    health = painter.health()
    await painter.close()

    assert health.state is EngineState.READY, health.detail
    assert painters_hub.fetched() == sound


@pytest.mark.slow
async def test_a_painters_download_tells_its_progress_and_goes_on_after_a_kill(painters_hub: HubServer) -> None:
    painters_hub.seconds_a_piece = 0.2
    painter = LocalPainter(REPO, dtype="float32", threads=1)
    with structlog.testing.capture_logs() as logs:
        await painter.start()
        while (download := painter.health().download) is None or download.percent < 30:
            await asyncio.sleep(0.02)
        assert painter.worker_pid is not None
        os.kill(painter.worker_pid, signal.SIGKILL)
        seen = await settled(painter)
    health = painter.health()
    picture = await painted(painter, fox())
    await painter.close()

    assert (health.state, health.model, health.download) == (EngineState.READY, REPO, None)
    assert {shown.total for shown in seen} == {download.total}
    # What had come whole was not asked for again.
    assert len(painters_hub.asked) <= len(painters_hub.fetched()) + 1
    assert any(line["event"] == "painter.downloading" and line["percent"] == 100 for line in logs)
    assert picture.images


@pytest.mark.slow
async def test_without_a_network_the_bundled_painter_draws_and_it_is_said(
    painters_hub: HubServer, tmp_path: Path
) -> None:
    bundled = shutil.copytree(painters_hub.folder, tmp_path / "bundled")
    painter = LocalPainter(REPO, dtype="float32", threads=1, instead=str(bundled))
    painters_hub.close()
    await painter.start()
    await settled(painter)
    health = painter.health()
    picture = await painted(painter, fox())
    await painter.close()

    assert (health.state, health.model, health.replaced) == (EngineState.READY, "bundled", REPO)
    assert f"bundled paints instead: {REPO} is no folder here" in health.detail
    assert picture.parameters["model"] == "bundled"
