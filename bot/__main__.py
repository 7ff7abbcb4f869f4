"""The command line: `python -m bot run | chat | releases | doctor`.

Nothing heavy is imported before a command needs it, so that `--help` answers at once. A failed start ends with a plain
sentence and an exit code, never a traceback.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
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
def doctor() -> None:
    """Check settings, storage, models and network, and say what to do about each finding."""
    from bot import diagnosis

    sys.exit(_with_settings(diagnosis.report, quiet=True))


def _with_settings(
    program: Callable[[Settings], Coroutine[Any, Any, T]], *, log_to_file: bool = False, quiet: bool = False
) -> T:
    """Run a program on the settings; an operator's error ends the process with its sentence and exit code.

    A `quiet` program's output is for reading: only warnings are logged beside it.
    """
    from bot.logs import set_up
    from bot.settings import Settings
    from storage.folder import prepare

    try:
        settings = Settings.load()
        if log_to_file:
            prepare(settings.storage.data_folder)
        log = settings.log.model_copy(update={"level": "WARNING"}) if quiet else settings.log
        set_up(log, settings.storage.data_folder / "inkling.log" if log_to_file else None)
        return asyncio.run(program(settings))
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
