"""A bot at work on the platform that a test names."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.generation import GenerationRequest
from bot.engine.scripted import ScriptedGenerator
from tests.contracts.discord import OnDiscord
from tests.contracts.drivers import Driver
from tests.contracts.slack import OnSlack
from tests.contracts.terminal import InTheTerminal
from tests.contracts.web import OnThePage

DRIVERS: dict[str, type[Driver]] = {
    "discord": OnDiscord,
    "slack": OnSlack,
    "web": OnThePage,
    "terminal": InTheTerminal,
}


def _echo(request: GenerationRequest) -> str:
    return f"You said: {request.messages[-1].content}"


@pytest.fixture
async def bot(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> AsyncIterator[Driver]:
    """The driver of the platform that the test is run on."""
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    async with DRIVERS[request.param](tmp_path, ScriptedGenerator(_echo, capacity=4)) as driver:
        yield driver
