from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from bot.domain.messages import RateReply, SuggestAnswer
from bot.domain.ratings import RatingSource, Verdict
from bot.errors import EngineDied
from bot.logs import set_up
from bot.settings import LogSettings
from tests.houses import ANA, open_house


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    """Logs as JSON into a file for one test; afterwards as for all others."""
    structlog.reset_defaults()
    set_up(LogSettings(level="DEBUG", format="json"), tmp_path / "inkling.log")
    yield tmp_path / "inkling.log"
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.FileHandler) and handler.baseFilename == str(tmp_path / "inkling.log"):
            handler.close()
    set_up(LogSettings(level="INFO", format="text"))


async def test_logs_carry_ids_and_never_what_people_or_the_model_wrote(tmp_path: Path, log_file: Path) -> None:
    async with open_house(tmp_path) as house:
        house.generator.enqueue("The password is Swordfish.")
        house.generator.enqueue("Sword", EngineDied())
        answer = await house.ask("What is the password, Swordfish?")
        await house.ask("Swordfish again")
        await house.ask("/write form:Swordfish x")
        await house.core.rate(
            RateReply(house.ref(answer.id), ANA, Verdict.BAD, RatingSource.TEXT, house.clock.now(), "Swordfish!")
        )
        await house.core.suggest(SuggestAnswer(house.ref(answer.id), ANA, "Swordfish", house.clock.now()))

    logged = log_file.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in logged.splitlines()]
    assert "Sword" not in logged
    assert any(line["event"] == "recorded" and line["answer"] == answer.id for line in lines)
    assert any(line["level"] == "warning" and line["error"] == "EngineDied" for line in lines)


def test_libraries_speak_from_warnings_on(log_file: Path) -> None:
    logging.getLogger("somebody.elses").info("a request with contents")
    logging.getLogger("somebody.elses").warning("something is wrong")

    assert [json.loads(line)["event"] for line in log_file.read_text().splitlines()] == ["something is wrong"]
