from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import structlog

from bot.domain.messages import RateReply, SuggestAnswer
from bot.domain.ratings import RatingSource, Verdict
from bot.errors import EngineDied
from bot.logs import set_up
from bot.settings import LogSettings
from tests.houses import ANA, open_house


@contextmanager
def logging_to(file: Path, settings: LogSettings) -> Iterator[Path]:
    """Logs into a file for a while; afterwards as for all other tests."""
    set_up(settings, file)
    (handler,) = logging.getLogger().handlers
    try:
        yield file
    finally:
        set_up(LogSettings(level="INFO", format="text"))
        # A full disk refuses what is still to be written.
        with suppress(OSError):
            handler.close()


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    """Logs as JSON."""
    with logging_to(tmp_path / "inkling.log", LogSettings(level="DEBUG", format="json")) as file:
        yield file


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


def test_ours_are_lines_of_text_with_time_level_place_and_ids(tmp_path: Path) -> None:
    with logging_to(tmp_path / "inkling.log", LogSettings(level="INFO", format="text")) as file:
        log = structlog.get_logger("bot.somewhere")
        log.info("accepted", item="17", kind="message")
        log.debug("not to be read")
        try:
            raise ValueError("broken")
        except ValueError:
            log.exception("answer failed")

    first, *more = file.read_text(encoding="utf-8").splitlines()
    assert re.fullmatch(r"\S+Z \[info     \] accepted {23}\[bot.somewhere\] item=17 kind=message", first)
    assert "[error    ] answer failed" in more[0]
    assert more[-1] == "ValueError: broken"


def test_libraries_lines_look_like_ours(tmp_path: Path) -> None:
    with logging_to(tmp_path / "inkling.log", LogSettings(level="INFO", format="text")) as file:
        logging.getLogger("somebody.elses").warning("something is %s", "wrong")

    assert re.fullmatch(r"\S+Z \[warning  \] something is wrong {13}\[somebody.elses\]\n", file.read_text())


def test_a_full_disk_keeps_nobody_from_being_answered(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to(Path("/dev/full"), LogSettings(level="INFO", format="text")):
        structlog.get_logger("bot.somewhere").info("accepted")

    assert "No space left on device" in capsys.readouterr().err
