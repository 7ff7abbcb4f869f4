"""Sheets of painted pictures with their prompts beneath, and a sample of every style."""

from __future__ import annotations

import textwrap
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from recipes.painter.captions import JOINT, STYLES, words
from recipes.painter.evaluate import Painter, as_images
from recipes.painter.pictures import Drawing

SCALE, MARGIN, CAPTION = 2, 4, 26
SAMPLE = "a smiling face"
SAMPLE_SEED = 7
NOVEL = (
    "a smiling cat",
    "画一只猫",
    "a blue cat with sunglasses",
    "a green heart with a crown",
    "a dog wearing a party hat",
    "a purple apple",
    "a robot holding a flower",
    "一颗红色的星星",
)
"""Asked in one style each; most of these combinations the data never had."""


def sheet(images: list[Image.Image], labels: list[str], columns: int) -> Image.Image:
    """Pictures in rows, enlarged crisply, each with its label beneath."""
    font = ImageFont.load_default(size=9)
    side = images[0].width * SCALE
    wide, high = side + MARGIN, side + CAPTION + MARGIN
    rows = -(-len(images) // columns)
    page = Image.new("RGB", (columns * wide + MARGIN, rows * high + MARGIN), "white")
    pen = ImageDraw.Draw(page)
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        left, top = number % columns * wide + MARGIN, number // columns * high + MARGIN
        page.paste(image.resize((side, side), Image.Resampling.NEAREST), (left, top))
        lines = textwrap.wrap(label, 26)[:2]
        pen.multiline_text((left + 2, top + side + 2), "\n".join(lines), fill="black", font=font, spacing=1)
    return page


def heldout_prompts(drawings: list[Drawing], count: int = 64) -> list[tuple[str, str]]:
    """Prompts spread evenly over the held-out pictures, with the style's name."""
    step = max(len(drawings) // count, 1)
    return [(drawing.en[0], drawing.style) for drawing in drawings[::step][:count]]


def contact_sheet(painter: Painter, drawings: list[Drawing]) -> Image.Image:
    """64 held-out prompts, one try each."""
    asked = heldout_prompts(drawings)
    images = as_images(painter.paint([f"a {name}{JOINT}{words(style)}" for name, style in asked], seed=100))
    return sheet(images, [f"{name}, {style}" for name, style in asked], 8)


def novel_sheet(painter: Painter, style: str = "fluent3d") -> Image.Image:
    """What was never seen, by row: each prompt twice, with two seeds. Numbers stand for the prompts in `NOVEL`."""
    prompts = [prompt + JOINT + words(style) for prompt in NOVEL]
    images = as_images(painter.paint(prompts + prompts, seed=200))
    return sheet(images, [str(number % len(NOVEL) + 1) for number in range(len(images))], len(NOVEL))


def style_samples(painter: Painter, folder: Path, styles: list[str]) -> None:
    """The same subject and seed in each style: `styles/NAME.png`, and all of them on `styles.png`."""
    (folder / "styles").mkdir(exist_ok=True)
    images = []
    for style in styles:
        images += as_images(painter.paint([SAMPLE + JOINT + words(style)], seed=SAMPLE_SEED))
        images[-1].save(folder / "styles" / f"{style}.png")
    sheet(images, [STYLES[style][0] for style in styles], 4).save(folder / "styles.png")
