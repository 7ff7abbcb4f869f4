"""The painter's model card, from the stages' reports, the figures and the sheets that lie beside it.

    python -m recipes.painter.card --run DIR --model DIR --seen "What a person saw on the sheets."

The recipe writes it by itself; written again, it also tells what somebody saw who looked.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from recipes.card import filled, hardware, put
from recipes.errors import plainly
from recipes.painter import autoencoder, captions, denoiser, matcher, reader, sheets
from recipes.painter.evaluate import GUIDANCE, STEPS

MAKERS = {
    "noto": ("Google, Noto Emoji (googlefonts/noto-emoji)", "Apache-2.0"),
    "fluent3d": ("Microsoft, Fluent Emoji (microsoft/fluentui-emoji)", "MIT"),
    "fluentcolor": ("Microsoft, Fluent Emoji", "MIT"),
    "fluentflat": ("Microsoft, Fluent Emoji", "MIT"),
    "twemoji": ("Twitter, Inc and other contributors, Twemoji (twitter/twemoji)", "CC BY 4.0"),
    "blob": ("C1710 and Google, Blobmoji (C1710/blobmoji)", "Apache-2.0"),
    "emojitwo": ("the EmojiTwo project (EmojiTwo/emojitwo)", "CC BY 4.0"),
    "fxemoji": ("Mozilla, FxEmoji (mozilla/fxemoji)", "CC BY 4.0"),
    "openmoji": ("the OpenMoji project (hfg-gmuend/openmoji)", "CC BY-SA 4.0"),
}

STAGES = {
    "autoencoder": autoencoder.REPORT,
    "text encoder, foreseeing latents": reader.REPORT,
    "text encoder and UNet": denoiser.REPORT,
    "judge, for evaluation only": matcher.REPORT,
}

KINDS = {"painted": "painted", "reconstructed": "through the autoencoder", "drawn_by_people": "drawn by people"}


def card(run: Path, model: Path, styles: list[str], note: str, seen: str) -> str:
    """The whole card; `seen` is what a person saw on the sheets."""
    figures = json.loads((model / "evaluation.json").read_text(encoding="utf-8"))
    reports = {name: json.loads((run / file).read_text(encoding="utf-8")) for name, file in STAGES.items()}
    return filled(
        "painter.md.jinja",
        figures=figures,
        kinds=KINDS,
        parameters=figures["parameters_millions"],
        stages=reports,
        size=reports["text encoder and UNet"]["size"],
        minutes=round(sum(told["minutes"] for told in reports.values())),
        makers=[(style, captions.words(style), *MAKERS[style]) for style in styles],
        share_alike="openmoji" in styles,
        prompts=sheets.NOVEL,
        steps=STEPS,
        guidance=f"{GUIDANCE:g}",
        hardware=hardware(),
        note=note,
        seen=seen,
    )


def write(run: Path, model: Path, note: str = "", seen: str = "") -> None:
    """Put the card into the model's folder."""
    styles = [style["name"] for style in json.loads((model / "painter.json").read_text(encoding="utf-8"))["styles"]]
    put(card(run, model, styles, note, seen), model)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="the folder that the training programs wrote")
    parser.add_argument("--model", type=Path, required=True, help="the painter's folder, with its figures and sheets")
    parser.add_argument("--note", default="", help="sentences on the circumstances, such as several runs")
    parser.add_argument("--seen", default="", help="what a person saw on the sheets, put beneath them")
    args = parser.parse_args()
    write(args.run, args.model, args.note, args.seen)


if __name__ == "__main__":
    plainly(main)
