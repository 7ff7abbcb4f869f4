"""The core with everything that it needs, an engine that answers at once, and budgets that nobody reaches."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bot.chat.admission import Admission
from bot.chat.dispatch import Core
from bot.chat.jobs import Services
from bot.chat.persona_library import PersonaLibrary
from bot.chat.picture_policy import PicturePolicy
from bot.chat.serving import ServedReleases
from bot.chat.training import Training
from bot.engine.scripted import ScriptedGenerator
from bot.ports import ChatPlatform
from bot.settings import Settings
from bot.system import SystemClock, new_id
from bot.training.forgetting import TrainingFiles
from storage.database import Database, sqlite_url
from storage.files import DataFiles
from storage.unit_of_work import SqlUnitOfWorkFactory

# So many may wait, and be answered at once.
QUEUE = 100_000


@asynccontextmanager
async def open_core(
    folder: Path, generator: ScriptedGenerator, platforms: Sequence[ChatPlatform], *, capacity: int = 64
) -> AsyncIterator[Core]:
    """A core at work for these platforms, on a database in this folder."""
    plenty = {"PERSON_BUDGET": "1000000/second", "PLACE_BUDGET": "1000000/second", "DATA_FOLDER": str(folder)}
    settings = Settings.load(plenty)
    database = Database(sqlite_url(folder))
    await database.open()
    units, clock = SqlUnitOfWorkFactory(database), SystemClock()
    releases = ServedReleases(units, generator, settings.learning)
    services = Services(
        settings=settings.chat,
        units=units,
        files=DataFiles(folder),
        generator=generator,
        releases=releases,
        training=Training(units, None, releases, settings.learning, clock),
        learning=settings.learning,
        records=TrainingFiles(folder),
        painter=None,
        policy=PicturePolicy.load(settings.pictures),
        personas=PersonaLibrary(folder),
        platforms={platform.name: platform for platform in platforms},
        admission=Admission(
            person_budget=settings.chat.person_budget,
            place_budget=settings.chat.place_budget,
            queue_limit=QUEUE,
            capacity=lambda: capacity,
        ),
        clock=clock,
        new_id=new_id,
    )
    core = Core(services, owner="benchmark")
    try:
        for platform in platforms:
            await platform.start(core)
        await core.start()
        yield core
        for platform in platforms:
            await platform.stop_listening()
        await core.close()
    finally:
        for platform in platforms:
            await platform.close()
        await database.close()
