"""A fresh writer's heads for copying: what followed a word before is expected to follow it again."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import PreTrainedTokenizerFast, Qwen3ForCausalLM

from recipes import model
from recipes.model import Size

HALF = 40


@pytest.fixture
def fresh(words: PreTrainedTokenizerFast) -> Qwen3ForCausalLM:
    writer = model.build(Size(hidden=256, layers=3, inner=128), words, seed=3).eval()
    writer.set_attn_implementation("eager")
    return writer


@pytest.fixture
def twice(words: PreTrainedTokenizerFast) -> Tensor:
    """Random words, each once, and the same again; (4, 80)."""
    chance = torch.Generator().manual_seed(5)
    rows = [torch.randperm(len(words), generator=chance)[:HALF] for _ in range(4)]
    return torch.stack(rows).repeat(1, 2)


@torch.inference_mode()
def test_a_repeated_sequence_is_continued_before_any_training(fresh: Qwen3ForCausalLM, twice: Tensor) -> None:
    expected = fresh(input_ids=twice).logits[:, HALF:-1].argmax(-1)

    assert (expected == twice[:, HALF + 1 :]).float().mean() > 0.85


@torch.inference_mode()
def test_what_never_stood_before_is_no_more_expected_than_by_chance(fresh: Qwen3ForCausalLM, twice: Tensor) -> None:
    logits = fresh(input_ids=twice[:, :HALF]).logits[:, :-1]
    surprise = cross_entropy(logits.flatten(0, 1), twice[:, 1:HALF].flatten())

    assert surprise > 0.9 * torch.tensor(float(logits.shape[-1])).log()


@torch.inference_mode()
def test_one_head_looks_at_the_word_before_and_the_copiers_at_what_followed(
    fresh: Qwen3ForCausalLM, twice: Tensor
) -> None:
    first, second, _ = fresh(input_ids=twice, output_attentions=True).attentions
    at = torch.arange(HALF + 1, 2 * HALF)

    assert first[:, 0, at, at - 1].min() > 0.7
    assert second[:, :2, at, at - HALF + 1].mean() > 0.9
