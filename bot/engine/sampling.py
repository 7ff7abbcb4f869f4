"""From logits to tokens, for all rows of a step at once.

The order of the choices is transformers': repetition penalty, temperature, top-k, top-p, min-p. A row's token is drawn
with one number of the request's own generator, by the inverse of the cumulative distribution, so it does not depend on
what else is in the batch.
"""

from __future__ import annotations

from collections.abc import Sequence as Rows

import torch
from torch import Tensor

from bot.engine.sequence import Sequence

# How many of the likeliest tokens are looked at before all are sorted; nearly always they hold all the mass asked for.
_SHORT = 256


def choose(logits: Tensor, sequences: Rows[Sequence]) -> list[int]:
    """The next token of each row."""
    logits = _penalised(logits, sequences)
    tokens: list[int] = _likeliest(logits)
    drawn = [row for row, sequence in enumerate(sequences) if sequence.choice.temperature > 0]
    if drawn:
        chosen = [sequences[row] for row in drawn]
        numbers = [sequence.random.random() for sequence in chosen]
        rows = logits if len(drawn) == len(sequences) else logits[drawn]
        for row, token in zip(drawn, _draw(rows, chosen, numbers), strict=True):
            tokens[row] = token
    return tokens


def _likeliest(logits: Tensor) -> list[int]:
    # Of a processor's vector instructions numpy makes use here, torch does not: five times as fast.
    best = logits.float().numpy().argmax(-1) if logits.device.type == "cpu" else logits.argmax(-1)
    tokens: list[int] = best.tolist()
    return tokens


def _penalised(logits: Tensor, sequences: Rows[Sequence]) -> Tensor:
    """Keskar et al. 2019 (https://arxiv.org/abs/1909.05858), section 4.1: seen tokens become less likely."""
    if all(sequence.choice.repetition_penalty == 1.0 for sequence in sequences):
        return logits
    logits = logits.to(torch.float32, copy=True)
    for row, sequence in zip(logits, sequences, strict=True):
        if (penalty := sequence.choice.repetition_penalty) != 1.0:
            seen = torch.tensor(sorted(set(sequence.tokens)), device=row.device)
            scores = row[seen]
            row[seen] = torch.where(scores < 0, scores * penalty, scores / penalty)
    return logits


def _draw(logits: Tensor, sequences: Rows[Sequence], numbers: list[float]) -> list[int]:
    """Sort the likeliest, and all of them only where those do not suffice."""
    choices = [sequence.choice for sequence in sequences]

    def column(values: list[float]) -> Tensor:
        return torch.tensor(values, device=logits.device)[:, None]

    size = logits.shape[-1]
    scores = logits.float() / column([choice.temperature for choice in choices])
    counts = column([float(choice.top_k or size) for choice in choices])
    shares = column([choice.top_p for choice in choices])
    floors = column([choice.min_p for choice in choices])
    uniform = column(numbers)
    total = scores.logsumexp(-1, keepdim=True)
    for width in (min(_SHORT, size), size):
        sorted_scores, order = scores.topk(width)
        mass = (sorted_scores - total).exp()
        # Within the k likeliest, as transformers renormalises after each choice.
        mass = mass.masked_fill(torch.arange(width, device=logits.device) >= counts, 0.0)
        within = torch.where(counts < size, mass.sum(-1, keepdim=True), 1.0)
        before = mass.cumsum(-1) - mass
        keep = before < shares * within
        keep &= mass >= floors * mass[:, :1]
        keep[:, 0] = True
        # What is left out beyond the width is unknown, unless a choice ended before it.
        if width == size or bool((~keep[:, -1]).all()):
            break
    mass = mass * keep
    reached = mass.cumsum(-1)
    picked = (reached <= uniform * reached[:, -1:]).sum(-1, keepdim=True)
    last = (mass > 0).sum(-1, keepdim=True) - 1
    result: list[int] = order.gather(1, picked.minimum(last)).squeeze(1).tolist()
    return result
