"""The writer's shape: a Qwen3 configuration, and attention that never crosses from one packed document to the next.

Attention comes in two forms with the same result. On a CPU each document is attended to by itself ("split"), which
does no work outside the blocks; elsewhere one scaled-dot-product call gets a block-diagonal mask ("masked"), whose
shapes are the same in every step, as torch.compile likes them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import (
    AttentionInterface,
    AttentionMaskInterface,
    PreTrainedTokenizerBase,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from recipes import induction
from recipes.tokenizer import CONTEXT

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Size:
    """How large the writer is; heads are 64 wide."""

    hidden: int = 256
    layers: int = 8
    inner: int = 768
    head: int = 64


SIZES = {
    "tiny": Size(hidden=64, layers=2, inner=128, head=32),
    "mini": Size(hidden=192, layers=6, inner=576),
    "small": Size(),
    "base": Size(hidden=384, layers=8, inner=1152),
    "medium": Size(hidden=384, layers=12, inner=1152),
    "large": Size(hidden=448, layers=12, inner=1280),
}
"""With 16,384 tokens: mini 6 M parameters, small 11 M, base 22 M, medium 29 M, large 38 M."""


@dataclass(eq=False)
class LongRow:
    """The documents' lengths of the row in hand. One object for all steps: the compiler looks at which it is only."""

    lengths: list[int] = field(default_factory=list)


@functools.cache
def _future(width: int) -> Tensor:
    """What is added to a causal row's scores: minus infinity right of the diagonal; (width, width)."""
    return torch.full((width, width), float("-inf"), dtype=torch.bfloat16).triu(1)


def _one_document(query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
    """Causal attention within one document, (heads, tokens, head) each.

    torch 2.13's fused kernel for CPUs does not multiply bf16 by tiles (AMX): plain batched products took 0.64 of the
    time of the fused kernel in float32, backward pass included.
    """
    if query.dtype is not torch.bfloat16:
        return scaled_dot_product_attention(query, key, value, is_causal=True, scale=scaling)
    heads, tokens, _ = query.shape
    future = _future(CONTEXT)[:tokens, :tokens].expand(heads, tokens, tokens)
    return torch.baddbmm(future, query, key.transpose(1, 2), alpha=scaling).softmax(-1) @ value


def _uncompiled(function: Function) -> Function:
    """A function as it is, out of the compiler's sight."""
    disable: Any = torch.compiler.disable
    plain: Function = disable(function)
    return plain


@_uncompiled
def _split_attention(query: Tensor, key: Tensor, value: Tensor, row: LongRow, scaling: float) -> Tensor:
    """Causal attention inside each document; (1, heads, tokens, head) -> (1, tokens, heads, head).

    Out of the compiler's sight: the lengths are others in every step, and it would compile each anew.
    """
    split = (torch.split(x[0].to(value.dtype), row.lengths, 1) for x in (query, key, value))
    with torch.autocast(query.device.type, enabled=False):
        done = [_one_document(q, k, v, scaling) for q, k, v in zip(*split, strict=True)]
    return torch.cat(done, dim=1).transpose(0, 1)[None]


def packed_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float,
    dropout: float = 0.0,
    row: LongRow | None = None,
    blocks: Tensor | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Attention for packed rows, in the form that transformers' models call.

    `row` gives the documents of one long row; `blocks` is a (rows, 1, tokens, tokens) mask, True where allowed.
    """
    if row is not None:
        return _split_attention(query, key, value, row, scaling), None
    out = scaled_dot_product_attention(query, key, value, attn_mask=blocks, is_causal=blocks is None, scale=scaling)
    return out.transpose(1, 2).contiguous(), None


AttentionInterface.register("packed", packed_attention)
AttentionMaskInterface.register("packed", lambda *_, **__: None)


def block_mask(positions: Tensor) -> Tensor:
    """Which token may look at which; (rows, tokens) positions that restart at 0 -> (rows, 1, tokens, tokens)."""
    document = (positions == 0).cumsum(-1)
    causal = torch.ones(positions.shape[-1], positions.shape[-1], dtype=torch.bool, device=positions.device).tril()
    return ((document[:, :, None] == document[:, None, :]) & causal)[:, None]


def _healthy(writer: Qwen3ForCausalLM) -> None:
    """Fresh weights with which every layer counts from the first step.

    Embeddings of size 1 and layers that add nothing yet, as in modded-nanogpt; with transformers' embeddings of size
    0.02 the first layer's output drowned the words themselves. The last norm begins small: the tied head would expect
    every word again.
    """
    nn.init.normal_(writer.model.embed_tokens.weight)
    nn.init.constant_(writer.model.norm.weight, 0.5 * writer.config.hidden_size**-0.5)
    for name, weight in writer.model.layers.named_parameters():
        if name.endswith(("o_proj.weight", "down_proj.weight")):
            nn.init.zeros_(weight)
        elif weight.ndim == 2:
            nn.init.normal_(weight, std=weight.shape[1] ** -0.5)


def build(size: Size, tokenizer: PreTrainedTokenizerBase, seed: int) -> Qwen3ForCausalLM:
    """A writer with fresh weights, to be trained on packed rows. Qwen3 is Llama with norms on queries and keys."""
    torch.manual_seed(seed)
    heads = size.hidden // size.head
    configuration: Any = Qwen3Config
    config = configuration(
        vocab_size=len(tokenizer),
        hidden_size=size.hidden,
        intermediate_size=size.inner,
        num_hidden_layers=size.layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        head_dim=size.head,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        rms_norm_eps=1e-5,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        attn_implementation="packed",
    )
    writer = Qwen3ForCausalLM(config)
    _healthy(writer)
    if size.head == induction.NOTE:
        induction.build_in(writer)
    return writer


def load(folder: Path) -> Qwen3ForCausalLM:
    """A saved writer, to be trained on."""
    return Qwen3ForCausalLM.from_pretrained(folder, attn_implementation="packed", dtype=torch.float32)


def _surprise(logits: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """The summed cross-entropy in nats of logits (n, vocab) at wanted (n, 1), and its slope (n, vocab).

    In bf16 a word's probability, and with it the loss, is rounded to three digits; the slope is bf16 in any case.
    """
    slope = logits.softmax(-1)
    chosen = slope.gather(-1, wanted).float()
    loss = -chosen.clamp_min(torch.finfo(torch.float32).tiny).log().sum()
    return loss, slope.scatter_add_(-1, wanted, torch.full_like(wanted, -1, dtype=slope.dtype))


class _FusedHead(torch.autograd.Function):
    """Cross-entropy of a tied head in slices, so that the logits never exist whole.

    Its gradients are made in the forward pass, as in Liger Kernel (arXiv 2410.10989), section 3.
    """

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor, rows: int) -> Tensor:
        """hidden (n, d), weight (vocab, d), targets (n) -> the mean loss in nats."""
        kind = torch.bfloat16 if hidden.dtype is torch.bfloat16 else torch.float32
        narrow, states = weight.to(kind), hidden.to(kind)
        grad_states = torch.empty_like(states)
        grad_weight = torch.zeros(weight.shape, dtype=torch.float32, device=weight.device)
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        for start in range(0, len(states), rows):
            piece, wanted = states[start : start + rows], targets[start : start + rows, None]
            loss, slope = _surprise(piece @ narrow.T, wanted)
            total += loss
            grad_states[start : start + rows] = slope @ narrow
            grad_weight += slope.T @ piece
        ctx.save_for_backward(grad_states, grad_weight)
        ctx.count = max(len(states), 1)
        mean: Tensor = total / ctx.count
        return mean

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None, None]:
        grad_states, grad_weight = ctx.saved_tensors
        scale = grads[0] / ctx.count
        return grad_states * scale, grad_weight * scale, None, None


def head_loss(hidden: Tensor, weight: Tensor, targets: Tensor, rows: int = 512) -> Tensor:
    """Mean cross-entropy over the tokens whose target is not -100."""
    hidden, targets = hidden.reshape(-1, hidden.shape[-1]), targets.reshape(-1)
    kept = (targets >= 0).nonzero().squeeze(-1)
    head: Any = _FusedHead
    loss: Tensor = head.apply(hidden[kept], weight, targets[kept], rows)
    return loss
