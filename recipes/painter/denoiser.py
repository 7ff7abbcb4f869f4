"""The second stage: a text encoder and a UNet learn together to turn noise into latents, by flow matching.

The straight path from a latent to noise (arXiv 2209.03003) is learned at times drawn from a logit-normal distribution
(arXiv 2403.03206). A tenth of the captions is left empty, for classifier-free guidance.
"""

from __future__ import annotations

import contextlib
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import AutoTokenizer, CLIPTextModel, PreTrainedTokenizerFast

from recipes.clock import Budget
from recipes.data import Record
from recipes.painter import autoencoder, captions, loop, nets, pictures, words
from recipes.training import device_of, narrow

FOLDER, REPORT, TOKENIZER = "denoiser", "denoiser.json", "tokenizer"
VARIANTS = 16
TIMES = 1000
"""The scheduler's unit: time 1 is step 1,000."""

AVERAGED_EVERY = 4


def attention_for(device: torch.device) -> contextlib.AbstractContextManager[Any]:
    """On a processor the plain products: its fused kernel takes five times as long backwards over so few tokens."""
    return contextlib.nullcontext() if device.type == "cuda" else sdpa_kernel(SDPBackend.MATH)


@dataclass(frozen=True)
class DenoiserRecipe:
    """`unnamed` is the share of empty captions."""

    minutes: float
    size: str = "small"
    batch: int = 16
    rate: float = 1e-3
    unnamed: float = 0.1


class Denoiser(nn.Module):
    """Both parts that learn in this stage."""

    def __init__(self, encoder: CLIPTextModel, unet: UNet2DConditionModel) -> None:
        super().__init__()
        self.encoder, self.unet = encoder, unet

    def forward(self, noisy: Tensor, times: Tensor, ids: Tensor) -> Tensor:
        """The flow at times from 0 (latents) to 1 (noise)."""
        text = self.encoder(ids).last_hidden_state
        flow: Tensor = self.unet(noisy, times * TIMES, encoder_hidden_states=text, return_dict=False)[0]
        return flow


def caption_ids(album: pictures.Album, tokenizer: PreTrainedTokenizerFast, seed: int = 3) -> Tensor:
    """Token ids of several captions a picture, (pictures, VARIANTS, LENGTH)."""
    rng = random.Random(seed)
    lines = [captions.draw(drawing, rng) for drawing in album.drawings for _ in range(VARIANTS)]
    ids = torch.tensor(words.encode(tokenizer, lines), dtype=torch.int16)
    return ids.view(len(album.drawings), VARIANTS, words.LENGTH)


class Trainer:
    """The parts, the latents in memory, and the step."""

    def __init__(
        self,
        latents: Tensor,
        ids: Tensor,
        tokenizer: PreTrainedTokenizerFast,
        recipe: DenoiserRecipe,
        device: torch.device,
    ) -> None:
        torch.manual_seed(2)
        size = nets.SIZES[recipe.size]
        self.recipe, self.device = recipe, device
        self.latents, self.ids = latents.to(device), ids.to(device)
        self.empty = torch.tensor(words.encode(tokenizer, [""])[0], dtype=torch.int16, device=device)
        self.model = Denoiser(nets.text_encoder(size, tokenizer), nets.unet(size)).to(device)
        self.model.unet.to(memory_format=torch.channels_last)
        self.model.train()
        self.average = loop.Average(self.model)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), recipe.rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True
        )
        self._flow: Any = torch.compile(self.model) if device.type == "cuda" else self.model

    def _captions(self, chosen: Tensor) -> Tensor:
        variant = torch.randint(VARIANTS, (len(chosen),)).to(self.device)
        unnamed = torch.rand(len(chosen), 1).to(self.device) < self.recipe.unnamed
        return torch.where(unnamed, self.empty, self.ids[chosen, variant]).long()

    def step(self, number: int, _share: float) -> loop.Losses:
        """One step on a batch of latents."""
        chosen = loop.deal(len(self.latents), self.recipe.batch, number, seed=2).to(self.device)
        latents, ids = self.latents[chosen], self._captions(chosen)
        noise = torch.randn(latents.shape).to(self.device)
        times = torch.randn(len(chosen)).sigmoid().to(self.device)
        noisy = torch.lerp(latents, noise, times.view(-1, 1, 1, 1)).contiguous(memory_format=torch.channels_last)
        with narrow(self.device), attention_for(self.device):
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


def tokenizer_of(run_folder: Path, album: pictures.Album, size: str) -> PreTrainedTokenizerFast:
    """The run's tokenizer, trained on the training captions when there is none.

    Training it again would number words that are equally common in another order: a resumed run would read nonsense.
    """
    folder = run_folder / TOKENIZER
    if not (folder / "tokenizer_config.json").exists():
        words.train(words.texts(album.drawings), nets.SIZES[size].vocabulary).save_pretrained(folder)
    return AutoTokenizer.from_pretrained(folder)


def save(model: Denoiser, folder: Path) -> None:
    model.encoder.save_pretrained(folder / "text_encoder")
    model.unet.save_pretrained(folder / "unet")


def run(folder: Path, run_folder: Path, recipe: DenoiserRecipe, share_alike: bool = False) -> Record:
    """Train and save, with the autoencoder of the run folder."""
    device = device_of()
    training, _ = pictures.load(folder, share_alike)
    tokenizer = tokenizer_of(run_folder, training, recipe.size)
    vae = AutoencoderKL.from_pretrained(run_folder / autoencoder.FOLDER).to(device).eval()
    latents = autoencoder.encode(vae, training.pictures, device)
    trainer = Trainer(latents, caption_ids(training, tokenizer), tokenizer, recipe, device)
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
    told = loop.report(progress, recipe.batch, size=recipe.size, epochs=round(progress.pictures / len(latents), 1))
    (run_folder / REPORT).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    print(told, flush=True)
    return told
