"""Make the bundled painter, from the data to the card, in one command.

    python -m recipes.painter --data DIR --minutes 60 --out bot/models/painter [--size small] [--run DIR]

`--minutes` is the time of the stages together (autoencoder, text encoder, denoiser, the matcher that judges);
evaluation and card take a few minutes more. Weights, card and figures are made in a folder beside `--out` and put in
its place together. Killed, the same command goes on where it was: checkpoints lie in `--run`, which is to be removed
before another painter is begun there.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import torch

from recipes import checksums
from recipes.errors import plainly
from recipes.evaluate import as_lines
from recipes.painter import assemble, autoencoder, card, denoiser, evaluate, matcher, nets, pictures, reader, sheets
from recipes.painter.autoencoder import AutoencoderRecipe
from recipes.painter.denoiser import DenoiserRecipe
from recipes.painter.matcher import MatcherRecipe
from recipes.painter.reader import ReaderRecipe
from recipes.writer import put_in_place

SHARES = {"autoencoder": 0.27, "reader": 0.08, "denoiser": 0.57, "matcher": 0.08}
BATCHES = {"cpu": (8, 64, 16, 128), "cuda": (64, 512, 512, 1024)}


def train(folder: Path, run: Path, minutes: float, size: str, share_alike: bool) -> None:
    """The stages that are not complete yet, each with its share of the minutes."""
    batches = BATCHES["cuda" if torch.cuda.is_available() else "cpu"]
    first, second, third, fourth = (minutes * share for share in SHARES.values())
    run.mkdir(parents=True, exist_ok=True)
    if not (run / autoencoder.REPORT).exists():
        autoencoder.run(folder, run, AutoencoderRecipe(first, size, batches[0]), share_alike)
    if not (run / reader.REPORT).exists():
        reader.run(folder, run, ReaderRecipe(second, size, batches[1]), share_alike)
    if not (run / denoiser.REPORT).exists():
        denoiser.run(folder, run, DenoiserRecipe(third, size, batches[2]), share_alike)
    if not (run / matcher.REPORT).exists():
        matcher.run(folder, run, MatcherRecipe(fourth, batches[3]), share_alike)


def finish(folder: Path, run: Path, out: Path, share_alike: bool, most: int = 1000, note: str = "") -> None:
    """Assemble, evaluate, paint the sheets, write the card, and replace the bundled painter by the new one."""
    made = out.with_name(out.name + ".new")
    shutil.rmtree(made, ignore_errors=True)
    assemble.pipeline_folder(run, made)
    training, heldout = pictures.load(folder, share_alike)
    styles = [style for style in assemble.NAMES if any(drawing.style == style for drawing in training.drawings)]
    figures = evaluate.measure(made, run, training, heldout, most)
    (made / "evaluation.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print("\n".join(as_lines(figures)), flush=True)
    painter = evaluate.Painter.load(made)
    sheets.style_samples(painter, made, styles)
    sheets.contact_sheet(painter, heldout.drawings).save(made / "heldout.png")
    sheets.novel_sheet(painter).save(made / "novel.png")
    assemble.describe(made, styles)
    card.write(run, made, note)
    checksums.write(made)
    put_in_place(made, out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the data folder")
    parser.add_argument("--minutes", type=float, required=True, help="training time in all")
    parser.add_argument("--out", type=Path, required=True, help="the painter's folder, replaced at the end")
    parser.add_argument("--size", choices=list(nets.SIZES), default="small")
    parser.add_argument("--run", type=Path, default=Path("var/painter"), help="checkpoints and what the stages made")
    parser.add_argument("--share-alike", action="store_true", help="train on OpenMoji's drawings too (CC BY-SA 4.0)")
    parser.add_argument("--note", default="", help="a sentence about the circumstances, for the card")
    args = parser.parse_args()
    train(args.data, args.run, args.minutes, args.size, args.share_alike)
    finish(args.data, args.run, args.out, args.share_alike, note=args.note)


if __name__ == "__main__":
    plainly(main)
