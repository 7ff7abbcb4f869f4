"""What whoever runs a recipe can mend, said in a sentence instead of a traceback."""

from __future__ import annotations

import errno
import re
import sys
from collections.abc import Callable
from pathlib import Path

# A full disk, a used-up quota, a file beyond the limit of its size.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class RecipeError(Exception):
    """The sentence says what is wrong and what to do."""


class BadData(RecipeError):
    """A data file is missing, or its bytes are not those that SHA256SUMS promises."""


class NotSaved(RecipeError):
    """A checkpoint could not be written; the one before it is still there."""


def present(folder: Path, file: str, maker: str) -> Path:
    """The folder, once it is seen that the file is in it.

    Raises RecipeError where it is not, with the program that makes it.
    """
    if not (folder / file).is_file():
        raise RecipeError(f"{folder} holds no {file}: run {maker} first, or name another folder")
    return folder


def plainly(program: Callable[[], None]) -> None:
    """Run a program; an error of ours, and a full disk, end it with a sentence and exit code 1."""
    try:
        program()
    except RecipeError as error:
        sys.exit(str(error))
    except Exception as error:
        if not _tells_a_full_disk(error):
            raise
        sys.exit(
            f"The disk is full ({error}). What was saved before is whole: free some space, and give the same command "
            "again to go on from there."
        )


def _tells_a_full_disk(error: Exception) -> bool:
    """safetensors gives the system's number in words only."""
    told = re.search(r"\(os error (\d+)\)", str(error))
    number = error.errno if isinstance(error, OSError) else int(told[1]) if told else None
    return number in _FULL
