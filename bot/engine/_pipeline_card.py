"""What a model folder says of itself beyond diffusers: `painter.json`, beside `model_index.json`.

Every key may be missing.

{"size": 64,            pixels of a side that it was made for
 "largest": 64,         the largest side that it draws well; what is asked larger is enlarged afterwards
 "steps": 20,           what to draw with when nobody says otherwise
 "guidance": 4.0,
 "joint": ", ",         what stands between a prompt and a style
 "styles": [{"name": "noto", "en": "Noto", "zh": "Noto 表情", "words": "noto style", "sample": "styles/noto.png"}],
 "sheet": "styles.png"}  all samples in one picture
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.domain.generation import PaintStyle
from bot.errors import ModelError

CARD = "painter.json"


@dataclass(frozen=True, slots=True)
class Card:
    """The file's content. `words` are what a style's name puts into a prompt."""

    size: int | None = None
    largest: int | None = None
    steps: int | None = None
    guidance: float | None = None
    joint: str = ", "
    styles: tuple[PaintStyle, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    sheet: str = ""

    def style_named(self, typed: str) -> PaintStyle | None:
        """The style that a person means by its name in either language."""
        wanted = typed.strip().casefold()
        return next(
            (one for one in self.styles if wanted in {one.name.casefold(), one.en.casefold(), one.zh.casefold()}), None
        )

    def prompt(self, prompt: str, style: str) -> str:
        """What the model reads: the prompt, and the words of the style, known or not."""
        known = self.style_named(style)
        words = self.words[known.name] if known else style.strip()
        return self.joint.join(part for part in (prompt.strip(), words) if part)

    def side(self, asked: int | None) -> int | None:
        """Pixels of a side to draw at, at the most as large as the model draws well; None for the pipeline's own."""
        side = asked or self.size
        return min(side, self.largest) if side and self.largest else side


def read_card(folder: Path) -> Card:
    """The folder's card; an empty one where there is none.

    Raises:
        ModelError: the file is damaged.
    """
    path = folder / CARD
    if not path.is_file():
        return Card()
    try:
        given: dict[str, Any] = json.loads(path.read_bytes())
        rows = given.get("styles", [])
        return Card(
            **{name: given[name] for name in ("size", "largest", "steps", "guidance", "joint") if name in given},
            styles=tuple(
                PaintStyle(row["name"], row["en"], row["zh"], _file(folder, row.get("sample", ""))) for row in rows
            ),
            words={row["name"]: row["words"] for row in rows},
            sheet=_file(folder, given.get("sheet", "")),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} cannot be read ({type(error).__name__}). Fetch or save the model again.") from error


def _file(folder: Path, name: str) -> str:
    """A file of the folder, if it is there and nowhere else."""
    path = (folder / name).resolve()
    return str(path) if name and path.is_relative_to(folder.resolve()) and path.is_file() else ""
