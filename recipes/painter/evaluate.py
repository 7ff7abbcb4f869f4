"""Measure a painter on held-out pictures and captions, beside what the pictures themselves reach.

    python -m recipes.painter.evaluate --data DIR --run DIR --model DIR [--pictures 193] [--json]

`--run` holds the matcher of the recipe. Retrieval: the share of the other held-out subjects' captions that fit a
picture less well than its own, and how often its own is the best of 16. KID (arXiv 1801.01401) lies over features that
anybody can compute without weights: mean colours and oriented gradients in 8x8 cells (Dalal and Triggs 2005).
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from recipes.data import Record
from recipes.errors import plainly
from recipes.evaluate import as_lines
from recipes.painter import autoencoder, captions, matcher, nets, pictures
from recipes.painter.pictures import Album, Drawing
from recipes.training import device_of

STEPS, GUIDANCE = 20, 5.0
"""The defaults that the card suggests."""


@dataclass(frozen=True)
class Painter:
    """A pipeline, ready to be asked."""

    pipe: Any

    @classmethod
    def load(cls, folder: Path, device: torch.device | None = None) -> Painter:
        pipe = nets.parts.DiffusionPipeline.from_pretrained(folder, dtype=torch.float32, use_safetensors=True)
        pipe.set_progress_bar_config(disable=True)
        return cls(pipe.to(device or device_of()))

    def paint(self, prompts: list[str], seed: int = 0, batch: int = 16, **more: Any) -> Tensor:
        """A picture each as bytes; picture i from the seed + i, as the bot numbers them."""
        made: list[np.ndarray] = []
        for start in range(0, len(prompts), batch):
            asked = prompts[start : start + batch]
            seeds = [torch.Generator("cpu").manual_seed(seed + start + i) for i in range(len(asked))]
            how = {"num_inference_steps": STEPS, "guidance_scale": GUIDANCE} | more
            made += self.pipe(asked, generator=seeds, output_type="np", **how).images.tolist()
        return (torch.tensor(np.array(made)).permute(0, 3, 1, 2) * 255).round().to(torch.uint8)


def features(shown: Tensor) -> np.ndarray:
    """Mean colours (8x8x3) and gradient histograms (8x8 cells, 8 directions), 704 numbers a picture."""
    colours = shown.numpy().astype(np.float64) / 255
    count = len(colours)
    cells = colours.reshape(count, 3, 8, 8, 8, 8).mean((3, 5))
    grey = colours.mean(1)
    down, across = np.gradient(grey, axis=1), np.gradient(grey, axis=2)
    strength, angle = np.hypot(down, across), np.arctan2(down, across) % (2 * np.pi)
    bins = np.minimum((angle / (2 * np.pi) * 8).astype(int), 7)
    histograms = [np.where(bins == b, strength, 0).reshape(count, 8, 8, 8, 8).mean((2, 4)) for b in range(8)]
    edges = np.stack(histograms, 1) * 8
    return np.concatenate([cells.reshape(count, -1), edges.reshape(count, -1)], 1)


def kernel_distance(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The unbiased squared maximum mean discrepancy with KID's kernel, (x.y / d + 1)^3; times 1,000."""

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        alike: np.ndarray = (a @ b.T / a.shape[1] + 1) ** 3
        return alike

    m, n = len(ours), len(theirs)
    inside, outside = kernel(ours, ours), kernel(theirs, theirs)
    within = (inside.sum() - np.trace(inside)) / (m * (m - 1)) + (outside.sum() - np.trace(outside)) / (n * (n - 1))
    return float(1000 * (within - 2 * kernel(ours, theirs).mean()))


def retrieval(fits: Tensor, drawings: list[Drawing], among: int = 16) -> Record:
    """How picture i's own caption i stands among the captions of other subjects."""
    beaten, best = [], []
    for i, drawing in enumerate(drawings):
        others = [j for j, other in enumerate(drawings) if other.emoji != drawing.emoji]
        lower, rivals = int((fits[i, others] < fits[i, i]).sum()), min(among - 1, len(others))
        beaten.append(lower / len(others))
        best.append(math.comb(lower, rivals) / math.comb(len(others), rivals))
    return {"beats_others": round(float(np.mean(beaten)), 3), f"best_of_{among}": round(float(np.mean(best)), 3)}


def seconds_a_picture(model: Path) -> float:
    """The quickest of five single pictures, at the default steps on two processor threads."""
    painter, threads = Painter.load(model, torch.device("cpu")), torch.get_num_threads()
    torch.set_num_threads(2)
    spent = []
    for seed in range(5):
        begun = time.perf_counter()
        painter.paint(["a cat"], seed)
        spent.append(time.perf_counter() - begun)
    torch.set_num_threads(threads)
    return min(spent)


def sizes(painter: Painter) -> Record:
    """Parameters by part, in millions."""
    parts = {"autoencoder": painter.pipe.vae, "text_encoder": painter.pipe.text_encoder, "unet": painter.pipe.unet}
    counted = {name: nets.count(part) for name, part in parts.items()}
    return {name: round(number / 1e6, 2) for name, number in (counted | {"all": sum(counted.values())}).items()}


def reconstructed(painter: Painter, shown: Tensor) -> Tensor:
    """Pictures through the autoencoder and back."""
    vae, device = painter.pipe.vae, painter.pipe.device
    with torch.inference_mode():
        parts = [
            vae.decode(piece.to(device)).sample for piece in torch.split(autoencoder.encode(vae, shown, device), 64)
        ]
    return pictures.as_bytes(torch.cat(parts).cpu())


def measure(model: Path, run_folder: Path, training: Album, heldout: Album, most: int) -> Record:
    """All figures of a painter."""
    painter = Painter.load(model)
    drawings, real = heldout.drawings[:most], heldout.pictures[:most]
    prompts = [captions.prompt(drawing) for drawing in drawings]
    judge, tokenizer = matcher.load(run_folder)
    chosen = torch.randperm(len(training.drawings), generator=torch.Generator().manual_seed(6))[: len(real)]
    shown = {"painted": painter.paint(prompts), "reconstructed": reconstructed(painter, real), "drawn_by_people": real}
    reference = features(real)
    return {
        "pictures": len(drawings),
        "retrieval": {
            name: retrieval(matcher.fits(judge, tokenizer, made, prompts), drawings) for name, made in shown.items()
        }
        | {"chance": {"beats_others": 0.5, "best_of_16": round(1 / 16, 3)}},
        "kid_x1000": {
            "painted": round(kernel_distance(features(shown["painted"]), reference), 2),
            "reconstructed": round(kernel_distance(features(shown["reconstructed"]), reference), 2),
            "training_pictures": round(kernel_distance(features(training.pictures[chosen]), reference), 2),
        },
        "reconstruction_psnr_db": round(autoencoder.decibels(painter.pipe.vae, real, painter.pipe.device), 2),
        "seconds_a_picture_on_two_cores": round(seconds_a_picture(model), 2),
        "parameters_millions": sizes(painter),
    }


def as_images(shown: Tensor) -> list[Image.Image]:
    """Bytes as Pillow's pictures."""
    return [Image.fromarray(picture.permute(1, 2, 0).numpy()) for picture in shown]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the data folder")
    parser.add_argument("--run", type=Path, required=True, help="the run folder, for its matcher")
    parser.add_argument("--model", type=Path, required=True, help="the painter's folder")
    parser.add_argument("--pictures", type=int, default=1000, help="held-out pictures at most")
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")
    args = parser.parse_args()
    figures = measure(args.model, args.run, *pictures.load(args.data), args.pictures)
    print(json.dumps(figures, indent=2) if args.json else "\n".join(as_lines(figures)))


if __name__ == "__main__":
    plainly(main)
