"""A stage for transcripts: the real bot in a process of its own, a console on a pretend platform, and what is written
down of both."""

from __future__ import annotations

import asyncio
import io
import re
import textwrap
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from adapters.slack import lines as slack_lines
from tests.e2e.commands import ended
from tests.e2e.processes import Bot
from tests.servers.discord import Impossible

# Seconds that an answer may take on a busy machine, and for which nothing moves when it is there.
_PATIENCE_S = 600.0
_STILL_S = 3.0
_BEGINS_S = 30.0
_LONGEST = 14
_WIDTH = 118

# What is followed by no word of the bot's.
_SILENT = (":react", ":unreact", ":thread", ":general", ":locale", ":type", ":dm")

_COMING = (slack_lines.LINES["working"].en, slack_lines.LINES["working"].zh)


class Console(Protocol):
    """Somebody at the keyboard of a pretend platform."""

    async def obey(self, line: str) -> None: ...

    def looks(self) -> dict[Any, str]: ...

    def news(self, looks: dict[Any, str]) -> list[str]: ...


@dataclass
class Stage:
    """Where a play is given: the bot's folder and settings, and the page that grows."""

    console: Console
    grows: Callable[[Any], bool]
    connected: Callable[[], bool]
    folder: Path
    settings: Mapping[str, str]
    page: list[str] = field(default_factory=list)
    _bot: Bot | None = None
    _is_block: bool = False

    # --- what is written down ---------------------------------------------------------------------------------------

    def prose(self, text: str) -> None:
        """Words between the blocks."""
        self._close_block()
        self.page += ["", *textwrap.wrap(text, _WIDTH)]

    def text(self) -> str:
        """The whole page."""
        self._close_block()
        return "\n".join(self.page).strip() + "\n"

    def _write(self, text: str) -> None:
        if not self._is_block:
            self.page += ["", "```"]
            self._is_block = True
        print(text, flush=True)
        lines = re.sub(r"[\w-]{8,}\.(png|gif)", r"….\1", text).rstrip().splitlines() or [""]
        if len(lines) > _LONGEST:
            cut = len(lines) - _LONGEST + 2
            lines = [*lines[: _LONGEST - 4], f"  … {cut} more lines …", *lines[-2:]]
        for line in lines:
            self.page += textwrap.wrap(line, _WIDTH, subsequent_indent="  ", drop_whitespace=True) or [""]

    def _close_block(self) -> None:
        if self._is_block:
            while not self.page[-1]:
                self.page.pop()
            self.page.append("```")
        self._is_block = False

    # --- what is done -----------------------------------------------------------------------------------------------

    async def shell(self, *arguments: str, shown: str = "", **settings: str) -> None:
        """A command of the bot: what it finds, and its exit code where that says something."""
        done = await ended(self.folder, *arguments, patience=_PATIENCE_S, **{**self.settings, **settings})
        self._write(f"$ {shown}")
        found = done.output.splitlines()
        first = next((number for number, line in enumerate(found) if line.startswith(("✓", "✗"))), 0)
        if first and arguments[0] == "connect":
            self._write("  … every step, from the vendor's site to the running bot …")
        ours = [line for line in found[first:] if not line.startswith("✓") or line[2:].startswith(("Discord", "Slack"))]
        if len(ours) < len(found[first:]):
            self._write("  … ✓ for the data folder, the models, the page …")
        for line in ours:
            self._write(line)
        self._write(f"(exit code {done.code})")
        self._write("")

    async def start(self) -> None:
        """Start the bot, and wait until it is connected."""
        (self.folder / "data").mkdir(exist_ok=True)
        self._bot = await Bot(self.folder / "data", patience=_PATIENCE_S, **self.settings).__aenter__()
        await self._until(self.connected)

    async def kill(self) -> None:
        """End it with `kill -9`."""
        if self._bot is not None:
            bot, self._bot = self._bot, None
            await bot.__aexit__()

    async def crash(self) -> None:
        """`kill -9`, and a new start."""
        await self.kill()
        self._write("## kill -9, and started again")
        await self.start()

    async def line(self, typed: str, *, answered: bool = True) -> None:
        """Type a line, and write down what came of it once nothing moves any more; not every line is `answered`."""
        before = self._looks()
        asks = await self._obey(typed)
        if answered and not asks and not typed.startswith(_SILENT):
            await self._until(lambda: self._looks() != before)
            await self._still()
        for news in self.console.news(self._looks()):
            self._write(news)

    async def begin(self, typed: str) -> None:
        """Type a line, and wait only until words of its answer are seen."""
        before = set(self._looks())
        await self._obey(typed)
        await self._until(lambda: any(self._has_begun(each) for each in set(self._looks()) - before))
        self.console.news(self._looks())

    async def stop(self, asked: str, typed: str) -> None:
        """Ask, and stop the answer on its way; asked again where it was quicker, or too short to be stopped."""
        while True:
            before = list(self.page)
            try:
                async with asyncio.timeout(_BEGINS_S):
                    await self.begin(asked)
                await self.line(typed)
                return
            except (LookupError, Impossible, TimeoutError):
                await self._still()
                self.page = before

    async def _obey(self, typed: str) -> bool:
        """Whether the console asks for something in turn."""
        self._write(f"> {typed}")
        said = io.StringIO()
        with redirect_stdout(said):
            await self.console.obey(typed)
        lines = [line for line in said.getvalue().splitlines() if line.strip() not in ("(taken)", "(sent)")]
        for line in lines:
            self._write(line)
        return any(line.lstrip().startswith(("?", "[")) for line in lines)

    def _has_begun(self, message: Any) -> bool:
        shown = self._looks().get(message, "")
        return len(shown.partition(": ")[2].split()) > 8

    def _looks(self) -> dict[Any, str]:
        """What the bot shows, but for the lines that only say that an answer comes."""
        return {message: shown for message, shown in self.console.looks().items() if not shown.endswith(_COMING)}

    async def _still(self) -> None:
        seen, since = self._looks(), 0.0
        while since < _STILL_S:
            await asyncio.sleep(0.25)
            now = self._looks()
            since = since + 0.25 if now == seen and not any(map(self.grows, now)) else 0.0
            seen = now

    async def _until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            while not holds():
                await asyncio.sleep(0.1)
