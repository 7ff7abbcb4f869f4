"""Hands on the terminal: the lines that a person types, and the answers that the program keeps."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from adapters.terminal import TerminalPlatform
from adapters.terminal.inbound import PLACE, Talk
from adapters.terminal.piping import Pipe
from bot.app import SystemClock, new_id
from bot.domain.places import Person, Platform
from bot.ports import UnitOfWorkFactory
from tests.contracts.drivers import Driver, Shown
from tests.houses import House, open_house

_PEOPLE = {
    "ana": Person(Platform.TERMINAL, "ana", "Ana"),
    "lin": Person(Platform.TERMINAL, "lin", "琳", locale="zh-CN"),
}


class InTheTerminal(Driver):
    """The one conversation of `python -m bot chat`, written to a pipe that nobody keeps."""

    async def start(self) -> None:
        nowhere = os.open(os.devnull, os.O_RDWR)
        # A pipe that says nothing: the lines come by `Talk`, as the loop brings them.
        silence, kept_open = os.pipe()
        for descriptor in (nowhere, silence, kept_open):
            self._bot.callback(os.close, descriptor)
        terminal = TerminalPlatform(
            data_folder=self.folder,
            clock=SystemClock(),
            new_id=new_id,
            bot_name="Inkling",
            environ={},
            pipe=Pipe(silence, nowhere, nowhere),
        )
        self.house: House = await self._bot.enter_async_context(
            open_house(self.folder, generator=self.engine, platform=terminal, clock=SystemClock())  # type: ignore[arg-type]
        )
        await terminal.start(self.house.core)
        self._bot.push_async_callback(terminal.close)

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

    def _talk(self, by: str) -> Talk:
        return Talk(self.house.core, _PEOPLE[by], SystemClock(), new_id, "Inkling")
