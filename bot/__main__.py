"""The command line: `python -m bot run | chat | connect | doctor | retrain | releases | export | import`.

Nothing heavy is imported before a command needs it, so that `--help` answers at once. A failed start ends with a plain
sentence and an exit code, never a traceback.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bot import __version__
from bot.errors import OperatorError

if TYPE_CHECKING:
    from bot.settings import Settings

T = TypeVar("T")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="Inkling")
def main() -> None:
    """Inkling: a self-hosted team chat bot that writes, draws, summarises and learns from its team.

    Settings come from the environment and from .env; .env.example explains each.
    """
    # What a start imports is no garbage: looking through it for some, every 700 objects, was a sixth of the start.
    gc.set_threshold(10_000, 10, 10)


@main.command()
def run() -> None:
    """Serve the chat page, and every platform that has tokens, until Ctrl-C."""
    from bot import app

    _with_settings(app.run)


@main.command()
def chat() -> None:
    """Talk in this terminal. With a pipe as input, answer line by line and exit."""
    from bot import app

    sys.exit(_with_settings(app.chat, log_to_file=True))


@main.command()
def releases() -> None:
    """List the model releases and how people like them."""
    from bot import app

    _with_settings(app.releases, quiet=True)


@main.command()
@click.argument("platform", type=click.Choice(["discord", "slack"]))
@click.option("--channel", default="", help="The id of a channel in which the bot should be able to write.")
def connect(platform: str, channel: str) -> None:
    """Bring the bot to a platform: what to click, then a check of its tokens."""
    from bot.connecting import connect

    sys.exit(_with_settings(lambda settings: connect(settings, platform, channel), quiet=True))


@main.command()
@click.option("--channel", default="", help="Also whether the bot may write there: discord/ID or slack/ID.")
def doctor(channel: str) -> None:
    """Check settings, storage, models and the live platforms, and say what to do about each finding."""
    from bot import diagnosis

    sys.exit(_with_settings(lambda settings: diagnosis.report(settings, channel), quiet=True))


@main.command()
@click.option("--recipe", type=click.Choice(["standard", "quick", "thorough"]), default="standard", show_default=True)
@click.option("--dry-run", is_flag=True, help="Only show what would be trained on.")
def retrain(recipe: str, dry_run: bool) -> None:
    """Train on the team's votes and test the result; a running bot takes it up if it is better."""
    from bot import learning

    sys.exit(_with_settings(lambda settings: learning.retrain(settings, recipe, dry_run=dry_run), quiet=True))


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def export(folder: Path) -> None:
    """Write what may be learned from as JSON lines, in the formats of TRL: sft.jsonl, kto.jsonl, dpo.jsonl."""
    from bot import learning

    _with_settings(lambda settings: learning.export(settings, folder), quiet=True)


@main.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def import_(file: Path) -> None:
    """Take in hand-written or exported examples, JSON lines in one of TRL's formats."""
    from bot import learning

    _with_settings(lambda settings: learning.import_(settings, file), quiet=True)


def _with_settings(
    program: Callable[[Settings], Coroutine[Any, Any, T]], *, log_to_file: bool = False, quiet: bool = False
) -> T:
    """Run a program on the settings; an operator's error ends the process with its sentence and exit code.

    A `quiet` program's output is for reading: only warnings are logged beside it.
    """
    from bot import loop
    from bot.logs import set_up
    from bot.settings import Settings
    from storage.folder import prepare

    try:
        settings = Settings.load()
        if log_to_file:
            prepare(settings.storage.data_folder)
        log = settings.log.model_copy(update={"level": "WARNING"}) if quiet else settings.log
        set_up(log, settings.storage.data_folder / "inkling.log" if log_to_file else None)
        return loop.run(program(settings))
    except KeyboardInterrupt:
        # Ctrl-C where nothing else takes it, as in a pipe: what is unanswered is answered at the next start.
        sys.exit(130)
    except BaseException as error:
        known = _operator_error(error)
        if known is None:
            raise
        click.echo(f"Inkling cannot go on: {known}", err=True)
        sys.exit(known.exit_code)


def _operator_error(error: BaseException) -> OperatorError | None:
    """The operator's error in an exception, or in the group that a task group made of it."""
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(_operator_error, error.exceptions)), None)
    return error if isinstance(error, OperatorError) else None


if __name__ == "__main__":
    main()
