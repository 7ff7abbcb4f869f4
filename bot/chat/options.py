"""The options of a command, read from the question's text, so that asking again finds the same ones."""

from __future__ import annotations

from bot.domain.commands import Command, read_call
from bot.domain.conversation import Turn
from bot.domain.messages import OptionValue


def options_of(question: Turn, command: Command) -> dict[str, OptionValue]:
    """The checked options of a stored command line.

    Raises:
        Refused: an option is unknown, missing or wrong.
    """
    _, given = read_call(question.text)
    return command.read(given)
