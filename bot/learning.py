"""The command line's side of learning: `retrain`, `export`, `import`.

A run started here works on the same data folder as a running bot, which takes a better release up by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from bot.chat.faults import sentence
from bot.chat.retraining import card, data_text
from bot.chat.serving import ServedReleases
from bot.chat.training import Training
from bot.domain.lines import say
from bot.domain.training import TrainingProgress
from bot.engine.weights import find_folder, fingerprint, release_name
from bot.errors import PersonError, StorageError
from bot.settings import LearningSettings, Settings
from bot.system import SystemClock, new_id
from bot.training.exchange import export as export_examples
from bot.training.importing import import_ as import_examples
from bot.training.trainer import LocalTrainer
from storage.database import Database, sqlite_url
from storage.folder import prepare
from storage.unit_of_work import SqlUnitOfWorkFactory

_LOCALE = "en"


@asynccontextmanager
async def _units(settings: Settings) -> AsyncIterator[SqlUnitOfWorkFactory]:
    await asyncio.to_thread(prepare, settings.storage.data_folder)
    database = Database(settings.storage.database_url or sqlite_url(settings.storage.data_folder))
    try:
        await database.open()
        yield SqlUnitOfWorkFactory(database)
    finally:
        await database.close()


async def retrain(settings: Settings, recipe: str, *, dry_run: bool) -> int:
    """Train and test, and bring a better release into service; 0 when one was, 1 when not."""
    console = Console(highlight=False)
    async with _units(settings) as units:
        training = await _training(settings.learning, units)
        try:
            if dry_run:
                collected = await training.collect()
                console.print(Markdown(data_text(collected, _LOCALE)))
                training.check_enough(collected)
                return 0
            return await _run(training, recipe, console)
        except PersonError as error:
            console.print(sentence(error, _LOCALE), soft_wrap=True)
            return 1


async def _training(settings: LearningSettings, units: SqlUnitOfWorkFactory) -> Training:
    base = await asyncio.to_thread(_base_release, settings.text_model)
    releases = ServedReleases(units, None, settings, base=base)
    return Training(units, LocalTrainer(settings, units), releases, settings, SystemClock())


def _base_release(model: str) -> str:
    return release_name(model, fingerprint(find_folder(model)))


async def _run(training: Training, recipe: str, console: Console) -> int:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, TimeRemainingColumn(), console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def show(progress: TrainingProgress) -> None:
            stage = progress.stage.value
            if stage not in tasks:
                tasks[stage] = bars.add_task(say(f"stage.{stage}", _LOCALE), total=progress.total)
            bars.update(tasks[stage], completed=progress.done, total=progress.total)

        outcome = await training.run(run_id=new_id(), asked_by="command line", recipe=recipe, on_progress=show)
    console.print(Markdown(card(outcome, _LOCALE)))
    return 0 if outcome.report is not None and outcome.report.passed else 1


async def export(settings: Settings, folder: Path) -> None:
    """Write what may be learned from into a folder, a file for each of TRL's formats."""
    console = Console(highlight=False)
    async with _units(settings) as units:
        with Progress(console=console, transient=True) as bars:
            task = bars.add_task("writing", total=None)
            try:
                exported = await export_examples(
                    units, settings.learning, folder, on_progress=lambda done, total: _advance(bars, task, done, total)
                )
            except PersonError as error:
                raise StorageError(sentence(error, _LOCALE)) from error
    for path, rows in exported.files.items():
        console.print(f"{path}: {rows} rows", soft_wrap=True)
    if not exported.files:
        console.print("There is nothing to learn from yet, so no file was written.")
    for reason, count in exported.dropped.items():
        console.print(say("training.dropped", _LOCALE, count=count, why=say(f"dropped.{reason}", _LOCALE)))


async def import_(settings: Settings, file: Path) -> None:
    """Check a file of examples and keep it for the next run."""
    console = Console(highlight=False)
    folder = settings.storage.data_folder
    await asyncio.to_thread(prepare, folder)
    with Progress(console=console, transient=True) as bars:
        task = bars.add_task("reading", total=None)
        imported = await import_examples(
            folder, file, on_progress=lambda done, total: _advance(bars, task, done, total)
        )
    console.print(f"{imported.added} examples are kept as {imported.path}.", soft_wrap=True)
    if imported.duplicates:
        console.print(f"{imported.duplicates} more were there already.")


def _advance(bars: Progress, task: TaskID, done: int, total: int) -> None:
    bars.update(task, completed=done, total=total)
