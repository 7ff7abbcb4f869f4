"""The painter's model card, from the stages' reports, the figures and the sheets that lie beside it.

    python -m recipes.painter.card --run DIR --model DIR --seen "What a person saw on the sheets."

The recipe writes it by itself; written again, it also tells what somebody saw who looked.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from recipes.card import hardware
from recipes.data import Record
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

LIMITS = """\
* It has seen about ten thousand small pictures of 1,441 subjects and nothing else. What is no emoji, it does not know;
  scenes, several things at once, numbers of things and writing are beyond it.
* The retrieval score is given by a small judge that the recipe trains on the same pictures; the row for pictures drawn
  by people shows how far that judge can be trusted.
* Held-out pictures are of subjects that the training part holds in other styles.
* Of Chinese it knows the names and keywords of emoji.
* It draws at 64x64 and at no other size well; the bot enlarges its pictures.
* Prompts have 40 tokens at most, about as many words or Chinese characters less two."""


def _stages(reports: dict[str, Record]) -> str:
    rows = ["| stage | minutes | steps | batch | pictures | pictures per second |", "|---|---:|---:|---:|---:|---:|"]
    rows += [
        f"| {name} | {told['minutes']} | {told['steps']:,} | {told['batch']} | {told['pictures']:,} "
        f"| {told['pictures_per_second']} |"
        for name, told in reports.items()
    ]
    return "\n".join(rows)


def _figures(figures: Record) -> str:
    rows = ["| pictures | fit their caption better than others' | best of 16 captions | KID x 1,000 |"]
    rows.append("|---|---:|---:|---:|")
    names = {"painted": "painted", "reconstructed": "through the autoencoder", "drawn_by_people": "drawn by people"}
    for name, told in names.items():
        score, kid = figures["retrieval"][name], figures["kid_x1000"].get(name, "0")
        rows.append(f"| {told} | {score['beats_others']:.1%} | {score['best_of_16']:.1%} | {kid} |")
    chance = figures["retrieval"]["chance"]
    rows.append(f"| chance | {chance['beats_others']:.1%} | {chance['best_of_16']:.1%} | |")
    rows.append(f"| training pictures, as many | | | {figures['kid_x1000']['training_pictures']} |")
    return "\n".join(rows)


def _makers(styles: list[str]) -> str:
    rows = ["| style | words | drawn by | licence |", "|---|---|---|---|"]
    rows += [f"| {style} | {captions.words(style)} | {MAKERS[style][0]} | {MAKERS[style][1]} |" for style in styles]
    return "\n".join(rows)


def card(run: Path, model: Path, styles: list[str], note: str, seen: str) -> str:
    """The whole card; `seen` is what a person saw on the sheets."""
    figures = json.loads((model / "evaluation.json").read_text(encoding="utf-8"))
    parameters = figures["parameters_millions"]
    reports = {name: json.loads((run / file).read_text(encoding="utf-8")) for name, file in STAGES.items()}
    size = reports["text encoder and UNet"]["size"]
    minutes = round(sum(told["minutes"] for told in reports.values()))
    prompts = "\n".join(f"{number}. {prompt}" for number, prompt in enumerate(sheets.NOVEL, 1))
    share_alike = "openmoji" in styles
    return f"""---
license: {"cc-by-sa-4.0" if share_alike else "apache-2.0"}
language: [en, zh]
pipeline_tag: text-to-image
library_name: diffusers
---

# Inkling's bundled painter

Words in English or Chinese, and a style, to a 64x64 picture. A latent flow-matching model of {parameters["all"]} M
parameters, trained from scratch: an autoencoder ({parameters["autoencoder"]} M; reconstruction, KL, and a patch \
discriminator), a CLIP text
encoder with a tokenizer of its own ({parameters["text_encoder"]} M) and a UNet ({parameters["unet"]} M), saved as a \
`StableDiffusionPipeline`.
It lets Inkling draw on a fresh machine with nothing to download. For better pictures, set `IMAGE_MODEL` to a larger
one.

    from diffusers import DiffusionPipeline
    pipe = DiffusionPipeline.from_pretrained("bot/models/painter")
    pipe("a smiling cat, noto style", num_inference_steps={STEPS}, guidance_scale={GUIDANCE:g}).images[0]

`painter.json` holds the defaults, the words of each style and the fingerprints of the weight files.

## How it was made

    python -m recipes.painter --data DIR --minutes {minutes} --size {size} --out bot/models/painter

Hardware: {hardware()}. {note}

{_stages(reports)}

## Data

{_makers(styles)}

Names and keywords: unicode-org/cldr-json (Unicode License v3) and Fluent Emoji's metadata (MIT). One picture in
fifty is held out. {"OpenMoji's share-alike drawings went in." if share_alike else "Share-alike data was left out."}

The weights are released under {"CC BY-SA 4.0" if share_alike else "Apache-2.0"}; the drawings keep their \
makers' terms. A model this small may paint pictures close to one
that it was shown: name the makers above when you share its pictures.

## Figures

{_figures(figures)}

On {figures["pictures"]} held-out pictures, one try each, {STEPS} steps, guidance {GUIDANCE:g}. Chance is what a blind \
guess reaches. KID lies over mean colours and
oriented gradients in 8x8 cells, which anybody can compute (`features` in `recipes/painter/evaluate.py`); less is
nearer, and reconstructions, which are of the very pictures compared with, may lie below 0.

Reconstruction of held-out pictures: {figures["reconstruction_psnr_db"]} dB PSNR. One picture at the default steps \
on two cores: {figures["seconds_a_picture_on_two_cores"]} s.
`python -m recipes.painter.evaluate --data DIR --run DIR --model bot/models/painter` measures them again.

## Samples

The first try of 64 held-out prompts, none picked:

![64 held-out prompts](heldout.png)

Combinations, most of which the data never had, in fluent 3d style, each with two seeds:

![new combinations](novel.png)

{prompts}

The same words and seed in every style:

![styles](styles.png)

{seen}

## Limits

{LIMITS}
"""


def write(run: Path, model: Path, note: str = "", seen: str = "") -> None:
    """Put the card into the model's folder."""
    styles = [style["name"] for style in json.loads((model / "painter.json").read_text(encoding="utf-8"))["styles"]]
    part = model / "README.md.part"
    part.write_text(card(run, model, styles, note, seen), encoding="utf-8")
    part.replace(model / "README.md")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="the folder that the training programs wrote")
    parser.add_argument("--model", type=Path, required=True, help="the painter's folder, with its figures and sheets")
    parser.add_argument("--note", default="", help="a sentence about the circumstances, for the hardware line")
    parser.add_argument("--seen", default="", help="what a person saw on the sheets, put beneath them")
    args = parser.parse_args()
    write(args.run, args.model, args.note, args.seen)


if __name__ == "__main__":
    main()
