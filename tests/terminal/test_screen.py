"""The prompt, as a person before a terminal sees it.

Most tests share one terminal, since starting one takes a second: each looks for words that only it has said.
"""

from __future__ import annotations

import sqlite3
import termios
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.terminal.screens import ALT_ENTER, CTRL_C, CTRL_D, TAB, UP, Terminal


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("terminal")


@pytest.fixture(scope="module")
def shared(folder: Path) -> Iterator[Terminal]:
    terminal = Terminal(folder)
    terminal.until(terminal.is_at_rest)
    yield terminal
    terminal.close()


@pytest.fixture
def terminal(shared: Terminal) -> Iterator[Terminal]:
    yield shared
    shared.type(CTRL_C * (not shared.is_at_rest()))
    shared.until(shared.is_at_rest)


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "inkling.db")) as database:
        return database.execute(query).fetchall()


def test_a_long_answer_streams_and_is_in_the_scrollback_once(terminal: Terminal, folder: Path) -> None:
    terminal.say("LONG 40 gate")
    terminal.until("Paragraph 18 has")
    assert "Paragraph 20" not in terminal.text()
    (folder / "gate").touch()

    terminal.until("Paragraph 39 has bold and 中文字符 in it.")
    terminal.until(terminal.is_at_rest)

    shown = [line for line in terminal.all_lines() if line.startswith("Paragraph")]
    assert shown == [f"Paragraph {number} has bold and 中文字符 in it." for number in range(40)]


def test_a_block_higher_than_the_screen_is_whole_in_the_end(terminal: Terminal) -> None:
    terminal.say("CODE 60")
    terminal.until("\nbelow\n")
    terminal.until(terminal.is_at_rest)

    shown = [line for line in terminal.all_lines() if line.startswith("row(")]
    assert shown == [f"row({number})" for number in range(60)]


def test_chinese_and_emoji_are_not_torn_and_line_up(terminal: Terminal) -> None:
    table = "| 名字 | n |\\n|---|---|\\n| 甲乙丙 | 👍 |\\n| abc | z |"
    terminal.say("ECHO " + "这个句子很长，用来看换行。" * 12 + "\\n\\n" + table)
    terminal.until("z\n")
    terminal.until(terminal.is_at_rest)

    answer = terminal.text().rpartition("| abc | z |")[2]
    assert "".join(answer.split("名字")[0].split()) == "这个句子很长，用来看换行。" * 12
    first, second = [line for line in answer.split("\n") if "👍" in line or line.strip().startswith("abc")]
    assert terminal.column_of(first, "👍") == terminal.column_of(second, "z")


def test_control_sequences_of_a_model_do_nothing(terminal: Terminal) -> None:
    terminal.say("EVIL")

    terminal.until("plain [31mred[2J ]0;title5A words")

    line = next(line for line in terminal.screen.buffer.values() if "red" in "".join(line[at].data for at in range(20)))
    assert {line[at].fg for at in range(80)} == {"default"}
    assert terminal.screen.title == ""


def test_commands_complete_with_their_help(terminal: Terminal) -> None:
    terminal.type("/")
    terminal.until(lambda: "/write" in terminal.visible() and "draft a text" in terminal.visible())

    terminal.type("wri")
    terminal.until(lambda: "/write" in terminal.visible() and "/image" not in terminal.visible())
    terminal.type(TAB)
    terminal.until(lambda: "› /write\n" in terminal.visible())

    terminal.type(" ")
    terminal.until(lambda: "social post" in terminal.visible())

    terminal.type("email lang")
    terminal.until(lambda: "language:chinese" in terminal.visible())


def test_colon_words_complete_too(terminal: Terminal) -> None:
    terminal.type(":")

    terminal.until(lambda: ":suggest" in terminal.visible() and "go on with the last answer" in terminal.visible())


def test_ctrl_c_stops_the_answer_and_keeps_what_was_said(terminal: Terminal, folder: Path) -> None:
    terminal.say("SLOW half an answer")
    terminal.until("\nhalf an answer")

    terminal.type(CTRL_C)

    terminal.until("Stopped.  :more goes on")
    assert rows(folder, "select status from turn where text = 'half an answer'") == [("stopped",)]


def test_waiting_is_shown_and_leaves_no_trace(terminal: Terminal) -> None:
    terminal.say("HANG")
    terminal.until(lambda: "thinking" in terminal.visible())

    terminal.type(CTRL_C)
    terminal.until(terminal.is_at_rest)

    assert "thinking" not in terminal.text()


def test_a_picture_shows_how_far_its_painter_is_and_who_draws_in_its_place(terminal: Terminal, folder: Path) -> None:
    terminal.say("/image a cat")
    terminal.until("org/painter is being downloaded: 12.3 of 49.0 MB (25 %)")
    assert "could not be fetched" not in terminal.text()
    (folder / "unreachable").touch()

    terminal.until("org/painter could not be fetched, so the bundled painter draws.")
    terminal.until(terminal.is_at_rest)


def test_a_vote_with_its_reason_is_kept(terminal: Terminal, folder: Path) -> None:
    terminal.say("a question to be rated")
    terminal.until("You said: a question to be rated")
    terminal.until(terminal.is_at_rest)

    terminal.say(":up just right")

    terminal.until("Noted: 👍")
    query = "select verdict, reason from rating join turn on turn.id = turn_id where text like '%to be rated'"
    assert rows(folder, query) == [("good", "just right")]


def test_pasted_lines_are_one_message(terminal: Terminal, folder: Path) -> None:
    terminal.paste("pasted one\npasted two")
    terminal.until("pasted two")
    assert terminal.text().count("You said: pasted") == 0

    terminal.type(ALT_ENTER + "typed three\r")

    terminal.until("You said: typed three")
    assert rows(folder, "select text from turn where text like 'pasted one%'") == [
        ("pasted one\npasted two\ntyped three",)
    ]


def test_a_question_during_an_answer_is_answered_after_it_under_its_words(terminal: Terminal) -> None:
    terminal.say("SLOW the first speaks")
    terminal.until("\nthe first speaks")
    terminal.say("the second asks")
    terminal.until("› the second asks")

    terminal.type(CTRL_C)

    terminal.until("answer to “the second asks”\nYou said: the second asks")
    after = terminal.text().rpartition("the first speaks")[2]
    assert after.index("Stopped.") < after.index("answer to “the second asks”")


def test_the_arrow_key_brings_back_what_was_written(terminal: Terminal, folder: Path) -> None:
    terminal.say("remember these words")
    terminal.until("You said: remember these words")
    terminal.until(terminal.is_at_rest)

    terminal.type(UP)

    terminal.until(lambda: terminal.visible().rstrip().endswith("› remember these words"))
    assert (folder / "terminal-history").stat().st_mode & 0o777 == 0o600


def test_leaving_puts_the_terminal_in_order_and_speaks_chinese_to_chinese(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, rows=12, columns=40, locale="zh_CN.UTF-8")
    before = termios.tcgetattr(terminal.process.child_fd)
    terminal.until("直接输入消息")
    terminal.until(terminal.is_at_rest)
    assert termios.tcgetattr(terminal.process.child_fd) != before
    terminal.type("/")
    terminal.until("起草文字")
    terminal.type(CTRL_C + CTRL_C)
    terminal.until("再按一次 Ctrl-C 离开")

    terminal.type(CTRL_C)

    terminal.until(lambda: not terminal.process.isalive())
    assert termios.tcgetattr(terminal.process.child_fd) == before
    assert terminal.until_ended() == 0
    assert "?2004l" in terminal.raw.decode()[-200:]


def test_who_leaves_during_an_answer_keeps_what_was_said(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    terminal.until(terminal.is_at_rest)
    terminal.say("SLOW some words of it")
    terminal.until("\nsome words of it")

    terminal.type(CTRL_D)

    assert terminal.until_ended() == 0
    assert terminal.text().count("\nsome words of it") == 1


@pytest.mark.slow
def test_after_a_crash_the_answer_comes_with_the_words_it_answers(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    terminal.until(terminal.is_at_rest)
    terminal.say("WAIT gate at long last")
    terminal.until(lambda: "thinking" in terminal.visible())
    terminal.close()
    (tmp_path / "gate").touch()

    terminal = Terminal(tmp_path)

    terminal.until("answer to an earlier message, “WAIT gate at long last”\nat long last\n")
    terminal.type(CTRL_D)
    assert terminal.until_ended() == 0
