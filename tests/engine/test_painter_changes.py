"""What a painter makes besides stills, with its real process and a tiny pipeline of random weights: previews while it
draws, variations, moving pictures, and what its card and its checker say."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from bot.domain.generation import Painted, PaintProgress, PaintRequest, PaintStyle
from bot.engine._picture_checking import Checker, find_checker, is_unsafe
from bot.engine.painter import LocalPainter
from bot.errors import EngineDown, ModelError, RequestRejected
from recipes.checksums import write
from tests.engine.painters import fox, painted, save_tiny_checker, save_tiny_painter, save_tiny_pixart

pytestmark = pytest.mark.asyncio(loop_scope="module")

STYLES = [
    {"name": "noto", "en": "Noto", "zh": "圆润", "words": "noto style", "sample": "noto.png"},
    {"name": "flat", "en": "Flat", "zh": "扁平", "words": "flat style", "sample": "../outside.png"},
]


def write_card(folder: Path, **changes: object) -> None:
    card = {"size": 64, "largest": 64, "steps": 3, "guidance": 2.0, "styles": STYLES, **changes}
    (folder / "painter.json").write_text(json.dumps(card), encoding="utf-8")


@pytest.fixture(scope="module")
def painter_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "carded"
    save_tiny_painter(folder, flow=True)
    Image.new("RGB", (8, 8), "red").save(folder / "noto.png")
    Image.new("RGB", (8, 8), "red").save(folder.parent / "outside.png")
    write_card(folder)
    return folder


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def difference(one: bytes, other: bytes) -> int:
    """Of the drawn pixels, the sum of what tells them apart."""
    images = [opened(data).resize((64, 64), Image.Resampling.NEAREST) for data in (one, other)]
    return sum(ImageChops.difference(*images).convert("L").tobytes())


async def test_a_card_tells_what_the_painter_knows(painter: LocalPainter, painter_folder: Path) -> None:
    await painted(painter, fox())

    traits = painter.health().traits

    assert traits is not None
    assert traits.styles == (
        PaintStyle("noto", "Noto", "圆润", str(painter_folder / "noto.png")),
        PaintStyle("flat", "Flat", "扁平"),
    )
    assert (traits.size, traits.steps, traits.guidance) == (64, 3, 2.0)
    assert traits.varies
    assert traits.animates
    assert traits.blends


async def test_what_was_not_asked_for_is_as_the_card_says(painter: LocalPainter) -> None:
    result = await painted(painter, PaintRequest("request", "a red fox", style="扁平"))

    assert {name: result.parameters[name] for name in ("prompt", "style", "steps", "guidance")} == {
        "prompt": "a red fox, flat style",
        "style": "扁平",
        "steps": 3,
        "guidance": 2.0,
    }


@pytest.mark.parametrize(("asked", "shown"), [(None, 512), (64, 64), (200, 192), (256, 256)])
async def test_a_small_picture_is_enlarged_by_a_whole_factor_into_clean_squares(
    painter: LocalPainter, asked: int | None, shown: int
) -> None:
    result = await painted(painter, fox(size=asked))

    picture = opened(result.images[0])
    assert picture.size == (shown, shown)
    drawn = picture.resize((64, 64), Image.Resampling.NEAREST)
    assert drawn.resize(picture.size, Image.Resampling.NEAREST).tobytes() == picture.tobytes()


async def test_previews_are_shown_while_it_draws_and_grow_into_a_grid(painter: LocalPainter) -> None:
    events = [event async for event in painter.paint(fox(count=2, steps=8))]

    previews = [(event.done, event.preview) for event in events if isinstance(event, PaintProgress) and event.preview]
    assert previews[0][0] == 2
    assert opened(previews[0][1]).size == (256, 256)
    assert all(done % 8 for done, _ in previews)
    assert {opened(preview).size for done, preview in previews if done > 8} <= {(256, 128)}


async def test_previews_change_nothing_of_the_picture(painter: LocalPainter, tmp_path: Path) -> None:
    with_previews = await painted(painter, fox(steps=8))
    again = await painted(painter, fox(steps=8))

    assert with_previews == again


async def test_variations_of_a_picture_are_the_more_alike_the_smaller_the_strength(painter: LocalPainter) -> None:
    source = (await painted(painter, fox())).images[0]

    near, far = [
        [await painted(painter, fox(steps=10, seed=seed, source=source, strength=strength)) for seed in (8, 9)]
        for strength in (0.1, 1.0)
    ]

    assert difference(near[0].images[0], near[1].images[0]) < difference(far[0].images[0], far[1].images[0])
    assert near[0].parameters["strength"] == 0.1
    assert opened(near[0].images[0]).size == (512, 512)


async def test_variations_are_reproducible_alone(painter: LocalPainter) -> None:
    source = (await painted(painter, fox())).images[0]

    several = await painted(painter, fox(seed=20, count=2, source=source, steps=6))
    alone = await painted(painter, fox(seed=21, source=source, steps=6))

    assert several.images[1] == alone.images[0]


async def test_a_source_that_is_no_picture_is_refused(painter: LocalPainter) -> None:
    with pytest.raises(RequestRejected) as caught:
        await painted(painter, fox(source=b"no picture"))

    assert caught.value.line == "paint.bad_source"


async def test_a_moving_picture_goes_from_one_seed_to_the_next_and_back(painter: LocalPainter) -> None:
    still = await painted(painter, fox())
    events = [event async for event in painter.paint(fox(animated=True))]

    result = events[-1]
    assert isinstance(result, Painted)
    assert result.media_type == "image/gif"
    moving = Image.open(io.BytesIO(result.images[0]))
    assert (moving.n_frames, moving.info["loop"], moving.size) == (22, 0, (512, 512))  # type: ignore[attr-defined]
    assert (result.parameters["seed"], result.parameters["towards_seed"]) == (7, 8)
    # But for the colours that a GIF has no room for.
    assert difference(still.images[0], result.images[0]) < 64 * 64 * 8
    assert isinstance(events[-2], PaintProgress)
    assert (events[-2].done, events[-2].total) == (24, 24)


async def test_a_moving_picture_tells_how_it_was_made(painter: LocalPainter) -> None:
    result = await painted(painter, fox(animated=True, towards="a blue cat", style="noto"))

    comment = Image.open(io.BytesIO(result.images[0])).info["comment"].decode()
    told = dict(line.split(": ", 1) for line in comment.splitlines())
    assert told == {"Software": "Inkling", **{name: str(value) for name, value in result.parameters.items()}}
    assert told["towards"] == "a blue cat, noto style"
    assert told["frames"] == "12"


@pytest.mark.slow
async def test_a_painter_that_cannot_vary_or_move_says_so(tmp_path: Path) -> None:
    save_tiny_pixart(tmp_path)
    painter = LocalPainter(str(tmp_path), threads=1, dtype="float32")
    await painter.start()
    refused = []
    for options in ({"source": b""}, {"animated": True, "towards": "a cat"}):
        with pytest.raises(RequestRejected) as caught:
            await painted(painter, fox(**options))
        refused.append(caught.value.line)
    traits = painter.health().traits
    await painter.close()

    assert refused == ["paint.cannot_vary", "paint.cannot_blend"]
    assert traits is not None
    assert not traits.varies
    assert not traits.blends


@pytest.mark.parametrize("objects", [True, False])
async def test_a_checker_objects_by_the_labels_that_it_was_trained_with(tmp_path: Path, objects: bool) -> None:
    save_tiny_checker(tmp_path, objects=objects)

    assert Checker.load(find_checker(str(tmp_path))).objects(Image.new("RGB", (64, 64))) is objects


async def test_a_classifier_of_other_things_checks_nothing(tmp_path: Path) -> None:
    save_tiny_checker(tmp_path, objects=True, labels=("cat", "dog"))

    with pytest.raises(ModelError, match="cat, dog: none of them tells pictures"):
        Checker.load(tmp_path)


@pytest.mark.parametrize(
    ("label", "unsafe"),
    [
        ("nsfw", True),
        ("sfw", False),
        ("not_nsfw", False),
        ("porn", True),
        ("drawings", False),
        ("Explicit Nudity", True),
    ],
)
async def test_labels_are_understood(label: str, unsafe: bool) -> None:
    assert is_unsafe(label) is unsafe


@pytest.mark.slow
async def test_a_picture_that_the_checker_objects_to_is_not_shown(painter_folder: Path, tmp_path: Path) -> None:
    save_tiny_checker(tmp_path, objects=True)
    painter = LocalPainter(str(painter_folder), threads=1, dtype="float32", checker=str(tmp_path))
    await painter.start()

    with pytest.raises(RequestRejected) as caught:
        await painted(painter, fox())
    await painter.close()

    assert caught.value.line == "paint.held_back"


async def test_a_checker_that_is_not_there_keeps_the_painter_from_painting(
    painter_folder: Path, tmp_path: Path
) -> None:
    painter = LocalPainter(str(painter_folder), threads=1, checker=str(tmp_path))
    await painter.start()

    with pytest.raises(EngineDown) as caught:
        await painted(painter, fox())
    await painter.close()

    assert f"IMAGE_CHECKER: {tmp_path} holds no model" in caught.value.detail


async def test_damaged_weights_are_named_with_their_fingerprint(tmp_path: Path) -> None:
    save_tiny_painter(tmp_path)
    weights = tmp_path / "unet" / "diffusion_pytorch_model.safetensors"
    wanted = hashlib.sha256(weights.read_bytes()).hexdigest()
    write(tmp_path)
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    painter = LocalPainter(str(tmp_path), threads=1)
    await painter.start()

    with pytest.raises(EngineDown) as caught:
        await painted(painter, fox())
    await painter.close()

    assert caught.value.line == "paint.down"
    assert str(weights) in caught.value.detail
    assert wanted in caught.value.detail
