"""The second stage: a text encoder and a UNet learn together to turn noise into latents, by flow matching.

The straight path from a latent to noise (arXiv 2209.03003) is learned at times drawn from a logit-normal distribution
(arXiv 2403.03206). A tenth of the captions is left empty, for classifier-free guidance.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import CLIPTextModel

from recipes.clock import Budget
from recipes.data import Record
from recipes.painter import loop, nets, pictures, reader, words
from recipes.painter.prepared import Prepared
from recipes.training import device_of, narrow

FOLDER, REPORT = "denoiser", "denoiser.json"
TIMES = 1000
"""The scheduler's unit: time 1 is step 1,000."""

AVERAGED_EVERY = 4


@dataclass(frozen=True)
class DenoiserRecipe:
    """`unnamed` is the share of empty captions, `text_pace` how fast the text encoder learns beside the UNet,
    `lean` the mean of the times before the sigmoid: above 0, what noise hides and words tell is learned more."""

    minutes: float
    size: str = "small"
    batch: int = 16
    rate: float = 1e-3
    text_pace: float = 0.2
    unnamed: float = 0.1
    lean: float = 0.5


class Denoiser(nn.Module):
    """Both parts that learn in this stage."""

    def __init__(self, encoder: CLIPTextModel, unet: nets.Unet) -> None:
        super().__init__()
        self.encoder, self.unet = encoder, unet

    def forward(self, noisy: Tensor, times: Tensor, ids: Tensor) -> Tensor:
        """The flow at times from 0 (latents) to 1 (noise)."""
        text = self.encoder(ids).last_hidden_state
        flow: Tensor = self.unet(noisy, times * TIMES, encoder_hidden_states=text, return_dict=False)[0]
        return flow


class Trainer:
    """The parts, the latents in memory, and the step."""

    def __init__(
        self, encoder: CLIPTextModel, prepared: Prepared, recipe: DenoiserRecipe, device: torch.device
    ) -> None:
        torch.manual_seed(2)
        self.recipe, self.device = recipe, device
        self.latents, self.ids = prepared.latents.to(device), prepared.ids.to(device)
        self.empty = torch.tensor(words.encode(prepared.tokenizer, [""])[0], dtype=torch.int16, device=device)
        self.model = Denoiser(encoder, nets.unet(nets.SIZES[recipe.size])).to(device)
        self.model.unet.to(memory_format=torch.channels_last)
        self.model.train()
        self.average = loop.Average(self.model)
        self.optimizer = self._optimizer()
        self._flow: Any = torch.compile(self.model) if device.type == "cuda" else self.model

    def _optimizer(self) -> torch.optim.Optimizer:
        """The text encoder learns slowly: faster, it would forget what words mean before the UNet has a use for it."""
        groups: list[dict[str, Any]] = [
            {"params": list(self.model.unet.parameters())},
            {"params": list(self.model.encoder.parameters()), "lr": self.recipe.rate * self.recipe.text_pace},
        ]
        return torch.optim.AdamW(groups, self.recipe.rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True)

    def _captions(self, chosen: Tensor) -> Tensor:
        variant = torch.randint(self.ids.shape[1], (len(chosen),)).to(self.device)
        unnamed = torch.rand(len(chosen), 1).to(self.device) < self.recipe.unnamed
        return torch.where(unnamed, self.empty, self.ids[chosen, variant]).long()

    def step(self, number: int, _share: float) -> loop.Losses:
        """One step on a batch of latents."""
        chosen = loop.deal(len(self.latents), self.recipe.batch, number, seed=2).to(self.device)
        latents, ids = self.latents[chosen], self._captions(chosen)
        noise = torch.randn(latents.shape).to(self.device)
        times = (torch.randn(len(chosen)) + self.recipe.lean).sigmoid().to(self.device)
        noisy = torch.lerp(latents, noise, times.view(-1, 1, 1, 1)).contiguous(memory_format=torch.channels_last)
        with narrow(self.device), loop.attention_for(self.device):
            flow = self._flow(noisy, times, ids)
        loss = (flow.float() - (noise - latents)).square().mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        if number % AVERAGED_EVERY == 0:
            self.average.update(self.model)
        return {"loss": loss.item()}

    def state(self) -> dict[str, loop.Stateful]:
        return {"model": self.model, "average": self.average, "optimizer": self.optimizer}


def save(model: Denoiser, folder: Path) -> None:
    model.encoder.save_pretrained(folder / "text_encoder")
    model.unet.save_pretrained(folder / "unet")


def run(folder: Path, run_folder: Path, recipe: DenoiserRecipe, share_alike: bool = False) -> Record:
    """Train and save, with the autoencoder and the text encoder of the run folder."""
    device = device_of()
    training, _ = pictures.load(folder, share_alike)
    prepared = Prepared.of(run_folder, training, recipe.size, device)
    encoder = CLIPTextModel.from_pretrained(run_folder / reader.FOLDER)
    trainer = Trainer(encoder, prepared, recipe, device)
    stage = loop.Stage(
        run_folder / FOLDER,
        trainer.state(),
        trainer.step,
        [trainer.optimizer],
        recipe.batch,
        Budget(60 * recipe.minutes),
        device,
        seed=2,
    )
    progress = stage.run()
    trainer.model.load_state_dict(trainer.average.weights)
    save(trainer.model, run_folder / FOLDER)
    told = loop.report(
        progress, recipe.batch, size=recipe.size, epochs=round(progress.pictures / len(training.drawings), 1)
    )
    (run_folder / REPORT).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    print(told, flush=True)
    return told
