"""A start that cannot succeed ends with one sentence that says what to do, and an exit code; nothing is touched."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.processes import Bot, environment
from tests.engine.completion_server import CompletionServer, say


def _bot(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        cwd=folder,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_bad_setting_ends_the_start_with_its_name_and_the_remedy(tmp_path: Path) -> None:
    ended = _bot(tmp_path, "run", WEB_PORT="http", DATA_FOLDER=str(tmp_path / "data"))

    assert ended.returncode == 78
    assert "WEB_PORT" in ended.stderr
    assert ".env.example" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "data").exists()


def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("mine")

    ended = _bot(tmp_path, "run", DATA_FOLDER=str(tmp_path / "data"))

    assert ended.returncode == 74
    assert str(tmp_path / "data") in ended.stderr
    assert "DATA_FOLDER" in ended.stderr
    assert (tmp_path / "data").read_text() == "mine"


def test_a_port_in_use_is_named_with_the_setting(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])

        ended = _bot(tmp_path, "run", WEB_PORT=port, ENGINE_URL="http://127.0.0.1:9")

    assert ended.returncode == 69
    assert port in ended.stderr
    assert "WEB_PORT" in ended.stderr


def test_a_database_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    assert _bot(tmp_path, "releases", DATA_FOLDER=str(folder)).returncode == 0
    with sqlite3.connect(folder / "inkling.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")

    ended = _bot(tmp_path, "releases", DATA_FOLDER=str(folder))

    assert ended.returncode == 74
    assert "newer" in ended.stderr
    with sqlite3.connect(folder / "inkling.db") as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "inkling.db").write_bytes(b"not a database at all" * 100)

    ended = _bot(tmp_path, "releases", DATA_FOLDER=str(folder))

    assert ended.returncode == 74
    assert "inkling.db" in ended.stderr
    assert "Traceback" not in ended.stderr


async def test_a_second_process_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    async with CompletionServer(say("Hi.")) as server, Bot(tmp_path, ENGINE_URL=server.url) as first:
        ended = await asyncio.to_thread(_bot, tmp_path, "run", DATA_FOLDER=str(tmp_path), WEB_PORT="0")

        assert ended.returncode == 75
        assert str(first.process.pid) in ended.stderr


async def test_a_missing_model_is_said_on_the_page_and_to_the_asker(tmp_path: Path) -> None:
    missing = tmp_path / "no-such-model"
    async with Bot(tmp_path, TEXT_MODEL=str(missing)) as bot, aiohttp.ClientSession() as session:
        assert await bot.send("e1", "Hello") == 200
        answer = (await bot.answers())[0]
        async with session.get(f"{bot.address}healthz") as response:
            health = await response.text()

    assert answer["status"] == "failed"
    assert "No model is answering" in answer["text"]
    assert str(missing) not in answer["text"]
    assert "failed" in health
    assert "TEXT_MODEL" in bot.log


def test_doctor_names_every_finding_with_its_remedy(tmp_path: Path) -> None:
    folder, missing = str(tmp_path / "data"), str(tmp_path / "none")

    ended = _bot(tmp_path, "doctor", DATA_FOLDER=folder, TEXT_MODEL=missing, WEB_PORT="0")

    assert ended.returncode == 1
    assert "✓ data folder" in ended.stdout
    assert "✓ database" in ended.stdout
    assert "✗ text model" in ended.stdout
    assert "TEXT_MODEL" in ended.stdout


async def test_doctor_is_content_with_a_server_that_answers(tmp_path: Path) -> None:
    async with CompletionServer(say("Hi.")) as server:
        ended = await asyncio.to_thread(
            _bot, tmp_path, "doctor", DATA_FOLDER=str(tmp_path / "data"), ENGINE_URL=server.url, WEB_PORT="0"
        )

    assert ended.returncode == 0, ended.stdout
    assert "All is well" in ended.stdout


@pytest.mark.parametrize("arguments", [("--help",), ("run", "--help"), ("chat", "--help"), ("--version",)])
def test_help_is_there_without_settings(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    ended = _bot(tmp_path, *arguments, WEB_PORT="http")

    assert ended.returncode == 0
    assert ended.stdout
