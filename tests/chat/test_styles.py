from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.generation import PainterTraits, PaintStyle
from tests.chat.test_painting import ScriptedPainter
from tests.houses import LIN, open_house


@pytest.fixture
def traits(tmp_path: Path) -> PainterTraits:
    """A painter of two styles, one with a sample, and a sheet."""
    for name in ("noto.png", "sheet.png"):
        (tmp_path / name).write_bytes(name.encode())
    styles = (PaintStyle("noto", "Noto", "圆润", str(tmp_path / "noto.png")), PaintStyle("flat", "Flat", "扁平"))
    return PainterTraits(styles, sheet=str(tmp_path / "sheet.png"))


async def test_the_painters_own_styles_are_proposed_with_their_samples(tmp_path: Path, traits: PainterTraits) -> None:
    async with open_house(tmp_path, painter=ScriptedPainter(traits=traits)) as house:
        proposed = await house.core.reading.complete("image", "style", "", "en")
        typed = await house.core.reading.complete("image", "style", "扁", "zh-CN")

    assert [(choice.value, choice.picture) for choice in proposed] == [("Noto", b"noto.png"), ("Flat", None)]
    assert [choice.value for choice in typed] == ["扁平"]


async def test_common_styles_are_proposed_while_the_painter_does_not_say_which_it_knows(tmp_path: Path) -> None:
    async with open_house(tmp_path, painter=ScriptedPainter()) as house:
        proposed = await house.core.reading.complete("image", "style", "water", "en")

    assert [choice.value for choice in proposed] == ["watercolour"]


async def test_help_on_pictures_shows_a_sheet_of_all_styles(tmp_path: Path, traits: PainterTraits) -> None:
    async with open_house(tmp_path, painter=ScriptedPainter(traits=traits)) as house:
        answer = await house.call("help", by=LIN, topic="image")

    (sheet,) = answer.pictures
    assert (tmp_path / sheet.path).read_bytes() == b"sheet.png"
    assert sheet.alt == "各种画风的样例：圆润, 扁平。"


async def test_help_on_other_commands_shows_no_pictures(tmp_path: Path, traits: PainterTraits) -> None:
    async with open_house(tmp_path, painter=ScriptedPainter(traits=traits)) as house:
        answer = await house.call("help", topic="write")

    assert answer.pictures == ()
