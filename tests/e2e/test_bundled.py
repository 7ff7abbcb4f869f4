"""The bundled writer, as a newcomer meets it: no setting, no token, no network."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.processes import Bot, environment


async def test_the_page_answers_in_words_with_nothing_set(tmp_path: Path) -> None:
    async with Bot(tmp_path, ENGINE_THREADS="1") as bot:
        assert await bot.send("e1", "Hello!") == 200
        answer = (await bot.answers())[0]

    assert answer["status"] == "complete", bot.log
    assert re.search("[a-z]{3}", answer["text"])
    assert answer["release"].startswith("writer@")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("locale", "line", "letters"),
    [
        ("en_US.UTF-8", "Write a birthday message for Amir.", "[a-z]{3}"),
        ("zh_CN.UTF-8", "写首小诗：月亮", "[\u4e00-\u9fff]"),
    ],
)
async def test_the_terminal_answers_in_the_language_asked(tmp_path: Path, locale: str, line: str, letters: str) -> None:
    ended = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "bot", "chat"],
        cwd=tmp_path,
        env=environment(DATA_FOLDER=str(tmp_path), ENGINE_THREADS="1", LC_ALL=locale),
        input=f"{line}\n".encode(),
        capture_output=True,
        timeout=100,
    )

    said = ended.stdout.decode()
    assert ended.returncode == 0, ended.stderr
    assert re.search(letters, said)
    assert "\ufffd" not in said
