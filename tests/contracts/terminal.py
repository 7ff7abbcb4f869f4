"""Hands on the terminal: the lines that a person enters, the answers that the program keeps, the screen that waits."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import termios
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pyte
from prompt_toolkit.application import create_app_session

from adapters.terminal import TerminalPlatform
from adapters.terminal.inbound import PLACE, Talk
from bot.domain.places import Person, Platform
from bot.ports import UnitOfWorkFactory
from bot.system import SystemClock, new_id
from tests.contracts.drivers import Driver, Shown
from tests.houses import House, open_house

_PEOPLE = {
    "ana": Person(Platform.TERMINAL, "ana", "Ana"),
    "lin": Person(Platform.TERMINAL, "lin", "琳", locale="zh-CN"),
}


class InTheTerminal(Driver):
    """The one conversation of `python -m bot chat`, on a pseudo-terminal. Its lines come by `Talk`, as the loop brings
    them."""

    async def start(self) -> None:
        self.screen = pyte.Screen(80, 24)
        with self._before_a_terminal():
            terminal = TerminalPlatform(
                data_folder=self.folder,
                clock=SystemClock(),
                new_id=new_id,
                bot_name="Inkling",
                environ={"TERM": "xterm-256color"},
            )
            self.house: House = await self._bot.enter_async_context(
                open_house(self.folder, generator=self.engine, platform=terminal, clock=SystemClock())  # type: ignore[arg-type]
            )
            await terminal.start(self.house.core)
        self._bot.push_async_callback(terminal.close)

    @contextmanager
    def _before_a_terminal(self) -> Iterator[None]:
        """What is made inside finds a terminal; `screen` shows what it draws, for as long as the bot is there."""
        ours, its = os.openpty()
        termios.tcsetwinsize(its, (24, 80))
        stream = pyte.ByteStream(self.screen)
        self.screen.write_process_input = lambda data: os.write(ours, data.encode())
        loop = asyncio.get_running_loop()
        self._bot.callback(os.close, ours)
        keys = self._bot.enter_context(os.fdopen(its))
        glass = self._bot.enter_context(os.fdopen(os.dup(its), "w"))
        loop.add_reader(ours, lambda: stream.feed(os.read(ours, 65536)))
        self._bot.callback(loop.remove_reader, ours)
        with patch.object(sys, "stdin", keys), patch.object(sys, "stdout", glass), create_app_session():
            yield

    @property
    def units(self) -> UnitOfWorkFactory:
        return self.house.services.units

    async def turn_id(self, shown: Shown) -> str:
        return str(shown.handle)

    async def says(
        self, text: str, by: str = "ana", *, to_bot: bool = True, alone: bool = False, after: Any = None
    ) -> Any:
        outcome = await self._talk(by).take(text)
        assert outcome.accepted is not None, outcome.said
        return outcome.accepted.question.id

    async def shown(self) -> Sequence[Shown]:
        views = await self.house.core.reading.turns(PLACE, _PEOPLE["ana"])
        return [
            Shown(
                "\n".join(filter(None, [view.turn.text, view.turn.note])),
                frozenset(),
                view.turn.id,
                view.turn.status.is_open,
            )
            for view in views
            if view.turn.is_by_bot
        ]

    async def presses(self, shown: Shown, button: str, by: str = "ana") -> None:
        if button == "stop":
            await self._talk(by).stop(shown.handle)
        else:
            words = {"good": ":up", "bad": ":down", "regenerate": ":again", "continue": ":more"}[button]
            outcome = await self._talk(by).take(words)
            assert not outcome.failed, outcome.said

    async def attaches(self, name: str, data: bytes, text: str) -> None:
        file = self.folder / name
        file.write_bytes(data)
        talk = self._talk("ana")
        outcomes = [await talk.take(f":attach '{file}'"), await talk.take(text)]
        assert not any(outcome.failed for outcome in outcomes), outcomes

    async def explains(self, shown: Shown, reason: str, better: str, by: str = "ana") -> None:
        outcomes = [await self._talk(by).take(words) for words in (f":down {reason}", f":suggest {better}")]
        assert not any(outcome.failed for outcome in outcomes), outcomes

    async def place_in_line(self) -> int:
        """By the line above the prompt."""
        found = re.search(r"number (\d+) in line", "\n".join(self.screen.display))
        return int(found[1]) if found else 0

    def _talk(self, by: str) -> Talk:
        return Talk(self.house.core, _PEOPLE[by], SystemClock(), new_id, "Inkling")
