"""A start that cannot succeed ends with one sentence that says what to do, and an exit code; nothing is touched."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
import socket
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from bot.settings import BUNDLED_WRITER
from tests.e2e.commands import ended, ended_here
from tests.e2e.processes import Bot
from tests.engine.completion_server import CompletionServer, say


def test_a_bad_setting_ends_the_start_with_its_name_and_the_remedy(tmp_path: Path) -> None:
    run = ended_here(tmp_path, "run", WEB_PORT="http")

    assert run.code == 78
    assert "WEB_PORT" in run.error
    assert ".env.example" in run.error
    assert "Traceback" not in run.error
    assert not (tmp_path / "data").exists()


def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("mine")

    run = ended_here(tmp_path, "run")

    assert run.code == 74
    assert str(tmp_path / "data") in run.error
    assert "DATA_FOLDER" in run.error
    assert (tmp_path / "data").read_text() == "mine"


def test_a_port_in_use_is_named_with_the_setting(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])

        run = ended_here(tmp_path, "run", WEB_PORT=port, ENGINE_URL="http://127.0.0.1:9")

    assert run.code == 69
    assert port in run.error
    assert "WEB_PORT" in run.error


def test_a_database_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    assert ended_here(tmp_path, "releases").code == 0
    with sqlite3.connect(folder / "inkling.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")

    run = ended_here(tmp_path, "releases")

    assert run.code == 74
    assert "newer" in run.error
    with sqlite3.connect(folder / "inkling.db") as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "inkling.db").write_bytes(b"not a database at all" * 100)

    run = ended_here(tmp_path, "releases")

    assert run.code == 74
    assert "inkling.db" in run.error


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bot(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bot]:
    """A running process whose model does not exist."""
    folder = tmp_path_factory.mktemp("bot")
    async with Bot(folder, TEXT_MODEL=str(folder / "no-such-model")) as bot:
        yield bot


@pytest.mark.asyncio(loop_scope="session")
async def test_a_second_process_on_the_same_folder_is_refused(bot: Bot) -> None:
    run = await ended(bot.folder, "run", DATA_FOLDER=str(bot.folder))

    assert run.code == 75
    assert str(bot.process.pid) in run.error


@pytest.mark.asyncio(loop_scope="session")
async def test_a_missing_model_is_said_on_the_page_and_to_the_asker(bot: Bot) -> None:
    async with aiohttp.ClientSession() as session:
        assert await bot.send("e1", "Hello") == 200
        answer = (await bot.answers())[0]
        async with session.get(f"{bot.address}healthz") as response:
            health = await response.text()

    assert answer["status"] == "failed"
    assert "No model is answering" in answer["text"]
    assert "no-such-model" not in answer["text"]
    assert "failed" in health
    assert "TEXT_MODEL" in bot.log


def test_doctor_names_every_finding_with_its_remedy(tmp_path: Path) -> None:
    for name, content in (("forms/haiku", 'prompt = "Write a haiku."'), ("personas/broken", "instructions = ")):
        file = tmp_path / "data" / f"{name}.toml"
        file.parent.mkdir(parents=True)
        file.write_text(content, encoding="utf-8")

    run = ended_here(tmp_path, "doctor", TEXT_MODEL=str(tmp_path / "none"))

    assert run.code == 1
    assert "✓ data folder" in run.output
    assert "✓ database" in run.output
    assert re.search(r"✓ hardware: the model runs in (float32|bfloat16) on (cpu|cuda), \d+ threads", run.output)
    assert "✗ text model" in run.output
    assert "TEXT_MODEL" in run.output
    assert re.search(r"^✗ forms: .*haiku\.toml.*\{about\}", run.output, re.MULTILINE)
    assert re.search(r"^✗ personas: .*broken\.toml", run.output, re.MULTILINE)


def test_doctor_names_both_fingerprints_of_a_corrupt_writer(tmp_path: Path) -> None:
    shutil.copytree(BUNDLED_WRITER, tmp_path / "writer")
    weights = sorted((tmp_path / "writer").glob("*.safetensors"))[-1]
    expected = hashlib.sha256(weights.read_bytes()).hexdigest()
    with weights.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x7f")

    run = ended_here(tmp_path, "doctor", TEXT_MODEL=str(tmp_path / "writer"))

    assert run.code == 1
    found = hashlib.sha256(weights.read_bytes()).hexdigest()
    assert f"✗ text model: {weights} is damaged: its SHA-256 is {found}, SHA256SUMS says {expected}" in run.output


async def test_doctor_is_content_with_a_server_that_answers(tmp_path: Path) -> None:
    async with CompletionServer(say("Hi.")) as server:
        run = await asyncio.to_thread(ended_here, tmp_path, "doctor", ENGINE_URL=server.url)

    assert run.code == 0, run.output
    assert "All is well" in run.output


@pytest.mark.parametrize("arguments", [("--help",), ("run", "--help"), ("chat", "--help"), ("--version",)])
def test_help_is_there_without_settings(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    run = ended_here(tmp_path, *arguments, WEB_PORT="http")

    assert run.code == 0
    assert run.output
