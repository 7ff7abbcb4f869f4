"""The personas that can be chosen: the bundled ones, and the team's own in `<data folder>/personas`.

A team's file of a bundled name takes its place. A file that cannot be read is left out and named in the log, and by
`doctor`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from bot.domain.personas import DEFAULT_PERSONA, BadPersona, Persona, read_persona

log = structlog.get_logger(__name__)

BUNDLED = Path(__file__).parent.parent / "personas"
FOLDER = "personas"

# A persona's two texts take a few kilobytes at most.
_MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class BrokenPersona:
    """A file that is no persona, and why."""

    path: Path
    reason: str


class PersonaLibrary:
    """The personas of a data folder, read when it is made and by `reread`."""

    def __init__(self, data_folder: Path) -> None:
        self._folder = data_folder / FOLDER
        self._personas: Mapping[str, Persona] = {}
        self.broken: Sequence[BrokenPersona] = ()
        self.reread()

    def reread(self) -> None:
        """Read the files again, those added or changed since with them; waits for the disk."""
        bundled, wrong = _read(BUNDLED)
        own, broken = _read(self._folder)
        self._personas = {**bundled, **own}
        self.broken = [*wrong, *broken]
        for each in self.broken:
            log.warning("persona not read", file=str(each.path), reason=each.reason)

    @property
    def default(self) -> Persona:
        """How the bot speaks when nothing is chosen."""
        return self._personas[DEFAULT_PERSONA]

    def get(self, name: str) -> Persona | None:
        """The persona of this name, in any case of letters."""
        return self._personas.get(name.casefold())

    def all(self) -> Sequence[Persona]:
        """The default first, the others by name."""
        return sorted(self._personas.values(), key=lambda persona: (persona.name != DEFAULT_PERSONA, persona.name))


def _read(folder: Path) -> tuple[dict[str, Persona], list[BrokenPersona]]:
    personas: dict[str, Persona] = {}
    broken: list[BrokenPersona] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            personas[path.stem] = read_persona(path.stem, _source(path))
        except (BadPersona, OSError, UnicodeDecodeError) as error:
            broken.append(BrokenPersona(path, str(error)))
    return personas, broken


def _source(path: Path) -> str:
    if path.stat().st_size > _MOST_BYTES:
        raise BadPersona(f"it is larger than {_MOST_BYTES // 1024} KiB")
    return path.read_text(encoding="utf-8-sig")
