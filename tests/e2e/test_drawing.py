"""/image through the page of a whole bot, with a tiny pipeline of random weights in the painter's own process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.processes import Bot
from tests.engine.completion_server import CompletionServer, say
from tests.engine.painters import save_tiny_painter

pytestmark = pytest.mark.slow


def _bot(folder: Path, server: CompletionServer) -> Bot:
    return Bot(folder, IMAGE_MODEL=str(folder / "painter"), ENGINE_THREADS="1", ENGINE_URL=server.url)


async def test_pictures_are_drawn_while_text_is_answered(tmp_path: Path) -> None:
    save_tiny_painter(tmp_path / "painter", flow=True)
    async with CompletionServer(say("Hi.")) as server, _bot(tmp_path, server) as bot:
        assert await bot.send("e1", "/image count:2 steps:40 seed:7 a red fox") == 200
        assert await bot.send("e2", "Hello!", "other") == 200
        (written,) = await bot.answers("other")
        (drawn,) = await bot.answers()

    assert [picture["parameters"]["seed"] for picture in drawn["pictures"]] == [7, 8]
    assert {drawn["status"], written["status"]} == {"complete"}, bot.log


async def test_a_damaged_painter_leaves_the_bot_at_work(tmp_path: Path) -> None:
    save_tiny_painter(tmp_path / "painter")
    (tmp_path / "painter" / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"\0" * 99)
    async with CompletionServer(say("Hi.")) as server, _bot(tmp_path, server) as bot:
        assert await bot.send("e1", "/image a red fox") == 200
        assert await bot.send("e2", "Hello!", "other") == 200
        (written,) = await bot.answers("other")
        (drawn,) = await bot.answers()

    assert drawn["status"] == "failed"
    assert "The painter could not be loaded" in drawn["text"]
    assert written["status"] == "complete", bot.log
