"""One pair of hands for each platform, with the same verbs: what people do there, and what they then see.

People meet the bot in one place: a channel on Discord, Slack and the page, the one conversation of the terminal. On
Slack an answer stands in a thread under its question, so going on `after` something is to go on in its thread.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.domain.conversation import Turn
from bot.domain.messages import MessageRef
from bot.engine.scripted import ScriptedGenerator
from bot.ports import UnitOfWorkFactory
from tests.chat.test_painting import ScriptedPainter
from tests.patience import PATIENCE_S


@dataclass(frozen=True)
class Shown:
    """An answer as people see it: its words with what stands beneath them, what can be pressed, and how to name it.

    `changes` are those that its menu offers, `files` what is in its pictures.
    """

    words: str
    buttons: frozenset[str]
    handle: Any = field(compare=False)
    grows: bool = False
    changes: tuple[str, ...] = ()
    files: tuple[bytes, ...] = ()


class Driver(ABC):
    """The bot at work on one platform, over a folder and an engine that outlive it."""

    def __init__(self, folder: Path, engine: ScriptedGenerator) -> None:
        self.folder = folder
        self.engine = engine
        self.painter = ScriptedPainter()
        self._bot = AsyncExitStack()
        self._world = AsyncExitStack()

    async def __aenter__(self) -> Driver:
        await self.make_world()
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._bot.aclose()
        await self._world.aclose()

    async def restart(self) -> None:
        """End the bot without letting answers in flight end, and start it anew."""
        await self.end()
        await self.start()

    async def end(self) -> None:
        """End the bot without letting answers in flight end."""
        await self._bot.aclose()
        self._bot = AsyncExitStack()

    # --- the bot and its world --------------------------------------------------------------------------------------

    async def make_world(self) -> None:
        """What is there without the bot: a server and people, where there is a server."""
        return

    @abstractmethod
    async def start(self) -> None:
        """Start the bot in `self._bot`."""

    @property
    @abstractmethod
    def units(self) -> UnitOfWorkFactory:
        """The bot's storage, to look into."""

    @abstractmethod
    async def turn_id(self, shown: Shown) -> str:
        """The turn that an answer carries."""

    # --- what people do ---------------------------------------------------------------------------------------------

    @abstractmethod
    async def says(
        self, text: str, by: str = "ana", *, to_bot: bool = True, alone: bool = False, after: Any = None
    ) -> Any:
        """Say something in the place, to the bot or not, perhaps going on after a message or an answer; its handle.

        What is said `alone` is said in the direct conversation with the bot, where there is one.
        """

    @abstractmethod
    async def shown(self) -> Sequence[Shown]:
        """The bot's answers as they are seen now, oldest first."""

    async def presses(self, shown: Shown, button: str, by: str = "ana") -> None:
        """Press a button under an answer, by a name of `Shown.buttons`: "good", "continue", "stop", "pick 2" …"""
        raise AssertionError("people cannot do this here")

    @abstractmethod
    async def attaches(self, name: str, data: bytes, text: str) -> None:
        """Say something to the bot with a file."""

    async def explains(self, shown: Shown, reason: str, better: str, by: str = "ana") -> None:
        """Press "bad" under an answer, and fill in the form that opens; the page's asks for no reason."""
        raise AssertionError("people cannot do this here")

    async def completes(self, command: str, option: str, typed: str) -> Sequence[str]:
        """What is proposed while someone fills in an option of a command."""
        raise AssertionError("people cannot do this here")

    async def told_alone(self, by: str = "ana") -> str:
        """The latest words that only this person sees."""
        raise AssertionError("people cannot do this here")

    async def chooses(self, shown: Shown, change: str, by: str = "ana") -> None:
        """Choose from the menu of changes under an answer."""
        raise AssertionError("people cannot do this here")

    async def whispered(self, by: str = "ana") -> Shown:
        """The latest answer that only this person sees, in its last state."""
        raise AssertionError("people cannot do this here")

    async def reacts(self, shown: Shown, emoji: str, by: str = "ana") -> None:
        """React to an answer."""
        raise AssertionError("people cannot do this here")

    async def unreacts(self, shown: Shown, emoji: str, by: str = "ana") -> None:
        """Take a reaction back."""
        raise AssertionError("people cannot do this here")

    @abstractmethod
    async def place_in_line(self) -> int:
        """Which in line the answer that is waited for is, as people are told; 0 where they are not."""

    async def uses(self, said: Any, menu: str, by: str = "ana") -> None:
        """Choose from the menu of a message that a person said."""
        raise AssertionError("people cannot do this here")

    async def edits(self, said: Any, text: str) -> None:
        """Change what one said."""
        raise AssertionError("people cannot do this here")

    async def deletes(self, said: Any) -> None:
        """Take back what one said."""
        raise AssertionError("people cannot do this here")

    def redeliver(self) -> None:
        """From now on everything that is said arrives twice."""
        raise AssertionError("people cannot do this here")

    # --- waiting and looking ----------------------------------------------------------------------------------------

    async def answers(self, count: int = 1) -> Sequence[Shown]:
        """The bot's answers once there are so many, all in their last state, and nothing is left to be answered."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if not await self.pending():
                    # Looked at only now: what is answered is seen whole.
                    seen = await self.shown()
                    if len(seen) >= count and not any(each.grows for each in seen):
                        return seen
                await asyncio.sleep(0.01)

    async def growing(self, words: str) -> Shown:
        """The answer that shows these words while it is being made."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for each in await self.shown():
                    if words in each.words and each.grows:
                        return each
                await asyncio.sleep(0.01)

    async def in_line(self, position: int) -> None:
        """Wait until people are told that this is their place in line."""
        async with asyncio.timeout(PATIENCE_S):
            while await self.place_in_line() != position:
                await asyncio.sleep(0.01)

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                await asyncio.sleep(0.01)

    async def pending(self) -> int:
        """How many events are not answered yet."""
        async with self.units.reading() as uow:
            return (await uow.statistics.totals()).pending

    async def verdicts(self, shown: Shown) -> list[str]:
        """The votes on an answer."""
        turn_id = await self.turn_id(shown)
        async with self.units.reading() as uow:
            return [str(rating.verdict) for rating in await uow.ratings.of_turns([turn_id])]

    async def better_answers(self, shown: Shown) -> list[str]:
        """What people would rather have read than an answer."""
        turn_id = await self.turn_id(shown)
        async with self.units.reading() as uow:
            return [suggestion.text for suggestion in await uow.ratings.suggestions_of([turn_id])]

    async def turn(self, shown: Shown) -> Turn:
        """The turn that an answer carries, as it is kept."""
        turn_id = await self.turn_id(shown)
        async with self.units.reading() as uow:
            turn = await uow.turns.get(turn_id)
        assert turn is not None
        return turn

    async def votes(self, shown: Shown, expected: Sequence[str]) -> list[str]:
        """The votes on an answer, sorted: as soon as they are these, else as they stand when patience ends."""
        patience = asyncio.get_running_loop().time() + PATIENCE_S
        while (votes := sorted(await self.verdicts(shown))) != sorted(expected):
            if asyncio.get_running_loop().time() > patience:
                break
            await asyncio.sleep(0.01)
        return votes

    def asked(self) -> list[str]:
        """What the engine was asked, the last words of each request."""
        return [request.messages[-1].content for request in self.engine.requests]

    async def _carried_by(self, ref: MessageRef) -> str:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                async with self.units.reading() as uow:
                    if (turn_id := await uow.deliveries.turn_of(ref)) is not None:
                        return turn_id
                await asyncio.sleep(0.01)
