"""The bundled writer, as a newcomer meets it: no setting, no token, no network."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from tests.e2e.processes import Bot, environment


async def test_the_page_answers_in_words_with_nothing_set(tmp_path: Path) -> None:
    async with Bot(tmp_path, ENGINE_THREADS="1") as bot:
        assert await bot.send("e1", "Hello!") == 200
        answer = (await bot.answers())[0]

    assert answer["status"] == "complete", bot.log
    assert answer["text"].strip()
    assert answer["release"].startswith("writer@")


async def test_the_terminal_answers_in_both_languages(tmp_path: Path) -> None:
    ended = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "bot", "chat"],
        cwd=tmp_path,
        env=environment(DATA_FOLDER=str(tmp_path), ENGINE_THREADS="1"),
        input="Write a poem about the sea.\n写首小诗：月亮\n".encode(),
        capture_output=True,
        timeout=100,
    )

    said = ended.stdout.decode()
    assert ended.returncode == 0, ended.stderr
    assert any("\u4e00" <= character <= "\u9fff" for character in said)
    assert any(character.isascii() and character.isalpha() for character in said)
    assert "\ufffd" not in said
