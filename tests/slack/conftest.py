from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.engine.scripted import ScriptedGenerator
from bot.errors import EngineDown
from tests.servers.slack import Channel, SlackServer, User
from tests.slack.workspaces import Workspace, at_work


@pytest.fixture
def tmp_path(tmp_path: Path, migrated: Path) -> Path:
    """A data folder of the test's own, which need not be migrated any more."""
    return Path(shutil.copytree(migrated, tmp_path, dirs_exist_ok=True))


@pytest.fixture
async def server() -> AsyncIterator[SlackServer]:
    async with SlackServer() as server:
        yield server


@pytest.fixture
def ana(server: SlackServer) -> User:
    return server.add_user("Ana")


@pytest.fixture
def lin(server: SlackServer) -> User:
    return server.add_user("琳", locale="zh-CN")


@pytest.fixture
def general(server: SlackServer, ana: User, lin: User) -> Channel:
    return server.add_channel("general")


@pytest.fixture
async def workspace(server: SlackServer, general: Channel, tmp_path: Path) -> AsyncIterator[Workspace]:
    async with at_work(server, tmp_path) as workspace:
        yield workspace


@pytest.fixture
def generator_down(workspace: Workspace) -> ScriptedGenerator:
    workspace.generator.enqueue(EngineDown())
    return workspace.generator
