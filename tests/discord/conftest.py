from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.discord.bots import Bot, open_bot
from tests.servers.discord import Channel, DiscordServer, Person


@pytest.fixture(autouse=True)
def _database(migrated: Path, tmp_path: Path) -> None:
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)


@pytest.fixture(autouse=True)
def _few_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """All servers are told of at once."""
    monkeypatch.setattr("adapters.discord.client.SERVERS_S", 0.1)


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as server:
        yield server
        assert not server.violations


@pytest.fixture
def channel(server: DiscordServer) -> Channel:
    return server.add_guild("Team").add_channel("general")


@pytest.fixture
def ana(server: DiscordServer, channel: Channel) -> Person:
    return server.add_user("Ana")


@pytest.fixture
async def bot(server: DiscordServer, channel: Channel, tmp_path: Path) -> AsyncIterator[Bot]:
    async with open_bot(server, tmp_path) as bot:
        yield bot
