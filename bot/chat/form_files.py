"""Where forms are read from: those that come with the bot, and a team's own in `forms/` of its data folder.

A team's form of the same name replaces ours. A file that cannot be read is named with what is wrong, and left out; the
others serve all the same.
"""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import structlog

from bot.domain.forms import Form, parse_form
from bot.errors import Refused

log = structlog.get_logger(__name__)

BUNDLED = Path(__file__).parent.parent / "forms"

# These have commands of their own, and are none of /write's.
TRANSLATION, CODE = "translate", "code"


@dataclass(frozen=True, slots=True)
class Library:
    """The forms by name, and what is wrong with files that are left out ("name.toml: what")."""

    forms: Mapping[str, Form]
    problems: Sequence[str] = ()

    @property
    def for_writing(self) -> Sequence[Form]:
        """The forms that /write offers, ours first."""
        return [form for form in self.forms.values() if form.name not in (TRANSLATION, CODE)]

    def form(self, name: str) -> Form:
        """The form of /write with this name or label.

        Raises:
            Refused: there is none; the line names those that there are.
        """
        wanted = name.strip().casefold()
        for form in self.for_writing:
            if wanted in (form.name, form.label.en.casefold(), form.label.zh.casefold()) or (
                wanted.replace(" ", "-") == form.name
            ):
                return form
        known = ", ".join(form.name for form in self.for_writing)
        raise Refused("write.unknown_form", form=name, forms=known)


async def load_forms(data_folder: Path) -> Library:
    """The forms as the files are now."""
    return await asyncio.to_thread(read_forms, data_folder)


def read_forms(data_folder: Path) -> Library:
    """The forms as the files are now; a file is parsed, and its fault logged, once for each time it is written."""
    own = data_folder / "forms"
    return _parsed(_files_of(BUNDLED), _files_of(own))


_File = tuple[Path, int, int]


def _files_of(folder: Path) -> tuple[_File, ...]:
    """The forms' files of a folder, with what changes when they are written."""
    try:
        known = [(path, path.stat()) for path in sorted(folder.glob("*.toml"))]
    except OSError as error:
        log.warning("forms not read", folder=str(folder), error=str(error))
        return ()
    return tuple((path, stat.st_mtime_ns, stat.st_size) for path, stat in known)


@lru_cache(maxsize=8)
def _parsed(bundled: tuple[_File, ...], own: tuple[_File, ...]) -> Library:
    forms: dict[str, Form] = {}
    problems = []
    for path, _, _ in (*bundled, *own):
        try:
            forms[path.stem] = parse_form(path.stem, tomllib.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            problems.append(f"{path.name}: {error}")
            log.warning("form left out", file=str(path), error=str(error))
    return Library(forms, tuple(problems))
