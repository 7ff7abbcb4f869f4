"""Before the second stage: the text encoder learns to foresee the mean of the latents that a caption may have.

Through noise alone a text encoder learns late, and until then its words are noise to the UNet, which silences them.
Foreseeing latents needs no UNet, costs little, and gives words with a meaning to begin from.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import CLIPTextModel

from recipes.clock import Budget
from recipes.data import Record
from recipes.painter import loop, nets, pictures
from recipes.painter.prepared import Prepared
from recipes.training import device_of, narrow

FOLDER, REPORT = "reader", "reader.json"


@dataclass(frozen=True)
class ReaderRecipe:
    minutes: float
    size: str = "small"
    batch: int = 64
    rate: float = 1e-3


class Reader(nn.Module):
    """The encoder, and a linear map from the mean of its vectors to latents."""

    def __init__(self, encoder: CLIPTextModel, latents: tuple[int, ...]) -> None:
        super().__init__()
        self.encoder, self.latents = encoder, latents
        self.foresee = nn.Linear(encoder.config.hidden_size, latents[0] * latents[1] * latents[2])

    def forward(self, ids: Tensor) -> Tensor:
        """Latents as far as a caption tells them."""
        vectors = self.encoder(ids).last_hidden_state
        foreseen: Tensor = self.foresee(vectors.mean(1)).view(-1, *self.latents)
        return foreseen


class Trainer:
    """The reader and its step, on latents and captions in memory."""

    def __init__(self, prepared: Prepared, recipe: ReaderRecipe, device: torch.device) -> None:
        torch.manual_seed(3)
        self.recipe, self.device = recipe, device
        self.latents, self.ids = prepared.latents.to(device), prepared.ids.to(device)
        encoder = nets.text_encoder(nets.SIZES[recipe.size], prepared.tokenizer)
        self.model = Reader(encoder, tuple(self.latents.shape[1:])).to(device).train()
        self.optimizer = torch.optim.AdamW(self.model.parameters(), recipe.rate, weight_decay=0.01, fused=True)

    def step(self, number: int, _share: float) -> loop.Losses:
        """One step on a batch of captions."""
        chosen = loop.deal(len(self.latents), self.recipe.batch, number, seed=3).to(self.device)
        variant = torch.randint(self.ids.shape[1], (len(chosen),)).to(self.device)
        with narrow(self.device), loop.attention_for(self.device):
            foreseen = self.model(self.ids[chosen, variant].long())
        loss = (foreseen.float() - self.latents[chosen]).square().mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return {"loss": loss.item()}


def run(folder: Path, run_folder: Path, recipe: ReaderRecipe, share_alike: bool = False) -> Record:
    """Train and save the text encoder, with the autoencoder of the run folder."""
    device = device_of()
    training, _ = pictures.load(folder, share_alike)
    trainer = Trainer(Prepared.of(run_folder, training, recipe.size, device), recipe, device)
    state: dict[str, loop.Stateful] = {"model": trainer.model, "optimizer": trainer.optimizer}
    budget = Budget(60 * recipe.minutes)
    progress = loop.Stage(
        run_folder / FOLDER, state, trainer.step, [trainer.optimizer], recipe.batch, budget, device, seed=3
    ).run()
    trainer.model.encoder.save_pretrained(run_folder / FOLDER)
    told = loop.report(progress, recipe.batch)
    (run_folder / REPORT).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    print(told, flush=True)
    return told
