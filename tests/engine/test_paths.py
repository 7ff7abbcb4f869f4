"""Every path through a model agrees with transformers' own `generate`, whatever else is in the batch."""

from __future__ import annotations

import copy
from pathlib import Path
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

from bot.engine import lora
from bot.engine.attention import arrange
from bot.engine.cache import Slot, Slots
from bot.engine.generic import SharedModel, SingleModel, choose_model, trusted, tuned
from bot.engine.lean import LeanModel
from bot.engine.runner import Model
from bot.engine.scheduler import Scheduler, Share
from bot.engine.sequence import Sequence
from tests.engine.loras import save_lora

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


def logits_after(path: Model, text: list[int], step_tokens: int) -> torch.Tensor:
    """The logits after a text that is read in parts of so many tokens."""
    sequence = Sequence.bare(text, Slot(0, WINDOW))
    layers, heads, size = path.cache_shape
    cache = torch.zeros(layers, WINDOW, 2, heads, size, dtype=path.dtype)
    with torch.inference_mode():
        while sequence.computed < len(text):
            share = Share(sequence, min(step_tokens, len(text) - sequence.computed))
            logits = path.forward([share], cache)
            sequence.computed += share.count
    return logits[0].float()


@pytest.mark.parametrize("step_tokens", [1, WINDOW], ids=["token by token", "at once"])
@pytest.mark.parametrize("eight_bits", [False, True], ids=["bfloat16", "int8"])
@pytest.mark.parametrize("kind", ["llama", "qwen2", "qwen3"])
def test_packed_weights_stay_near_transformers(kind: str, eight_bits: bool, step_tokens: int):
    model = make(kind).bfloat16()
    text = texts()[0]
    with torch.inference_mode():
        expected = model(input_ids=torch.tensor([text])).logits[0, -1].float()
        path = LeanModel(model, WINDOW, eight_bits=eight_bits)

    assert (logits_after(path, text, step_tokens) - expected).norm() < 0.05 * expected.norm()


def test_lora_weights_are_merged_before_they_are_rounded_to_eight_bits(tmp_path: Path):
    folder = save_lora(tmp_path, make("llama"), modules=("model.layers.1.self_attn.q_proj", "lm_head"))
    base, changed, merged = make("llama").bfloat16(), make("llama").bfloat16(), make("llama").bfloat16()
    text = texts()[0]
    lora.merge(merged, folder)
    with torch.inference_mode():
        before, expected = (model(input_ids=torch.tensor([text])).logits[0, -1].float() for model in (base, merged))
        path = tuned(choose_model(base, WINDOW, eight_bits=True), changed, lora.merge(changed, folder))
        found = logits_after(path, text, 1)

    assert (found - expected).norm() < 0.05 * expected.norm() < 0.2 * (before - expected).norm()
    # Queries, keys and values of 32 columns, and the head: 8 + 16 bits a weight, and a scale for each row.
    assert path.own_bytes == (64 + 97) * (32 * 3 + 2)
