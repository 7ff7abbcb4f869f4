"""Captions: what people may say when they want a picture, in both languages, with the words for each style."""

from __future__ import annotations

import random

from recipes.painter.pictures import Drawing

STYLES: dict[str, tuple[str, ...]] = {
    "noto": ("noto", "noto", "google"),
    "fluent3d": ("fluent 3d", "3d"),
    "fluentcolor": ("fluent color", "fluent"),
    "fluentflat": ("fluent flat", "flat"),
    "twemoji": ("twemoji", "twemoji", "twitter"),
    "blob": ("blob", "blob", "blobmoji"),
    "emojitwo": ("emojitwo",),
    "fxemoji": ("fxemoji", "fxemoji", "firefox"),
    "openmoji": ("openmoji",),
}
"""The words that name each style, the first of them its name."""

ENGLISH = (
    "{name}",
    "{name}",
    "{a} {name}",
    "{a} {name}",
    "draw {a} {name}",
    "a picture of {a} {name}",
    "{name}, {keyword}",
    "{name}, {keyword}, {other}",
    "{keyword}, {other}",
)
CHINESE = ("{name}", "{name}", "画{name}", "画一个{name}", "画一只{name}", "一张{name}的图片", "{name}，{keyword}")
STYLED = (", {style} style", ", {style} style", ", {style}", " in {style} style")
STYLED_CHINESE = (", {style} style", "，{style} style", "，{style}风格")
JOINT = ", "
WITHOUT_STYLE = 0.1
CHINESE_SHARE = 0.4


def article(name: str) -> str:
    """The indefinite article of a name."""
    return "an" if name[:1].lower() in "aeiou" else "a"


def words(style: str) -> str:
    """What the bot puts after a prompt for a style."""
    return f"{STYLES[style][0]} style"


def prompt(drawing: Drawing, language: str = "en") -> str:
    """The plainest caption of a drawing with its style, as the bot puts it together."""
    name: str = getattr(drawing, language)[0]
    return (f"画{name}" if language == "zh" else f"{article(name)} {name}") + JOINT + words(drawing.style)


def draw(drawing: Drawing, rng: random.Random) -> str:
    """One caption of many."""
    chinese = bool(drawing.zh) and rng.random() < CHINESE_SHARE
    names = drawing.zh if chinese else drawing.en
    text = rng.choice(CHINESE if chinese else ENGLISH).format(
        name=names[0], a=article(names[0]), keyword=rng.choice(names), other=rng.choice(names)
    )
    if rng.random() < WITHOUT_STYLE:
        return text
    return text + rng.choice(STYLED_CHINESE if chinese else STYLED).format(style=rng.choice(STYLES[drawing.style]))
