"""A larger writer that begins where a smaller one stands, instead of at random weights.

Twice as wide, it is the small one twice side by side, as HyperCloning makes it (arXiv 2409.12903): what
reads the state halves its weights, so that both sides see what the one saw. Deeper, it repeats layers whose outputs
begin at zero (arXiv 2401.02415). It says at first exactly what the small one says.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from transformers import LlamaForCausalLM

from recipes.errors import RecipeError, present

SPREAD = 0.1
"""How far the two halves of a doubled matrix differ, in standard deviations of the matrix: alike, they would learn
alike for ever. The difference has no effect on what the halves say together."""

State = dict[str, Tensor]


def _doubled(weight: Tensor, chance: torch.Generator) -> Tensor:
    """A matrix (out, in) for a state that holds everything twice; (2 out, 2 in)."""
    out, _ = weight.shape
    noise = torch.randn(2 * out, weight.shape[1], generator=chance) * weight.std() * SPREAD
    both = weight.repeat(2, 1)
    return torch.cat([both + noise, both - noise], dim=1) / 2


def _widened(state: State, seed: int) -> State:
    """Every tensor of a model twice as wide that says the same."""
    chance = torch.Generator().manual_seed(seed)
    wide: State = {}
    for name, weight in state.items():
        if name == "model.embed_tokens.weight":
            wide[name] = weight.repeat(1, 2)
        elif name == "model.norm.weight":
            # The head is the embedding: each half of the state adds the whole score.
            wide[name] = weight.repeat(2) / 2
        elif weight.ndim == 1:
            wide[name] = weight.repeat(2)
        else:
            wide[name] = _doubled(weight, chance)
    return wide


def _deepened(state: State, small: int, large: int) -> State:
    """The layers spread over a larger number; repeated ones add nothing yet."""
    deep = {name: weight for name, weight in state.items() if ".layers." not in name}
    for layer in range(large):
        origin = layer * small // large
        repeats = origin == (layer - 1) * small // large
        prefix = f"model.layers.{origin}."
        for name, weight in state.items():
            if name.startswith(prefix):
                part = name.removeprefix(prefix)
                silent = repeats and part in ("self_attn.o_proj.weight", "mlp.down_proj.weight")
                deep[f"model.layers.{layer}.{part}"] = torch.zeros_like(weight) if silent else weight.clone()
    return deep


def grow(large: LlamaForCausalLM, folder: Path, seed: int) -> None:
    """Give the large model the small one's knowledge.

    Raises RecipeError where the small one is not there, is not half as wide, or is of another vocabulary or deeper.
    """
    present(folder, "config.json", "recipes.pretrain")
    small = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    here, there = large.config, small.config
    wanted = (here.vocab_size, here.hidden_size, here.intermediate_size, here.head_dim)
    if wanted != (there.vocab_size, 2 * there.hidden_size, 2 * there.intermediate_size, there.head_dim):
        raise RecipeError(
            f"{folder} cannot grow into this size: it must have {here.vocab_size} tokens, "
            f"hidden size {here.hidden_size // 2}, inner size {here.intermediate_size // 2}, heads {here.head_dim} wide"
        )
    if there.num_hidden_layers > here.num_hidden_layers:
        raise RecipeError(f"{folder} has {there.num_hidden_layers} layers, the larger writer {here.num_hidden_layers}")
    state = {name: weight for name, weight in small.state_dict().items() if name != "lm_head.weight"}
    deep = _deepened(state, there.num_hidden_layers, here.num_hidden_layers)
    wide = _widened(deep, seed)
    large.load_state_dict({**wide, "lm_head.weight": wide["model.embed_tokens.weight"]})
