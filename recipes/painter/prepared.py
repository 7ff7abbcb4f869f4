"""What the stages that read captions share: the tokenizer, captions as token ids, and pictures as latents."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from recipes import checkpoints
from recipes.painter import autoencoder, captions, nets, words
from recipes.painter.pictures import Album
from recipes.tokenizer import load_tokenizer

TOKENIZER, LATENTS = "tokenizer", "latents.pt"
VARIANTS = 16


def caption_ids(album: Album, tokenizer: PreTrainedTokenizerFast, seed: int = 3) -> Tensor:
    """Token ids of several captions a picture, (pictures, VARIANTS, LENGTH)."""
    rng = random.Random(seed)
    lines = [captions.draw(drawing, rng) for drawing in album.drawings for _ in range(VARIANTS)]
    ids = torch.tensor(words.encode(tokenizer, lines), dtype=torch.int16)
    return ids.view(len(album.drawings), VARIANTS, words.LENGTH)


def tokenizer_of(run_folder: Path, album: Album, size: str) -> PreTrainedTokenizerFast:
    """The run's tokenizer, trained on the training captions when there is none.

    Training it again would number words that are equally common in another order: a resumed run would read nonsense.
    """
    folder = run_folder / TOKENIZER
    if not (folder / "tokenizer_config.json").exists():
        words.train(words.texts(album.drawings), nets.SIZES[size].vocabulary).save_pretrained(folder)
    return load_tokenizer(folder)


def latents_of(run_folder: Path, album: Album, device: torch.device) -> Tensor:
    """The training pictures' latents by the run's autoencoder, encoded once."""
    path = run_folder / LATENTS
    if not path.exists():
        vae = nets.parts.AutoencoderKL.from_pretrained(run_folder / autoencoder.FOLDER).to(device).eval()
        checkpoints.save(path, {"latents": autoencoder.encode(vae, album.pictures, device)})
    latents: Tensor = torch.load(path, weights_only=True)["latents"]
    return latents


@dataclass(frozen=True)
class Prepared:
    """All of it for one run."""

    tokenizer: PreTrainedTokenizerFast
    ids: Tensor
    latents: Tensor

    @classmethod
    def of(cls, run_folder: Path, album: Album, size: str, device: torch.device) -> Prepared:
        tokenizer = tokenizer_of(run_folder, album, size)
        return cls(tokenizer, caption_ids(album, tokenizer), latents_of(run_folder, album, device))
