"""Attention of a step's tokens over the keys and values in the cache, for any arrangement of requests.

A step's tokens lie flattened one after another. Those of them that can be read in one kernel call form a `Span`: either
one token each of requests whose slots lie side by side with one capacity, or several tokens of one request.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from bot.engine.scheduler import Share

_HIDDEN = -1e30
_FEW_ROWS = 32


@dataclass(frozen=True, slots=True)
class Span:
    """`count` requests from place `start` on, `stride` places apart, of each the first `length` places.

    `queries` tokens of each request, the rows `first` to `last` of the step.
    """

    first: int
    last: int
    start: int
    count: int
    stride: int
    length: int
    queries: int
    mask: Tensor | None


@dataclass(frozen=True, slots=True)
class Batch:
    """A step as tensors: token ids and positions of all rows, the places of those that are tokens (the first ones), and
    the rows whose logits are wanted (the first `answers`, the others fill up)."""

    ids: Tensor
    positions: Tensor
    places: Tensor
    wanted: Tensor
    answers: int
    spans: list[Span]


def flatten(shares: list[Share], device: torch.device, dtype: torch.dtype, window: int | None = None) -> Batch:
    """The tensors of a step; the shares must be in the order of `arrange`."""
    ids: list[int] = []
    positions: list[int] = []
    places: list[int] = []
    wanted: list[int] = []
    for share in shares:
        sequence, begin = share.sequence, share.sequence.computed
        assert sequence.slot is not None
        ids += sequence.tokens[begin : begin + share.count]
        positions += range(begin, begin + share.count)
        places += range(sequence.slot.start + begin, sequence.slot.start + begin + share.count)
        if share.is_last:
            wanted.append(len(ids) - 1)
    return Batch(
        torch.tensor(_filled(ids), device=device),
        torch.tensor(_filled(positions), device=device),
        torch.tensor(places, device=device),
        torch.tensor(_filled(wanted), device=device, dtype=torch.long),
        len(wanted),
        list(_spans(shares, device, dtype, window)),
    )


def _filled(rows: list[int]) -> list[int]:
    """The rows, filled up with zeros to one of few lengths. For each number of rows that it meets, oneDNN writes and
    keeps a kernel a product, which takes longer than the step itself."""
    count = len(rows)
    full = 1 << (count - 1).bit_length() if 0 < count <= _FEW_ROWS else -(-count // _FEW_ROWS) * _FEW_ROWS
    return rows + [0] * (full - count)


def arrange(shares: list[Share]) -> list[Share]:
    """The order in which neighbours in the cache are neighbours in the step."""
    return sorted(shares, key=lambda share: (share.count > 1, share.sequence.slot.start if share.sequence.slot else 0))


def attend(queries: Tensor, cache: Tensor, spans: list[Span], scale: float) -> Tensor:
    """The attention of queries [rows, heads, size] over a layer's cache [places, 2, key heads, size]: [rows, all], and
    zeros in rows that are no tokens."""
    rows, heads, size = queries.shape
    _, _, key_heads, _ = cache.shape
    place = 2 * key_heads * size
    parts = []
    for span in spans:
        shape = (span.count, key_heads, span.length, size)
        stride = (span.stride * place, size, place, 1)
        offset = cache.storage_offset() + span.start * place
        keys = cache.as_strided(shape, stride, offset)
        values = cache.as_strided(shape, stride, offset + key_heads * size)
        asked = queries[span.first : span.last]
        if span.queries > 1:
            asked = asked.transpose(0, 1)[None]
        elif heads > 2 * key_heads:
            # The heads that share a key head are its queries, so that keys are read once for all of them.
            asked = asked.reshape(span.count, key_heads, heads // key_heads, size)
        else:
            asked = asked[:, :, None]
        part = scaled_dot_product_attention(
            asked,
            keys,
            values,
            attn_mask=span.mask,
            is_causal=span.queries > 1 and span.mask is None,
            scale=scale,
            enable_gqa=asked.shape[1] != key_heads,
        )
        if span.queries > 1:
            part = part[0].transpose(0, 1)
        parts.append(part.reshape(span.last - span.first, heads * size))
    if filling := rows - spans[-1].last:
        parts.append(queries.new_zeros(filling, heads * size))
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def _spans(shares: list[Share], device: torch.device, dtype: torch.dtype, window: int | None) -> Iterator[Span]:
    at = row = 0
    while at < len(shares):
        run = _neighbours(shares, at)
        first = shares[at].sequence
        assert first.slot is not None
        count, queries = len(run), run[0].count
        length = max(share.sequence.computed + share.count for share in run)
        mask = _mask(run, length, window, dtype)
        yield Span(
            first=row,
            last=row + count * queries,
            start=first.slot.start,
            count=count,
            stride=first.slot.capacity,
            length=length,
            queries=queries,
            mask=None if mask is None else mask.to(device),
        )
        at, row = at + count, row + count * queries


def _neighbours(shares: list[Share], at: int) -> list[Share]:
    """The shares from this one on that one call can read."""
    run = [shares[at]]
    while at + len(run) < len(shares) and shares[at].count == 1:
        here, after = run[-1].sequence.slot, shares[at + len(run)]
        there = after.sequence.slot
        assert here is not None
        assert there is not None
        if after.count > 1 or there.capacity != here.capacity or there.start != here.start + here.capacity:
            break
        run.append(after)
    return run


def _mask(run: list[Share], length: int, window: int | None, dtype: torch.dtype) -> Tensor | None:
    """What is added to the scores [count, 1, queries, length]; None where nothing has to be, or the causal order says
    it all. A sliding window, as Mistral has it, sees the last `window` tokens only.
    """
    queries = run[0].count
    begins = [share.sequence.computed for share in run]
    if window is None or window >= length:
        window = None
        if queries == 1 and min(begins) == length - 1:
            return None
        if queries > 1:
            return _causal_mask(begins[0], queries, dtype) if begins[0] else None
    asked = torch.tensor(begins)[:, None, None, None] + torch.arange(queries)[:, None]
    seen = torch.arange(length)
    hidden = seen > asked
    if window is not None:
        hidden |= seen <= asked - window
    # A finite number, because a block of keys that are all hidden by -inf would give nan.
    return torch.zeros(hidden.shape, dtype=dtype).masked_fill_(hidden, _HIDDEN)


def _causal_mask(begin: int, queries: int, dtype: torch.dtype) -> Tensor:
    """That of one text's tokens from `begin` on: all that was before is seen, and only it is much."""
    mask = torch.zeros(1, 1, queries, begin + queries, dtype=dtype)
    mask[..., begin:] = torch.full((queries, queries), _HIDDEN, dtype=dtype).triu_(1)
    return mask
