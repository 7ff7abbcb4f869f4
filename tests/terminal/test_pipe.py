"""Lines through a pipe: each answered before the next is read, answers alone on the standard output."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from adapters.terminal import TerminalPlatform
from adapters.terminal.piping import Pipe
from adapters.terminal.streams import LONGEST_LINE
from bot.system import SystemClock, new_id
from tests.houses import open_house
from tests.terminal.program import script


@dataclass(frozen=True)
class Ended:
    """What a run of lines left behind."""

    answers: str
    remarks: str
    code: int


async def ask(folder: Path, lines: str | bytes, locale: str = "C.UTF-8") -> Ended:
    """Answer these lines in this process, from file to file."""
    streams = folder / "streams"
    streams.mkdir(exist_ok=True)
    (streams / "in").write_bytes(lines.encode() if isinstance(lines, str) else lines)
    with (streams / "in").open("rb") as given, (streams / "out").open("wb") as out, (streams / "err").open("wb") as err:
        code = await answer(folder, Pipe(given.fileno(), out.fileno(), err.fileno()), locale)
    return Ended((streams / "out").read_text("utf-8"), (streams / "err").read_text("utf-8"), code)


async def answer(folder: Path, pipe: Pipe, locale: str = "C.UTF-8") -> int:
    """Answer what comes through a pipe, in this process; the exit code."""
    clock, environ = SystemClock(), {"LC_ALL": locale}
    terminal = TerminalPlatform(
        data_folder=folder, clock=clock, new_id=new_id, bot_name="Inkling", environ=environ, pipe=pipe
    )
    async with open_house(folder, generator=script(folder), platform=terminal, clock=clock) as house:
        await terminal.start(house.core)
        try:
            return await terminal.wait_closed()
        finally:
            await terminal.close()


async def program(folder: Path) -> Process:
    """The program in a process of its own, in a locale without UTF-8."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "LOGNAME": "ana", "LC_ALL": "POSIX"}
    given = {"stdin": PIPE, "stdout": PIPE, "stderr": PIPE}
    return await create_subprocess_exec(
        sys.executable, "-W", "error", "-m", "tests.terminal.program", str(folder), env=environ, **given
    )


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "inkling.db")) as database:
        return database.execute(query).fetchall()


async def test_each_line_gets_its_answer_and_nothing_else_is_on_the_output(tmp_path: Path) -> None:
    process = await program(tmp_path)

    answers, remarks = await process.communicate(
        "hello\n\nECHO # Title\\n\\nSome **bold** 你好 👍\nlast line without an end".encode()
    )

    assert answers.decode() == "You said: hello\nTitle\n\nSome bold 你好 👍\nYou said: last line without an end\n"
    assert remarks == b""
    assert process.returncode == 0


async def test_a_line_is_answered_before_the_next_is_written(tmp_path: Path) -> None:
    given, lines = os.pipe()
    answers, out = os.pipe()
    running = asyncio.create_task(answer(tmp_path, Pipe(given, out, out)))

    os.write(lines, b"one\n")
    first = await asyncio.to_thread(os.read, answers, 100)
    os.write(lines, b"two\n")
    second = await asyncio.to_thread(os.read, answers, 100)
    os.close(lines)

    assert (first, second) == (b"You said: one\n", b"You said: two\n")
    assert await running == 0
    for descriptor in (given, answers, out):
        os.close(descriptor)


async def test_a_reader_that_goes_away_ends_the_program_quietly(tmp_path: Path) -> None:
    process = await program(tmp_path)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdin.write(b"one\n")
    await process.stdout.readline()
    process._transport.get_pipe_transport(1).close()  # type: ignore[attr-defined]

    process.stdin.write(b"two\nthree\n")

    assert await process.wait() == 1
    assert await process.stderr.read() == b""
    assert rows(tmp_path, "select text from turn where role = 'user'") == [("one",), ("two",)]


async def test_what_was_accepted_before_a_crash_is_answered_in_the_next_run(tmp_path: Path) -> None:
    process = await program(tmp_path)
    assert process.stdin is not None
    process.stdin.write(b"WAIT gate at last\n")
    while not _is_waiting(tmp_path):
        await asyncio.sleep(0.02)
    process.kill()
    await process.communicate()
    (tmp_path / "gate").touch()

    ended = await ask(tmp_path, "hello\n")

    assert ended.answers == "You said: hello\n"
    assert ended.remarks == "answer to an earlier message, “WAIT gate at last”\nat last\n"
    assert rows(tmp_path, "select count(*) from turn where role = 'assistant'") == [(2,)]


async def test_the_conversation_goes_on_in_the_next_run(tmp_path: Path) -> None:
    await ask(tmp_path, "first\n")
    await ask(tmp_path, "second\n")

    assert rows(tmp_path, "select count(distinct conversation_id), count(*) from turn") == [(1, 4)]


async def test_votes_are_kept_with_their_reasons(tmp_path: Path) -> None:
    ended = await ask(tmp_path, "hello\n:up well said\n")

    assert ended.remarks == "Noted: 👍\n"
    assert rows(tmp_path, "select verdict, reason from rating") == [("good", "well said")]


async def test_a_vote_reaches_the_answer_of_an_earlier_run(tmp_path: Path) -> None:
    await ask(tmp_path, "hello\n")

    ended = await ask(tmp_path, ":down\n")

    assert ended.code == 0
    assert rows(tmp_path, "select verdict from rating") == [("bad",)]


async def test_a_better_answer_is_kept(tmp_path: Path) -> None:
    await ask(tmp_path, "hello\n:suggest Hello, Ana!\n")

    assert rows(tmp_path, "select text from suggestion") == [("Hello, Ana!",)]


async def test_an_answer_can_be_made_again(tmp_path: Path) -> None:
    ended = await ask(tmp_path, "hello\n:again\n")

    assert ended.answers == "You said: hello\n" * 2


async def test_a_vote_without_an_answer_is_a_failure_with_a_sentence(tmp_path: Path) -> None:
    ended = await ask(tmp_path, ":up\n")

    assert (ended.answers, ended.remarks) == ("", "There is no answer to rate yet.\n")
    assert ended.code == 1


async def test_a_refused_line_is_told_on_the_error_output_and_the_next_is_answered(tmp_path: Path) -> None:
    ended = await ask(tmp_path, "/nothing\nhello\n")

    assert ended.answers == "You said: hello\n"
    assert ended.remarks.startswith("There is no command /nothing.")
    assert ended.code == 1


async def test_a_failed_answer_is_told_on_the_error_output(tmp_path: Path) -> None:
    ended = await ask(tmp_path, "FAIL\n")

    assert ended.answers == ""
    assert ended.remarks.startswith("No model is answering")
    assert ended.code == 1


async def test_a_line_that_is_not_utf8_gets_a_sentence_and_the_next_an_answer(tmp_path: Path) -> None:
    ended = await ask(tmp_path, b"caf\xe9\nhello\n")

    assert ended.answers == "You said: hello\n"
    assert ended.remarks == ("Line 1 is not UTF-8 text, so it was left out. Convert the input to UTF-8 first.\n")
    assert ended.code == 1


async def test_an_endless_line_is_left_out_and_the_next_is_answered(tmp_path: Path) -> None:
    ended = await ask(tmp_path, "x" * (LONGEST_LINE + 5) + "\nhello\n")

    assert ended.answers == "You said: hello\n"
    assert ended.remarks.startswith("Line 1 is longer than")
    assert ended.code == 1


async def test_people_with_a_chinese_locale_read_chinese(tmp_path: Path) -> None:
    ended = await ask(tmp_path, ":nope\n", locale="zh_CN.UTF-8")

    assert ended.remarks == "没有 :nope，:help 列出可用的。\n"


async def test_nothing_that_a_model_writes_can_steer_the_terminal(tmp_path: Path) -> None:
    ended = await ask(tmp_path, "EVIL\n")

    assert ended.answers == "plain [31mred[2J ]0;title5A words\n"


async def test_quit_ends_before_the_input_does(tmp_path: Path) -> None:
    ended = await ask(tmp_path, "hello\n:quit\nnever read\n")

    assert ended.answers == "You said: hello\n"
    assert ended.code == 0


def _is_waiting(folder: Path) -> bool:
    try:
        return (folder / "inkling.db").exists() and bool(rows(folder, "select 1 from inbox"))
    except sqlite3.OperationalError:
        return False
