"""The first stage: an autoencoder from pictures to 8x8 latents and back, by reconstruction, KL and a discriminator.

    python -m recipes.painter.autoencoder --data DIR --run DIR --minutes 15

The discriminator enters when most of the time is spent; its features then serve as the perceptual part of the loss
(feature matching, arXiv 1512.09300). At the end the latents' means and widths are folded into the two 1x1 convolutions
around them, so that every channel has mean 0 and variance 1 and the pipeline needs no factor of its own.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from recipes.clock import Budget
from recipes.data import Record
from recipes.errors import plainly
from recipes.painter import loop, nets, pictures
from recipes.painter.pictures import as_floats
from recipes.training import device_of, narrow

FOLDER, REPORT = "autoencoder", "autoencoder.json"


@dataclass(frozen=True)
class AutoencoderRecipe:
    """Weights of the losses beside the mean absolute error, which has 1."""

    minutes: float
    size: str = "small"
    batch: int = 8
    rate: float = 1e-3
    divergence: float = 1e-5
    adversarial: float = 0.05
    features: float = 0.5
    adversary_enters: float = 0.6


def reconstruction_loss(made: Tensor, wanted: Tensor) -> Tensor:
    """Mean absolute error at three scales: colours and layout count as much as outlines."""
    loss = nn.functional.l1_loss(made, wanted)
    for _ in range(2):
        made, wanted = nn.functional.avg_pool2d(made, 2), nn.functional.avg_pool2d(wanted, 2)
        loss = loss + 0.5 * nn.functional.l1_loss(made, wanted)
    return loss


class Trainer:
    """Both sides of the game and their steps."""

    def __init__(self, album: pictures.Album, recipe: AutoencoderRecipe, device: torch.device) -> None:
        torch.manual_seed(1)
        self.recipe, self.device = recipe, device
        self.pictures = album.pictures.to(device)
        self.vae = nets.autoencoder(nets.SIZES[recipe.size]).to(device, memory_format=torch.channels_last)
        judge: Any = nets.Discriminator()
        self.judge: nets.Discriminator = judge.to(device, memory_format=torch.channels_last)
        self.average = loop.Average(self.vae)
        self.optimizer = torch.optim.AdamW(self.vae.parameters(), recipe.rate, betas=(0.9, 0.98), weight_decay=1e-3)
        self.judge_optimizer = torch.optim.AdamW(self.judge.parameters(), 4e-4, betas=(0.5, 0.95), weight_decay=0.0)

    def _batch(self, step: int) -> Tensor:
        chosen = loop.deal(len(self.pictures), self.recipe.batch, step, seed=1).to(self.device)
        shown = as_floats(self.pictures[chosen])
        mirrored = torch.rand(len(shown), 1, 1, 1).to(self.device) < 0.5
        return torch.where(mirrored, shown.flip(-1), shown).contiguous(memory_format=torch.channels_last)

    def _played(self, made: Tensor, wanted: Tensor) -> Tensor:
        """What the autoencoder loses to the judge, and how far the judge's features lie apart."""
        verdict, features = self.judge(made)
        with torch.no_grad():
            _, expected = self.judge(wanted)
        apart = torch.stack([nn.functional.l1_loss(a, b) for a, b in zip(features, expected, strict=True)]).mean()
        wrong: Tensor = self.recipe.features * apart - self.recipe.adversarial * verdict.mean()
        return wrong

    def _judged(self, made: Tensor, wanted: Tensor) -> float:
        """One step of the judge: hinge loss (arXiv 1705.02894)."""
        with narrow(self.device):
            real, fake = self.judge(wanted)[0].float(), self.judge(made)[0].float()
        loss = nn.functional.relu(1 - real).mean() + nn.functional.relu(1 + fake).mean()
        self.judge_optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        self.judge_optimizer.step()
        return loss.item()

    def step(self, number: int, share: float) -> loop.Losses:
        """One step of the autoencoder and, once it has entered, of the judge."""
        wanted = self._batch(number)
        ramp = min(max(share - self.recipe.adversary_enters, 0.0) / 0.1, 1.0)
        with narrow(self.device):
            posterior = self.vae.encode(wanted).latent_dist
            made = self.vae.decode(posterior.sample()).sample
            played = self._played(made, wanted) if ramp else torch.zeros((), device=self.device)
        reconstruction, divergence = reconstruction_loss(made.float(), wanted), posterior.kl().float().mean()
        loss = reconstruction + self.recipe.divergence * divergence + ramp * played
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.vae.parameters(), 1.0)
        self.optimizer.step()
        self.average.update(self.vae)
        losses = {"reconstruction": reconstruction.item(), "kl": divergence.item()}
        return losses | {"judge": self._judged(made.detach(), wanted) if ramp else 0.0}

    def state(self) -> dict[str, loop.Stateful]:
        return {
            "vae": self.vae,
            "judge": self.judge,
            "average": self.average,
            "optimizer": self.optimizer,
            "judge_optimizer": self.judge_optimizer,
        }


@torch.inference_mode()
def encode(vae: nets.Autoencoder, shown: Tensor, device: torch.device, batch: int = 64) -> Tensor:
    """The latents' means of pictures given as bytes, on the processor."""
    parts = []
    for piece in torch.split(shown, batch):
        with narrow(device):
            parts.append(vae.encode(as_floats(piece.to(device))).latent_dist.mean.float().cpu())
    return torch.cat(parts)


@torch.no_grad()
def normalize(vae: nets.Autoencoder, latents: Tensor) -> None:
    """Fold the latents' mean and width by channel into the convolutions around them."""
    mean, width = latents.mean((0, 2, 3)), latents.std((0, 2, 3)).clamp(min=1e-4)
    before, after = vae.quant_conv, vae.post_quant_conv
    mean, width = mean.to(before.weight.device), width.to(before.weight.device)
    channels = len(mean)
    after.bias += after.weight[:, :, 0, 0] @ mean
    after.weight *= width[None, :, None, None]
    before.weight[:channels] /= width[:, None, None, None]
    before.bias[:channels] = (before.bias[:channels] - mean) / width
    before.bias[channels:] -= 2 * width.log()


@torch.inference_mode()
def decibels(vae: nets.Autoencoder, shown: Tensor, device: torch.device) -> float:
    """PSNR of reconstructions from the latents' means, over all pixels together."""
    latents, wrong = encode(vae, shown, device), 0.0
    for piece, wanted in zip(torch.split(latents, 64), torch.split(shown, 64), strict=True):
        made = vae.decode(piece.to(device)).sample.clamp(-1, 1).cpu()
        wrong += ((made - as_floats(wanted)) / 2).square().mean((1, 2, 3)).sum().item()
    return float(-10 * torch.log10(torch.tensor(wrong / len(shown))))


def run(folder: Path, run_folder: Path, recipe: AutoencoderRecipe, share_alike: bool = False) -> Record:
    """Train, normalize and save."""
    device = device_of()
    training, heldout = pictures.load(folder, share_alike)
    trainer = Trainer(training, recipe, device)
    stage = loop.Stage(
        run_folder / FOLDER,
        trainer.state(),
        trainer.step,
        [trainer.optimizer, trainer.judge_optimizer],
        recipe.batch,
        Budget(60 * recipe.minutes),
        device,
        seed=1,
    )
    progress = stage.run()
    vae = trainer.vae
    vae.load_state_dict(trainer.average.weights)
    vae.eval()
    normalize(vae, encode(vae, training.pictures[:2000], device))
    vae.save_pretrained(run_folder / FOLDER)
    told = loop.report(progress, recipe.batch, psnr_db=round(decibels(vae, heldout.pictures, device), 2))
    told |= {"training_pictures": len(training.drawings)}
    (run_folder / REPORT).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    print(told, flush=True)
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the data folder")
    parser.add_argument("--run", type=Path, required=True, help="where the checkpoint and the result go")
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--size", choices=list(nets.SIZES), default="small")
    args = parser.parse_args()
    run(args.data, args.run, AutoencoderRecipe(args.minutes, args.size))


if __name__ == "__main__":
    plainly(main)
