"""A larger writer grown from a smaller one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from recipes import growth, model
from recipes.clock import Budget
from recipes.errors import RecipeError
from recipes.model import Size
from recipes.packing import Packer
from recipes.training import Optimizing, Trainer
from tests.recipes.test_packing import store_of

SMALL = Size(hidden=64, layers=3, inner=96, head=32)
LARGE = Size(hidden=128, layers=5, inner=192, head=32)
TEXT = torch.tensor([[5, 9, 300, 17, 17, 4, 220, 31]])


@pytest.fixture
def small(words: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """Norms are not left at one, as in a trained model: what forgets them would not be noticed."""
    writer = model.build(SMALL, words, seed=1)
    torch.manual_seed(2)
    with torch.no_grad():
        for name, weight in writer.named_parameters():
            weight.copy_(torch.rand_like(weight) + 0.5 if "norm" in name else torch.randn_like(weight) * 0.2)
    return writer


@pytest.fixture
def folder(small: LlamaForCausalLM, tmp_path: Path) -> Path:
    small.save_pretrained(tmp_path / "small")
    return tmp_path / "small"


def grown(words: PreTrainedTokenizerFast, folder: Path, size: Size = LARGE) -> LlamaForCausalLM:
    writer = model.build(size, words, seed=3)
    growth.grow(writer, folder, seed=4)
    return writer


@torch.inference_mode()
def said(writer: LlamaForCausalLM) -> Tensor:
    logits: Tensor = writer(input_ids=TEXT).logits
    return logits


@pytest.mark.parametrize("layers", [3, 4, 5, 6, 7])
def test_a_grown_writer_says_exactly_what_the_small_one_says(
    words: PreTrainedTokenizerFast, small: LlamaForCausalLM, folder: Path, layers: int
) -> None:
    large = grown(words, folder, Size(hidden=128, layers=layers, inner=192, head=32))

    assert said(small).std() > 0.1
    torch.testing.assert_close(said(large), said(small), atol=1e-4, rtol=1e-4)


def test_its_halves_differ_so_that_they_can_learn_apart(words: PreTrainedTokenizerFast, folder: Path) -> None:
    large = grown(words, folder)
    matrix = large.model.layers[0].mlp.up_proj.weight
    upper, lower = matrix.chunk(2)
    left, right = matrix.chunk(2, dim=1)
    torch.nn.functional.cross_entropy(large(input_ids=TEXT).logits[0, :-1], TEXT[0, 1:]).backward()
    slopes = matrix.grad
    assert slopes is not None
    first, second = slopes.chunk(2)

    assert not torch.allclose(upper, lower, atol=1e-4)
    assert not torch.allclose(left, right, atol=1e-4)
    assert not torch.allclose(first, second, rtol=1e-2)


def test_repeated_layers_that_add_nothing_yet_learn(words: PreTrainedTokenizerFast, folder: Path) -> None:
    large = grown(words, folder)
    silent = [layer.mlp.down_proj.weight for layer in large.model.layers if not layer.mlp.down_proj.weight.any()]
    torch.nn.functional.cross_entropy(large(input_ids=TEXT).logits[0, :-1], TEXT[0, 1:]).backward()

    assert len(silent) == LARGE.layers - SMALL.layers
    assert all(weight.grad is not None and weight.grad.any() for weight in silent)


@pytest.mark.parametrize(
    ("size", "why"),
    [
        (
            Size(hidden=192, layers=5, inner=192, head=32),
            "this size: .*hidden size 96, inner size 96",
        ),
        (Size(hidden=128, layers=5, inner=288, head=32), "inner size 144, heads 32 wide"),
        (Size(hidden=128, layers=5, inner=192, head=64), "heads 64 wide"),
        (Size(hidden=128, layers=2, inner=192, head=32), "has 3 layers, the larger writer 2"),
    ],
    ids=["not twice as wide", "another inside", "other heads", "shallower"],
)
def test_what_cannot_grow_into_the_size_is_refused_with_what_it_takes(
    words: PreTrainedTokenizerFast, folder: Path, size: Size, why: str
) -> None:
    with pytest.raises(RecipeError, match=why):
        grown(words, folder, size)


def test_a_writer_with_another_vocabulary_is_refused(words: PreTrainedTokenizerFast, folder: Path) -> None:
    larger = model.build(LARGE, words, seed=3)
    larger.resize_token_embeddings(len(words) + 64)

    with pytest.raises(RecipeError, match=f"it must have {len(words) + 64} tokens"):
        growth.grow(larger, folder, seed=4)


def seconds() -> Iterator[float]:
    at = 0.0
    while True:
        yield at
        at += 1.0


def training(words: PreTrainedTokenizerFast, small: Path, folder: Path) -> Trainer:
    """Eight steps, as recipes.pretrain begins them: grown first, then resumed where there is a checkpoint."""
    torch.set_num_threads(1)
    clock = seconds()
    packer = Packer(store_of(*[5, 9, 12, 20] * 20), rows=2, width=32, pad=0, seed=1)
    writer = grown(words, small)
    cpu = torch.device("cpu")
    return Trainer(writer, packer, Budget(8), Optimizing(), folder, cpu, now=lambda: next(clock))


def test_a_run_that_began_grown_and_was_killed_goes_on_where_it_was(
    words: PreTrainedTokenizerFast, folder: Path, tmp_path: Path
) -> None:
    whole = training(words, folder, tmp_path / "whole")
    whole.run()
    training(words, folder, tmp_path / "killed").run(stop_after=3)
    resumed = training(words, folder, tmp_path / "killed")
    assert resumed.progress.step == 3
    resumed.run()

    for one, other in zip(whole.model.parameters(), resumed.model.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)
