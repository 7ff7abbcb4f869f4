"""What whoever runs a recipe can mend, said in a sentence instead of a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable


class RecipeError(Exception):
    """The sentence says what is wrong and what to do."""


class BadData(RecipeError):
    """A data file is missing, or its bytes are not those that SHA256SUMS promises."""


class NotSaved(RecipeError):
    """A checkpoint could not be written; the one before it is still there."""


def plainly(program: Callable[[], None]) -> None:
    """Run a program; an error of ours ends it with its sentence and exit code 1."""
    try:
        program()
    except RecipeError as error:
        sys.exit(str(error))
