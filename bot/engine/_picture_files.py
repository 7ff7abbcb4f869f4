"""Pictures as files: enlarged crisply where they are small, with the parameters that made them inside."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

Parameters = dict[str, str | int | float]

# Pixels of a side: what counts as small, what small pictures are enlarged to, and how large a moving one gets.
SMALL = 128
SHOWN = 512
PREVIEW = 256

_FRAME_MS = 90
# Of 255: what no eye tells from one colour.
_FLAT = 2


def enlarge(image: Image.Image, side: int | None) -> Image.Image:
    """The picture with each pixel as a square of pixels, by a whole factor: to `side`, or a small one to `SHOWN`."""
    widest = max(image.size)
    wanted = side or (SHOWN if widest <= SMALL else widest)
    factor = max(1, wanted // widest)
    size = (image.width * factor, image.height * factor)
    return image if factor == 1 else image.resize(size, Image.Resampling.NEAREST)


def is_blank(image: Image.Image) -> bool:
    """Whether it shows one colour only. Numbers that are none come out of a pipeline as black."""
    pixels = np.asarray(image.convert("RGB"))
    return bool((np.ptp(pixels, axis=(0, 1)) <= _FLAT).all())


def as_png(image: Image.Image, parameters: Mapping[str, str | int | float]) -> bytes:
    """A PNG file, each parameter a text chunk of its name."""
    info = PngInfo()
    info.add_text("Software", "Inkling")
    for name, value in parameters.items():
        info.add_text(name, str(value))
    file = io.BytesIO()
    image.convert("RGB").save(file, "PNG", pnginfo=info)
    return file.getvalue()


def as_frames(images: Sequence[Image.Image], side: int | None) -> list[Image.Image]:
    """The pictures as frames of a GIF, of 255 colours each and at most `SHOWN` pixels a side."""
    frames = []
    for image in images:
        small = image.convert("RGB")
        small.thumbnail((SHOWN, SHOWN))
        # Colours are chosen before a picture is enlarged, and not mixed from dots: its squares stay clean.
        few = small.quantize(255, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        frames.append(enlarge(few, side and min(side, SHOWN)))
    return frames


def as_gif(frames: Sequence[Image.Image], parameters: Mapping[str, str | int | float]) -> bytes:
    """A GIF that runs through the frames and back for ever; the parameters are its comment, a line each."""
    turning = [*frames, *reversed(frames[1:-1])]
    comment = "\n".join(["Software: Inkling", *(f"{name}: {value}" for name, value in parameters.items())])
    file = io.BytesIO()
    turning[0].save(
        file,
        "GIF",
        save_all=True,
        append_images=turning[1:],
        duration=_FRAME_MS,
        loop=0,
        comment=comment.encode(),
    )
    return file.getvalue()


def as_preview(images: Sequence[Image.Image]) -> bytes:
    """One small PNG of one to four pictures, two a row."""
    columns = min(2, len(images))
    rows = -(-len(images) // columns)
    side = PREVIEW // columns
    sheet = Image.new("RGB", (columns * side, rows * side), "white")
    for index, image in enumerate(images):
        fitted = enlarge(image.convert("RGB"), side)
        fitted.thumbnail((side, side))
        sheet.paste(fitted, (index % columns * side, index // columns * side))
    file = io.BytesIO()
    sheet.save(file, "PNG")
    return file.getvalue()
