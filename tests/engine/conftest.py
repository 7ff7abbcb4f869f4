"""The tiny writer, made once and kept in pytest's cache until the code that makes it changes, and a tiny painter."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import pytest
import pytest_asyncio

from bot.engine.engine import LocalEngine
from bot.engine.painter import LocalPainter

_MAKER = Path(__file__).with_name("tiny.py")


@pytest.fixture(scope="session")
def writer_folder(request: pytest.FixtureRequest) -> Path:
    assert request.config.cache is not None
    cache = request.config.cache.mkdir("tiny_writer")
    made_by = _MAKER.read_bytes() + version("torch").encode() + version("transformers").encode()
    kept = cache / hashlib.sha256(made_by).hexdigest()[:16] / "tiny"
    if not kept.exists():
        from tests.engine.tiny import make_writer

        kept.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as workplace:
            made = make_writer(Path(workplace) / "tiny")
            # Of several test processes that make it at once, the first one's is kept.
            with suppress(OSError):
                made.rename(kept)
    return kept


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def engine(writer_folder: Path) -> AsyncIterator[LocalEngine]:
    """One engine for all tests, because a worker takes seconds to import torch. Whoever kills its worker, waits."""
    engine = LocalEngine(str(writer_folder), dtype="float32", threads=1)
    await engine.start()
    yield engine
    await engine.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def single(writer_folder: Path) -> AsyncIterator[LocalEngine]:
    """An engine that answers one request at a time, where it matters who comes next."""
    engine = LocalEngine(str(writer_folder), dtype="float32", threads=1, max_running=1)
    await engine.start()
    yield engine
    await engine.close()


@pytest.fixture(scope="module")
def painter_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `painter` paints with; a module may have another."""
    from tests.engine.painters import save_tiny_painter

    folder = tmp_path_factory.mktemp("models") / "tiny-painter"
    save_tiny_painter(folder)
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def painter(painter_folder: Path) -> AsyncIterator[LocalPainter]:
    """A painter with its real process."""
    painter = LocalPainter(str(painter_folder), threads=1, dtype="float32")
    await painter.start()
    yield painter
    await painter.close()
