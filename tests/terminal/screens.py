"""A terminal with a person before it: the program on a pseudo-terminal, its screen read by pyte."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pexpect
import pyte

from adapters.rendering.characters import width
from tests.patience import PATIENCE_S

CTRL_C, CTRL_D, TAB, ALT_ENTER, UP = "\x03", "\x04", "\t", "\x1b\r", "\x1b[A"


class Terminal:
    """The program, what it shows, and what is typed. Reports of the cursor's place are answered as a terminal does."""

    def __init__(self, folder: Path, *, rows: int = 24, columns: int = 80, locale: str = "en_US.UTF-8") -> None:
        self.screen = pyte.HistoryScreen(columns, rows, history=5000, ratio=0.5)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        environ = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "LOGNAME": "ana",
            "TERM": "xterm-256color",
            "LC_ALL": locale,
            "PYTHONUTF8": "1",
        }
        self.process = pexpect.spawn(
            sys.executable,
            ["-W", "error", "-m", "tests.terminal.program", str(folder)],
            dimensions=(rows, columns),
            env=environ,
            timeout=PATIENCE_S,
            echo=True,
        )
        self.screen.write_process_input = self.process.send

    def type(self, keys: str) -> None:
        """Press keys; Enter is `\\r`."""
        self.process.send(keys)

    def say(self, line: str) -> None:
        """Type a line and send it."""
        self.type(line + "\r")

    def paste(self, text: str) -> None:
        """Paste as terminals with bracketed paste do."""
        self.type(f"\x1b[200~{text}\x1b[201~")

    def all_lines(self) -> list[str]:
        """Everything that can be scrolled to, from the top, without trailing spaces."""
        return [*map(self._line, self.screen.history.top), *self._visible_lines()]

    def text(self) -> str:
        """All lines as one text."""
        return "\n".join(self.all_lines())

    def visible(self) -> str:
        """What is on the screen now."""
        return "\n".join(self._visible_lines())

    def is_at_rest(self) -> bool:
        """Whether an empty prompt waits for the next message, and nothing else goes on."""
        shown = self.visible().rstrip()
        return shown.endswith("\n›") and "thinking" not in shown.rpartition("\n\n")[2]

    def column_of(self, line: str, character: str) -> int:
        """The column in which a character of a line stands."""
        return width(line[: line.index(character)])

    def until(self, met: Callable[[], bool] | str) -> None:
        """Read what the program writes until a text is on the screen or above, or a condition is met."""
        condition = met if callable(met) else lambda: met in self.text()
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end, f"waited in vain for {met!r}; the screen shows:\n{self.text()}"
            self._read()

    def until_ended(self) -> int:
        """Read to the end; the exit code."""
        while self.process.isalive() or self._read():
            self._read()
        self.process.close()
        assert self.process.exitstatus is not None, f"killed by signal {self.process.signalstatus}"
        return self.process.exitstatus

    def close(self) -> None:
        """Be gone, whatever goes on."""
        self.process.close(force=True)

    def _visible_lines(self) -> list[str]:
        # Not `screen.display`, which fails on a line where a wide character was overwritten.
        return [self._line(self.screen.buffer[row]) for row in range(self.screen.lines)]

    def _line(self, cells: Mapping[int, pyte.screens.Char]) -> str:
        return "".join(cells[column].data for column in range(self.screen.columns)).rstrip()

    def _read(self) -> bool:
        try:
            data = self.process.read_nonblocking(65_536, timeout=0.05)
        except pexpect.TIMEOUT:
            return False
        except pexpect.EOF:
            return False
        self.raw += data
        self._stream.feed(data)
        return True
