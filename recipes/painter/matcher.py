"""A judge of its own: two small towers that learn which caption belongs to which training picture (arXiv 2103.00020).

The painter never sees it. Evaluation asks it whether a painted picture fits its caption better than other captions.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast

from recipes.clock import Budget
from recipes.data import Record
from recipes.painter import loop, pictures, prepared, words
from recipes.painter.pictures import Drawing, as_floats
from recipes.tokenizer import load_tokenizer
from recipes.training import device_of, narrow

FOLDER, REPORT, WEIGHTS = "matcher", "matcher.json", "matcher.pt"


@dataclass(frozen=True)
class MatcherRecipe:
    """`shift` is how many pixels a picture is moved at most while learning."""

    minutes: float
    batch: int = 128
    rate: float = 1e-3
    shift: int = 4


class Matcher(nn.Module):
    """Pictures and token ids to vectors of length 1; the larger their product, the better they fit."""

    def __init__(self, vocabulary: int, pad: int, width: int = 32, vector: int = 128) -> None:
        super().__init__()
        self.pad = pad
        shapes = [(3, width), (width, 2 * width), (2 * width, 4 * width), (4 * width, 8 * width)]
        layers: list[nn.Module] = []
        for inside, outside in shapes:
            layers += [nn.Conv2d(inside, outside, 3, stride=2, padding=1), nn.GroupNorm(8, outside), nn.SiLU()]
        self.eye = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.2), nn.Linear(8 * width * 16, vector))
        self.words = nn.Embedding(vocabulary, 2 * vector)
        self.ear = nn.Sequential(nn.Dropout(0.1), nn.Linear(2 * vector, 2 * vector), nn.SiLU())
        self.out = nn.Linear(2 * vector, vector)
        self.warmth = nn.Parameter(torch.tensor(2.5))

    def look(self, shown: Tensor) -> Tensor:
        """The vectors of pictures from -1 to 1."""
        return nn.functional.normalize(self.eye(shown).float(), dim=-1)

    def read(self, ids: Tensor) -> Tensor:
        """The vectors of captions: each word by itself, then their mean."""
        real = (ids != self.pad).float().unsqueeze(-1)
        mean = (self.ear(self.words(ids)) * real).sum(1) / real.sum(1)
        return nn.functional.normalize(self.out(mean).float(), dim=-1)


def subject_numbers(drawings: list[Drawing]) -> Tensor:
    """A number a subject: another style's picture of it is no wrong answer."""
    numbers: dict[str, int] = {}
    return torch.tensor([numbers.setdefault(drawing.emoji, len(numbers)) for drawing in drawings])


class Trainer:
    """The towers and their step."""

    def __init__(
        self, album: pictures.Album, tokenizer: PreTrainedTokenizerFast, recipe: MatcherRecipe, device: torch.device
    ) -> None:
        torch.manual_seed(4)
        self.recipe, self.device = recipe, device
        self.pictures = album.pictures.to(device)
        self.subjects = subject_numbers(album.drawings).to(device)
        self.ids = prepared.caption_ids(album, tokenizer, seed=5).to(device)
        self.model = Matcher(len(tokenizer), tokenizer.pad_token_id).to(device).train()
        self.optimizer = torch.optim.AdamW(self.model.parameters(), recipe.rate, weight_decay=0.05)

    def step(self, number: int, _share: float) -> loop.Losses:
        """One step on a batch of pairs."""
        chosen = loop.deal(len(self.pictures), self.recipe.batch, number, seed=4).to(self.device)
        variant = torch.randint(prepared.VARIANTS, (len(chosen),)).to(self.device)
        moved = torch.randint(-self.recipe.shift, self.recipe.shift + 1, (2,)).tolist()
        shown = as_floats(self.pictures[chosen]).roll(moved, (2, 3))
        with narrow(self.device):
            seen, read = self.model.look(shown), self.model.read(self.ids[chosen, variant].long())
        fits = seen @ read.T * self.model.warmth.exp()
        subjects = self.subjects[chosen]
        same = (subjects[:, None] == subjects) & ~torch.eye(len(chosen), dtype=torch.bool, device=self.device)
        fits, right = fits.masked_fill(same, -1e4), torch.arange(len(chosen), device=self.device)
        loss = (nn.functional.cross_entropy(fits, right) + nn.functional.cross_entropy(fits.T, right)) / 2
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        self.optimizer.step()
        return {"loss": loss.item(), "right": (fits.argmax(1) == right).float().mean().item()}


def load(run_folder: Path) -> tuple[Matcher, PreTrainedTokenizerFast]:
    """The trained matcher of a run folder, on the processor."""
    tokenizer = load_tokenizer(run_folder / prepared.TOKENIZER)
    matcher = Matcher(len(tokenizer), tokenizer.pad_token_id)
    matcher.load_state_dict(torch.load(run_folder / WEIGHTS, weights_only=True, map_location="cpu"))
    return matcher.eval(), tokenizer


@torch.inference_mode()
def fits(matcher: Matcher, tokenizer: PreTrainedTokenizerFast, shown: Tensor, captions: list[str]) -> Tensor:
    """How well pictures, given as bytes, fit captions: (pictures, captions), from -1 to 1."""
    seen = torch.cat([matcher.look(as_floats(piece)) for piece in torch.split(shown, 64)])
    return seen @ matcher.read(torch.tensor(words.encode(tokenizer, captions))).T


def run(folder: Path, run_folder: Path, recipe: MatcherRecipe, share_alike: bool = False) -> Record:
    """Train and save."""
    device = device_of()
    training, _ = pictures.load(folder, share_alike)
    tokenizer = load_tokenizer(run_folder / prepared.TOKENIZER)
    trainer = Trainer(training, tokenizer, recipe, device)
    state: dict[str, loop.Stateful] = {"model": trainer.model, "optimizer": trainer.optimizer}
    budget = Budget(60 * recipe.minutes)
    progress = loop.Stage(
        run_folder / FOLDER, state, trainer.step, [trainer.optimizer], recipe.batch, budget, device, seed=4
    ).run()
    torch.save(trainer.model.state_dict(), run_folder / WEIGHTS)
    told = loop.report(progress, recipe.batch)
    (run_folder / REPORT).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    print(told, flush=True)
    return told
