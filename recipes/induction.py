"""Heads that copy, built by hand into a fresh writer.

What follows the last time a word was said is what two heads find together ("induction heads", arXiv 2209.11895): one
in the first layer notes beside each word which word stood before it, and others in the second look for the place whose
note is the word in hand, and say what stands there. Training brings them about after more tokens than a small budget
has; until then a writer puts a common name in the place of the one in front of it. Here they stand from the first step
and training makes of them what it needs. The state is laid out for them: words leave the last dimensions free for the
note, and one holds the same value for every word.
"""

from __future__ import annotations

import torch
from torch import Tensor
from transformers import Qwen3ForCausalLM

NOTE = 64
"""Dimensions of the state that hold the word before, as many as a head is wide."""

ALWAYS = 4.0
"""What every word has in the dimension before the note: a head that looks at it asks the same everywhere."""

SHARPNESS = 1.5
"""The norms of queries and keys in the two layers: scores reach 8 times its square."""

NEAR = slice(0, 6)
"""The fastest pairs of the rotary embedding, which tell one step from two."""

FAR = slice(19, 32)
"""The slowest pairs, which hardly turn within the context: what two words have in common can be read off them."""

LOUDNESS = 2.0
"""How large a copied word is beside the word in hand, in the dimensions that a head copies."""


def _rows(head: int, width: int) -> slice:
    return slice(head * width, (head + 1) * width)


def _pairs(which: slice, width: int) -> list[int]:
    """The dimensions of the rotary pairs: a pair is a dimension of the first half and its fellow in the second."""
    first = list(range(width // 2))[which]
    return [*first, *(i + width // 2 for i in first)]


def _note_the_word_before(writer: Qwen3ForCausalLM, readers: Tensor) -> None:
    """The first head of the first layer: every word asks for the place one before, and is told the word there."""
    attention, width = writer.model.layers[0].self_attn, writer.config.head_dim
    always, note = writer.config.hidden_size - NOTE - 1, slice(-NOTE, None)
    angles = 10_000.0 ** (-torch.arange(width // 2)[NEAR] * 2 / width)
    asked, given = torch.zeros(2, width)
    asked[_pairs(NEAR, width)] = torch.cat([torch.ones_like(angles), torch.zeros_like(angles)])
    given[_pairs(NEAR, width)] = torch.cat([angles.cos(), angles.sin()])
    rows = _rows(0, width)
    for matrix, pattern in ((attention.q_proj, asked), (attention.k_proj, given)):
        matrix.weight[rows] = 0.0
        matrix.weight[rows, always] = pattern
    attention.v_proj.weight[rows] = readers
    attention.o_proj.weight[note, rows] = torch.eye(width)


def _copy_what_followed(writer: Qwen3ForCausalLM, readers: Tensor) -> None:
    """Half of the second layer's heads: each compares another part of the word in hand with the notes."""
    attention, width = writer.model.layers[1].self_attn, writer.config.head_dim
    compared, copiers = _pairs(FAR, width), writer.config.num_attention_heads // 2
    for head in range(copiers):
        rows = _rows(head, width)
        part = [(i + head * NOTE // copiers) % NOTE for i in range(len(compared))]
        query, key = torch.zeros(2, width, writer.config.hidden_size)
        query[compared] = readers[part]
        key[compared, [i - NOTE for i in part]] = 1.0
        attention.q_proj.weight[rows], attention.k_proj.weight[rows] = query, key
        said = _readers(writer.config.hidden_size, width)
        attention.v_proj.weight[rows], attention.o_proj.weight[:, rows] = said, LOUDNESS * said.T


def _readers(hidden: int, width: int) -> Tensor:
    """Directions at right angles to each other, within the dimensions of words; (width, hidden)."""
    words = hidden - NOTE - 1
    square, _ = torch.linalg.qr(torch.randn(words, width))
    return torch.cat([square.T, torch.zeros(width, NOTE + 1)], dim=1)


@torch.no_grad()
def build_in(writer: Qwen3ForCausalLM) -> None:
    """Give a fresh writer, whose words are of size 1 and whose heads are 64 wide, the heads that copy."""
    writer.model.embed_tokens.weight[:, -NOTE:] = 0.0
    writer.model.embed_tokens.weight[:, -NOTE - 1] = ALWAYS
    readers = _readers(writer.config.hidden_size, writer.config.head_dim)
    _note_the_word_before(writer, readers)
    _copy_what_followed(writer, readers)
    for layer in writer.model.layers[:2]:
        for norm in (layer.self_attn.q_norm, layer.self_attn.k_norm):
            norm.weight.fill_(SHARPNESS)
