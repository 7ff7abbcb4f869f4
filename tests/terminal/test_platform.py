"""The terminal's side of the platform's contract: files, history, who is who, and what it says."""

from __future__ import annotations

import string
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.terminal import TerminalPlatform
from adapters.terminal.commands import HELP, Verb, read_verb
from adapters.terminal.inbound import PLACE, Talk
from adapters.terminal.lines import LINES
from adapters.terminal.piping import Pipe
from bot.domain.messages import Attachment
from bot.domain.places import Person, Platform
from bot.errors import DeliveryError
from bot.ports import Painter
from bot.system import SystemClock, new_id
from tests.chat.test_painting import ScriptedPainter
from tests.houses import House, open_house
from tests.terminal.program import script

ANA = Person(Platform.TERMINAL, "ana", "ana")


def platform(folder: Path, **environ: str) -> TerminalPlatform:
    return TerminalPlatform(
        data_folder=folder, clock=SystemClock(), new_id=new_id, bot_name="Inkling", environ=environ, pipe=Pipe()
    )


def talk(house: House) -> Talk:
    return Talk(house.core, ANA, SystemClock(), new_id, "Inkling")


async def test_an_attached_file_goes_with_the_next_message_alone(tmp_path: Path) -> None:
    notes = tmp_path / "my notes.txt"
    notes.write_text("buy milk", encoding="utf-8")
    terminal = platform(tmp_path)
    async with open_house(tmp_path, generator=script(tmp_path), platform=terminal) as house:
        person = talk(house)

        attached = await person.take(f":attach '{notes}'")
        first, second = await person.take("read this"), await person.take("and now")

        assert attached.said == "attached: my notes.txt"
        assert first.accepted is not None
        assert second.accepted is not None
        assert [(file.name, file.size) for file in first.accepted.question.attachments] == [("my notes.txt", 8)]
        assert second.accepted.question.attachments == ()
        assert await terminal.fetch(first.accepted.question.attachments[0]) == b"buy milk"


@pytest.mark.parametrize("path", ["nowhere.txt", "/"])
async def test_a_file_that_cannot_be_read_is_not_attached(tmp_path: Path, path: str) -> None:
    async with open_house(tmp_path, platform=platform(tmp_path)) as house:
        person = talk(house)

        outcome = await person.take(f":attach {path}")

        assert outcome.failed
        assert person.attachments == []


async def test_a_file_that_went_away_is_a_delivery_error(tmp_path: Path) -> None:
    gone = Attachment("a", "text/plain", 1, str(tmp_path / "gone"))

    with pytest.raises(DeliveryError) as caught:
        await platform(tmp_path).fetch(gone)

    assert not caught.value.retryable


@asynccontextmanager
async def after(folder: Path, lines: str, painter: Painter | None = None) -> AsyncIterator[TerminalPlatform]:
    """A terminal that was given these lines through a pipe; answers stand in `out`, remarks in `err`."""
    (folder / "in").write_text(lines, encoding="utf-8")
    with (folder / "in").open("rb") as given, (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        pipe = Pipe(given.fileno(), out.fileno(), err.fileno())
        terminal = TerminalPlatform(
            data_folder=folder, clock=SystemClock(), new_id=new_id, bot_name="Inkling", environ={}, pipe=pipe
        )
        opened = open_house(folder, generator=script(folder), platform=terminal, painter=painter, clock=SystemClock())
        async with opened as house:
            await terminal.start(house.core)
            await terminal.wait_closed()
            yield terminal


async def test_a_draft_is_made_shorter_and_posted(tmp_path: Path) -> None:
    async with after(tmp_path, "/write lunch on Friday\n:change SHORTER\n:share\n:change 更短\n") as terminal:
        history = [message async for message in terminal.history(PLACE, limit=9)]

    first, shorter, shared, again = (tmp_path / "out").read_text("utf-8").splitlines()
    assert "lunch on Friday" in first
    assert shared == shorter
    # What was posted stands beside the talk.
    assert [message.text for message in history] == [again, shorter, first, "/write lunch on Friday"]


async def test_a_picture_is_picked_by_its_number(tmp_path: Path) -> None:
    async with after(tmp_path, "/image count:2 a cat\n:pick\n:pick 3\n:pick 2\n", ScriptedPainter()):
        pass

    *grid, picked = [Path(line).name for line in (tmp_path / "out").read_text("utf-8").splitlines()]
    remarks = (tmp_path / "err").read_text("utf-8")
    assert len(grid) == 2
    assert picked not in grid
    assert remarks.count("which picture, from 1 to 2") == 2


async def test_what_cannot_be_changed_picked_or_posted_is_said(tmp_path: Path) -> None:
    async with after(tmp_path, ":change shorter\n:pick 1\n:share\n/write a note\n:change vary\n"):
        pass

    remarks = (tmp_path / "err").read_text("utf-8")
    assert "no draft or picture to change" in remarks
    assert "no pictures to pick from" in remarks
    assert "no draft to post" in remarks
    assert "shorter (shorter), longer (longer), formal (more formal)" in remarks


async def test_history_is_newest_first_and_leaves_asides_out(tmp_path: Path) -> None:
    async with after(tmp_path, "one\n/help\ntwo\n") as terminal:
        history = [message async for message in terminal.history(PLACE, limit=3)]

    assert [(message.by_bot, message.text) for message in history] == [
        (True, "You said: two"),
        (False, "two"),
        (True, "You said: one"),
    ]


async def test_an_empty_message_gets_a_sentence(tmp_path: Path) -> None:
    async with open_house(tmp_path, platform=platform(tmp_path)) as house:
        outcome = await talk(house).take("\x00")

    assert outcome.failed
    assert outcome.said.startswith("There is nothing in this message.")


@pytest.mark.parametrize("line", [":)", ":smile: hello", "a :up b", "::", ": up", "：up"])
def test_a_colon_alone_makes_no_command(line: str) -> None:
    assert read_verb(line) is None


def test_a_colon_word_is_read_in_any_case_with_what_follows() -> None:
    said = read_verb("  :Up  well\nsaid ")

    assert said is not None
    assert (said.verb, said.rest) == (Verb.UP, "well\nsaid")


@pytest.mark.parametrize("key", LINES)
def test_every_line_says_the_same_things_in_both_languages(key: str) -> None:
    def names(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert names(LINES[key].en) == names(LINES[key].zh)


def test_every_colon_word_is_explained() -> None:
    assert set(HELP) == set(Verb)
