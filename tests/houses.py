"""The core over real storage, a scripted generator and a fake platform, with builders for what people do."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from bot.chat.admission import Admission
from bot.chat.dispatch import Core
from bot.chat.jobs import Services
from bot.chat.persona_library import PersonaLibrary
from bot.chat.picture_policy import PicturePolicy
from bot.chat.serving import ServedReleases
from bot.chat.training import Training
from bot.domain.conversation import Turn
from bot.domain.messages import CommandCall, IncomingMessage, MessageRef, OnAnswer, OptionValue
from bot.domain.places import Person, Place, Platform, owning_place
from bot.engine.scripted import ScriptedGenerator
from bot.ports import Painter, Trainer
from bot.settings import ChatSettings, Settings
from bot.system import new_id
from bot.training.forgetting import TrainingFiles
from storage.database import Database, sqlite_url
from storage.files import DataFiles
from storage.unit_of_work import SqlUnitOfWorkFactory
from tests.patience import PATIENCE_S
from tests.platforms import FakePlatform

ANA = Person(Platform.DISCORD, "1", "Ana")
BEN = Person(Platform.DISCORD, "2", "Ben")
LIN = Person(Platform.DISCORD, "3", "琳", locale="zh-CN")
ROBOT = Person(Platform.DISCORD, "9", "Robot", is_bot=True)

CHANNEL = owning_place(Platform.DISCORD, "guild", "general")
OTHER = owning_place(Platform.DISCORD, "guild", "other")
THREAD = owning_place(Platform.DISCORD, "guild", "general", thread="t1")
DIRECT = owning_place(Platform.DISCORD, "", "dm", direct=True)


@dataclass
class FakeClock:
    """A clock that a test turns. `monotonic` follows the real one, since waits are real."""

    time: datetime = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def forward(self, span: timedelta) -> None:
        self.time += span


@dataclass
class House:
    """A running core and everything around it."""

    core: Core
    services: Services
    generator: ScriptedGenerator
    platform: FakePlatform
    clock: FakeClock
    folder: Path
    _events: itertools.count[int] = field(default_factory=itertools.count)

    def message(
        self,
        text: str,
        by: Person = ANA,
        place: Place = DIRECT,
        *,
        mention: bool = True,
        reply_to: str | None = None,
        **more: object,
    ) -> IncomingMessage:
        """What an adapter makes of a message. `reply_to` is a turn's id."""
        number = next(self._events)
        return IncomingMessage(
            event_id=f"e{number}",
            place=place,
            ref=MessageRef(place.platform, place.channel, f"q{number}"),
            by=by,
            text=text,
            at=self.clock.now(),
            mentions_bot=mention,
            reply_to=self.ref(reply_to) if reply_to else None,
            **more,  # type: ignore[arg-type]
        )

    def command(self, name: str, /, by: Person = ANA, place: Place = DIRECT, **options: OptionValue) -> CommandCall:
        """What an adapter makes of a command's form."""
        return CommandCall(f"e{next(self._events)}", place, by, name, self.clock.now(), options)

    def ref(self, turn_id: str) -> MessageRef:
        """The platform message that carries one of the bot's turns."""
        return MessageRef(self.platform.name, DIRECT.channel, f"m-{turn_id}")

    async def ask(self, text: str, by: Person = ANA, place: Place = DIRECT, **more: object) -> Turn:
        """Say something and wait for the answer's turn in its last state."""
        accepted = await self.core.accept(self.message(text, by, place, **more))  # type: ignore[arg-type]
        assert accepted is not None
        return await self.settled(accepted.answer.id)

    async def call(self, name: str, /, by: Person = ANA, place: Place = DIRECT, **options: OptionValue) -> Turn:
        """Call a command and wait for the answer's turn in its last state."""
        accepted = await self.core.accept(self.command(name, by, place, **options))
        assert accepted is not None
        return await self.settled(accepted.answer.id)

    async def press(
        self, act: type[OnAnswer], turn_id: str, by: Person = ANA, place: Place = DIRECT, **more: object
    ) -> Turn:
        """Press something under one of the bot's turns and wait for the answer's turn in its last state."""
        event, message = f"e{next(self._events)}", MessageRef(self.platform.name, place.channel, f"m-{turn_id}")
        accepted = await self.core.accept(act(event, place, message, by, self.clock.now(), **more))  # type: ignore[arg-type]
        assert accepted is not None
        return await self.settled(accepted.answer.id)

    async def settled(self, turn_id: str) -> Turn:
        """An answer's turn, once the platform shows its last state and the event is closed."""
        await self.platform.until(lambda: any(reply.target.turn.id == turn_id for reply in self.platform.finished))
        async with asyncio.timeout(PATIENCE_S):
            while self.core.is_answering(turn_id):
                await asyncio.sleep(0.005)
        return await self.turn(turn_id)

    async def turn(self, turn_id: str) -> Turn:
        async with self.services.units.reading() as uow:
            turn = await uow.turns.get(turn_id)
        assert turn is not None
        return turn

    async def pending(self) -> int:
        """How many events wait for an answer, whoever holds them."""
        async with self.services.units.reading() as uow:
            return (await uow.statistics.totals()).pending


def chat_settings(**given: str) -> ChatSettings:
    """The core's settings, as `.env` would give them."""
    return _settings(**{"PERSON_BUDGET": "1000/minute", "PLACE_BUDGET": "1000/minute", **given}).chat


@cache
def _settings(**given: str) -> Settings:
    """Read once for all houses that want the same: settings do not change, and reading them was a fifth of a test."""
    return Settings.load(given)


@asynccontextmanager
async def open_house(
    folder: Path,
    *,
    generator: ScriptedGenerator | None = None,
    platform: FakePlatform | None = None,
    painter: Painter | None = None,
    settings: ChatSettings | None = None,
    clock: FakeClock | None = None,
    trainer: Trainer | None = None,
    learning: Mapping[str, str] | None = None,
    pictures: Mapping[str, str] | None = None,
) -> AsyncIterator[House]:
    """A core on the database of a folder; opening a second one on the same folder is a restart."""
    settings = settings or chat_settings()
    generator = generator or ScriptedGenerator(lambda request: "Fine.")
    platform = platform or FakePlatform()
    clock = clock or FakeClock()
    database = Database(sqlite_url(folder))
    await database.open()
    await generator.start()
    units = SqlUnitOfWorkFactory(database)
    given = _settings(**(learning or {}), **(pictures or {}))
    learned = given.learning.model_copy(update={"data_folder": folder})
    releases = ServedReleases(units, generator, learned)
    services = Services(
        settings=settings,
        units=units,
        files=DataFiles(folder),
        generator=generator,
        releases=releases,
        training=Training(units, trainer, releases, learned, clock),
        learning=learned,
        records=TrainingFiles(folder),
        painter=painter,
        policy=PicturePolicy.load(given.pictures),
        personas=PersonaLibrary(folder),
        platforms={platform.name: platform},
        admission=Admission(
            person_budget=settings.person_budget,
            place_budget=settings.place_budget,
            queue_limit=settings.queue_limit,
            capacity=lambda: generator.health().capacity,
        ),
        clock=clock,
        new_id=new_id,
    )
    core = Core(services, owner="tests")
    try:
        await core.prepare()
        await core.start()
        yield House(core, services, generator, platform, clock, folder)
    finally:
        await core.close(grace_s=0)
        await generator.close()
        await database.close()
