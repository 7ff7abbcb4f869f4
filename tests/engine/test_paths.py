"""Every path through a model agrees with transformers' own `generate`, whatever else is in the batch."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from transformers import (
    BloomConfig,
    BloomForCausalLM,
    Gemma2Config,
    Gemma2ForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MambaConfig,
    MambaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from bot.engine.attention import arrange
from bot.engine.cache import Slots
from bot.engine.generic import SharedModel, SingleModel, choose_model, trusted
from bot.engine.lean import LeanModel
from bot.engine.runner import Model
from bot.engine.scheduler import Scheduler
from bot.engine.sequence import Sequence

WINDOW = 256
NEW = 12
LENGTHS = (40, 3, 17, 64)
SMALL: dict[str, Any] = {"vocab_size": 97, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
GROUPED: dict[str, Any] = {
    **SMALL,
    "intermediate_size": 48,
    "num_key_value_heads": 2,
    "max_position_embeddings": WINDOW,
    "bos_token_id": None,
    "eos_token_id": None,
    "pad_token_id": 0,
}
LLAMA3 = {"rope_type": "llama3", "rope_theta": 1e4, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
LLAMA3["original_max_position_embeddings"] = 64
PATHS: dict[str, tuple[type, Any, type]] = {
    "llama": (LlamaForCausalLM, LlamaConfig(**GROUPED), LeanModel),
    "llama, far and biased": (
        LlamaForCausalLM,
        LlamaConfig(**GROUPED, rope_parameters=LLAMA3, attention_bias=True, mlp_bias=True, tie_word_embeddings=True),
        LeanModel,
    ),
    "qwen2": (Qwen2ForCausalLM, Qwen2Config(**GROUPED), LeanModel),
    "qwen3": (Qwen3ForCausalLM, Qwen3Config(**GROUPED, head_dim=16), LeanModel),
    "mistral": (MistralForCausalLM, MistralConfig(**GROUPED, sliding_window=None), LeanModel),
    "mistral, sliding": (MistralForCausalLM, MistralConfig(**GROUPED, sliding_window=11), SharedModel),
    "gpt2": (
        GPT2LMHeadModel,
        GPT2Config(vocab_size=97, n_embd=32, n_layer=2, n_head=4, n_positions=WINDOW, eos_token_id=None),
        SharedModel,
    ),
    "gpt-neox": (
        GPTNeoXForCausalLM,
        GPTNeoXConfig(**SMALL, intermediate_size=64, max_position_embeddings=WINDOW, eos_token_id=None, pad_token_id=0),
        SharedModel,
    ),
    "gemma2, which caps its scores": (Gemma2ForCausalLM, Gemma2Config(**GROUPED, head_dim=8), SingleModel),
    "bloom, which has no positions": (
        BloomForCausalLM,
        BloomConfig(vocab_size=97, hidden_size=32, n_layer=2, n_head=4, eos_token_id=None, pad_token_id=0),
        SingleModel,
    ),
    "mamba, which has no attention": (
        MambaForCausalLM,
        MambaConfig(
            vocab_size=97, hidden_size=32, num_hidden_layers=2, state_size=4, eos_token_id=None, pad_token_id=0
        ),
        SingleModel,
    ),
}


def make(kind: str) -> Any:
    torch.manual_seed(3)
    family, config, _ = PATHS[kind]
    model = family(copy.deepcopy(config)).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "norm" not in name and "ln" not in name:
                weight.mul_(6)
    return model


def texts() -> list[list[int]]:
    torch.manual_seed(5)
    return [torch.randint(1, 97, (length,)).tolist() for length in LENGTHS]


def generated(model: Any, text: list[int]) -> list[int]:
    ids = torch.tensor([text])
    with torch.inference_mode():
        out = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=NEW)
    return out[0].tolist()


def batched(path: Model, prompts: list[list[int]], step_tokens: int) -> list[list[int]]:
    """Greedy answers, all requests together, one joining at every second step."""
    slots = Slots(4 * WINDOW, WINDOW)
    layers, heads, size = path.cache_shape
    cache = torch.zeros(layers, slots.places, 2, heads, size, dtype=path.dtype)
    scheduler = Scheduler(slots, max_running=8, step_tokens=step_tokens)
    sequences = [Sequence.bare(list(prompt)) for prompt in prompts]
    for sequence in sequences:
        sequence.max_tokens = NEW
    late = list(sequences)
    steps = 0
    while late or scheduler.running:
        if late and steps % 2 == 0:
            scheduler.add(late.pop(0))
        scheduler.admit()
        shares = arrange(scheduler.schedule())
        with torch.inference_mode():
            logits = path.forward(shares, cache)
        done = [share.sequence for share in shares if share.is_last]
        for share in shares:
            share.sequence.computed += share.count
        for sequence, row in zip(done, logits, strict=True):
            sequence.push(int(row.argmax()))
            if sequence.end is not None:
                scheduler.remove(sequence)
        steps += 1
    return [sequence.tokens for sequence in sequences]


@pytest.mark.parametrize("kind", PATHS)
def test_a_path_agrees_with_generate_at_temperature_zero(kind: str):
    model = make(kind)
    prompts = texts()
    expected = [generated(model, prompt) for prompt in prompts]
    with torch.inference_mode():
        path = choose_model(model, WINDOW)

    assert type(path) is PATHS[kind][2]
    assert batched(path, prompts, step_tokens=24) == expected
    assert len({token for text in expected for token in text[-NEW:]}) > 2


@pytest.mark.parametrize(
    ("kind", "place_bytes"),
    [
        ("llama", 2 * 2 * 2 * 8 * 4),
        ("gpt2", 2 * 2 * 4 * 8 * 4),
        ("gemma2, which caps its scores", 2 * 2 * 2 * 8 * 4),
        ("bloom, which has no positions", 2 * 2 * 4 * 8 * 4),
        ("mamba, which has no attention", 0),
    ],
)
def test_a_path_knows_what_a_token_takes_in_memory(kind: str, place_bytes: int):
    with torch.inference_mode():
        path = choose_model(make(kind), WINDOW)

    assert path.place_bytes == place_bytes


@pytest.mark.parametrize("kind", ["llama", "qwen3"])
def test_the_lean_families_run_on_the_generic_path_too(kind: str):
    model = make(kind)
    prompts = texts()
    expected = [generated(model, prompt) for prompt in prompts]
    path = trusted(model)

    assert type(path) is SharedModel
    assert batched(path, prompts, step_tokens=24) == expected


@pytest.mark.parametrize("kind", ["llama", "qwen2", "qwen3"])
def test_packed_bfloat16_stays_near_transformers(kind: str):
    model = make(kind).bfloat16()
    text = texts()[0]
    with torch.inference_mode():
        expected = model(input_ids=torch.tensor([text])).logits[0, -1].float()
        path = LeanModel(model, WINDOW)
        sequence = Sequence.bare(text)
        slots = Slots(WINDOW, WINDOW)
        scheduler = Scheduler(slots, 1, WINDOW)
        scheduler.add(sequence)
        scheduler.admit()
        layers, heads, size = path.cache_shape
        cache = torch.zeros(layers, slots.places, 2, heads, size, dtype=path.dtype)
        found = path.forward(scheduler.schedule(), cache)[0].float()

    assert (found - expected).norm() < 0.05 * expected.norm()
