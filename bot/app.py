"""The composition root: data folder → database → engine → core → platforms, and the same way back.

Nobody but this module and `__main__` knows everybody.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol

import structlog

from bot.chat.admission import Admission
from bot.chat.digests import keep_digests
from bot.chat.dispatch import Core
from bot.chat.jobs import Services
from bot.chat.learning import keep_learning
from bot.chat.persona_library import PersonaLibrary
from bot.chat.picture_policy import PicturePolicy
from bot.chat.retention import keep_expiring
from bot.chat.serving import ServedReleases
from bot.chat.training import Training
from bot.domain.generation import EngineState
from bot.engine.engine import LocalEngine
from bot.engine.painter import LocalPainter
from bot.loop import settle
from bot.ports import ChatPlatform, Engine, Trainer, UnitOfWorkFactory
from bot.settings import BUNDLED_WRITER, EngineSettings, Settings, bundled_painter
from bot.system import SystemClock, new_id
from bot.training.forgetting import TrainingFiles
from bot.training.trainer import LocalTrainer
from storage.database import Database, sqlite_url
from storage.files import DataFiles
from storage.folder import hold, prepare
from storage.unit_of_work import SqlUnitOfWorkFactory

log = structlog.get_logger(__name__)


class _Engine(Engine, Protocol):
    """An engine with a life of its own."""

    async def start(self) -> None: ...

    async def close(self) -> None: ...


def generator_for(settings: EngineSettings) -> _Engine:
    """The engine that the settings name: a server where there is an address, else the local model."""
    if settings.engine_url:
        # Imported here: the openai library takes a second that a local engine need not wait for.
        from bot.engine.remote import RemoteEngine

        return RemoteEngine(
            settings.engine_url,
            model=settings.engine_model,
            key=settings.engine_key,
            window=settings.engine_window,
            timeout_s=settings.engine_timeout_s,
        )
    return LocalEngine(settings.text_model, threads=settings.threads, dtype=settings.dtype, instead=str(BUNDLED_WRITER))


def trainer_for(settings: Settings, units: UnitOfWorkFactory) -> Trainer | None:
    """The trainer, where the base model's weights are at hand: beside a server, TEXT_MODEL has to name them."""
    if settings.engine.engine_url and settings.engine.text_model == str(BUNDLED_WRITER):
        return None
    return LocalTrainer(settings.learning, units)


@asynccontextmanager
async def running_core(settings: Settings, role: str, platforms: Sequence[ChatPlatform]) -> AsyncIterator[Core]:
    """Everything but the wait: opened in order, and closed in reverse when the block ends.

    Stopping goes in stages: take no more events, let answers in flight end for a while, close the rest.

    Raises:
        OperatorError: a part cannot start; its text says which and what to do.
    """
    async with AsyncExitStack() as stack:
        folder = settings.storage.data_folder
        await asyncio.to_thread(prepare, folder)
        stack.enter_context(hold(folder, role))
        database = Database(settings.storage.database_url or sqlite_url(folder))
        stack.push_async_callback(database.close)
        await database.open()
        services = await _services(settings, platforms, database, stack)
        core = Core(services, owner=f"{socket.gethostname()}/{role}")
        await core.prepare()
        stack.push_async_callback(core.close)
        group = await stack.enter_async_context(asyncio.TaskGroup())
        upkeep = group.create_task(keep_expiring(services, settings.storage.retention_days), name="retention")
        stack.callback(upkeep.cancel)
        learning = group.create_task(keep_learning(services, core.announce), name="learning")
        stack.callback(learning.cancel)
        digests = group.create_task(keep_digests(services, core.announce), name="digests")
        stack.callback(digests.cancel)
        for platform in platforms:
            stack.push_async_callback(platform.close)
            await platform.start(core)
        await core.start()
        log.info("started", role=role, platforms=[platform.name.value for platform in platforms])
        yield core
        for platform in platforms:
            await platform.stop_listening()
        await core.close()
        log.info("stopped", role=role)


async def _services(
    settings: Settings, platforms: Sequence[ChatPlatform], database: Database, stack: AsyncExitStack
) -> Services:
    generator = generator_for(settings.engine)
    stack.push_async_callback(generator.close)
    await generator.start()
    painter = None
    if settings.engine.image_model:
        painter = LocalPainter(
            settings.engine.image_model,
            threads=settings.engine.threads,
            dtype=settings.engine.dtype,
            checker=settings.pictures.checker if settings.pictures.policy == "on" else "",
            instead=bundled_painter(),
        )
        stack.push_async_callback(painter.close)
        # Text comes first: two models that load at once slow each other down.
        await painter.start(after=lambda: generator.health().state is not EngineState.LOADING)
    units = SqlUnitOfWorkFactory(database)
    releases = ServedReleases(units, generator, settings.learning)
    return Services(
        settings=settings.chat,
        units=units,
        files=DataFiles(settings.storage.data_folder),
        generator=generator,
        releases=releases,
        training=Training(units, trainer_for(settings, units), releases, settings.learning, SystemClock()),
        learning=settings.learning,
        records=TrainingFiles(settings.storage.data_folder),
        painter=painter,
        policy=PicturePolicy.load(settings.pictures),
        personas=PersonaLibrary(settings.storage.data_folder),
        platforms={platform.name: platform for platform in platforms},
        admission=Admission(
            person_budget=settings.chat.person_budget,
            place_budget=settings.chat.place_budget,
            queue_limit=settings.chat.queue_limit,
            capacity=lambda: generator.health().capacity,
        ),
        clock=SystemClock(),
        new_id=new_id,
    )


async def run(settings: Settings) -> None:
    """Serve until a signal comes."""
    # Each way in brings a library of its own, which the other need not wait for.
    from adapters.web import WebPlatform

    web = WebPlatform(settings.web, SystemClock(), bot_name=settings.chat.bot_name)
    platforms = [web, *_remote_platforms(settings)]
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with running_core(settings, "run", platforms):
        settle()
        print(f"{settings.chat.bot_name} is at {web.address}  (Ctrl-C stops it)", flush=True)
        await stop.wait()


def _remote_platforms(settings: Settings) -> list[ChatPlatform]:
    """Those that have a token. Each vendor's library is imported only where it is used."""
    platforms: list[ChatPlatform] = []
    if settings.discord.token:
        from adapters.discord import DiscordPlatform

        platforms.append(DiscordPlatform(settings.discord, SystemClock()))
    if settings.slack.bot_token:
        from adapters.slack import SlackPlatform

        platforms.append(SlackPlatform(settings.slack, SystemClock()))
    return platforms


async def chat(settings: Settings) -> int:
    """Talk in the terminal until the person leaves or the pipe ends; the exit code."""
    from adapters.terminal import TerminalPlatform

    terminal = TerminalPlatform(
        data_folder=settings.storage.data_folder,
        clock=SystemClock(),
        new_id=new_id,
        bot_name=settings.chat.bot_name,
        environ=os.environ,
    )
    async with running_core(settings, "chat", [terminal]):
        return await terminal.wait_closed()


async def releases(settings: Settings) -> None:
    """Print the releases and the votes on them."""
    database = Database(settings.storage.database_url or sqlite_url(settings.storage.data_folder))
    try:
        await database.open()
        async with SqlUnitOfWorkFactory(database).reading() as uow:
            known = await uow.releases.all()
            votes = {row.release: row for row in await uow.statistics.votes_by_release()}
    finally:
        await database.close()
    for row in known:
        liked = votes.get(row.name)
        good, bad, answers = (liked.good, liked.bad, liked.answers) if liked else (0, 0, 0)
        print(f"{row.name}  {row.state}  since {row.created_at:%Y-%m-%d}  {answers} answers  {good} up  {bad} down")
    if not known:
        print("No release has answered yet.")
