"""The terminal's side of the platform's contract: files, history, who is who, and what it says."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

from adapters.terminal import TerminalPlatform
from adapters.terminal.commands import HELP, Verb, read_verb
from adapters.terminal.inbound import PLACE, Talk
from adapters.terminal.lines import LINES
from adapters.terminal.piping import Pipe
from bot.app import SystemClock, new_id
from bot.domain.messages import Attachment
from bot.domain.places import Person, Platform
from bot.errors import DeliveryError
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


async def test_history_is_newest_first_and_leaves_asides_out(tmp_path: Path) -> None:
    (tmp_path / "in").write_text("one\n/help\ntwo\n", encoding="utf-8")
    with (tmp_path / "in").open("rb") as given, (tmp_path / "out").open("wb") as out:
        pipe = Pipe(given.fileno(), out.fileno(), out.fileno())
        terminal = TerminalPlatform(
            data_folder=tmp_path, clock=SystemClock(), new_id=new_id, bot_name="Inkling", environ={}, pipe=pipe
        )
        async with open_house(tmp_path, generator=script(tmp_path), platform=terminal, clock=SystemClock()) as house:
            await terminal.start(house.core)
            await terminal.wait_closed()

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
