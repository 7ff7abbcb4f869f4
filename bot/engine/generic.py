"""The generic path: any causal model of transformers, run by its own modules.

`SharedModel` gives all rows of a step to the model at once, as one text whose positions are each row's own, with our
attention behind transformers' attention interface. That is right for models whose rows meet nowhere but in attention.
`SingleModel` runs one request after another over transformers' own caches, which is right for all.
`choose_model` compares them on a trial, because no list of architectures stays complete. `tuned` makes a release with
LoRA weights run as its base model does, over the base model's tensors wherever it has the same.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Collection
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel

from bot.engine.attention import Batch, attend, flatten
from bot.engine.cache import Slot
from bot.engine.lean import LeanModel, is_lean
from bot.engine.scheduler import Share
from bot.engine.sequence import Sequence

_NAME = "inkling"
_TRIAL = 24
# Relative distance of the logits; the number formats' own rounding stays well below.
_NEAR = {torch.float32: 1e-3}
_NEAR_ELSE = 5e-2


def choose_model(model: PreTrainedModel, window: int, *, eight_bits: bool = False) -> ModelPath:
    """The fastest path that computes what the model does; `eight_bits` is for the lean one."""
    if is_lean(model):
        with torch.inference_mode():
            return LeanModel(model, window, eight_bits=eight_bits)
    return trusted(model)


def tuned(base: ModelPath, model: PreTrainedModel, changed: Collection[str]) -> ModelPath:
    """The path of a model that is the base model but for its modules of these names."""
    if isinstance(base, LeanModel):
        with torch.inference_mode():
            return base.tuned(model, changed)
    for name, module in base.model.named_modules():
        if name not in changed:
            own = model.get_submodule(name)
            for key, value in module.named_parameters(recurse=False):
                setattr(own, key, value)
    made = type(base)(model)
    weights: list[Any] = [model.get_submodule(name).weight for name in changed]
    made.own_bytes = sum(weight.nbytes for weight in weights)
    return made


def trusted(model: PreTrainedModel) -> SharedModel | SingleModel:
    """`SharedModel` where a trial agrees with the model's own logits, else `SingleModel`."""
    own = model.config._attn_implementation
    texts = [
        [(7 * at + 3 * text) % model.config.get_text_config().vocab_size for at in range(_TRIAL)] for text in (1, 2)
    ]
    with torch.inference_mode():
        expected = model(input_ids=torch.tensor(texts, device=model.device), use_cache=False).logits[:, -1].float()
        try:
            shared = SharedModel(model)
            found = _try(shared, texts).float()
        except Exception:  # a model that our attention does not fit fails in its own way
            found = torch.full_like(expected, torch.nan)
    distance = float((found - expected).norm() / expected.norm())
    if distance < _NEAR.get(model.dtype, _NEAR_ELSE):
        return shared
    model.set_attn_implementation(own)
    return SingleModel(model)


def _try(shared: SharedModel, texts: list[list[int]]) -> Tensor:
    """The logits after two texts that are read in uneven parts, side by side."""
    layers, heads, size = shared.cache_shape
    cache = torch.zeros(layers, 2 * 128, 2, heads, size, dtype=shared.dtype, device=shared.device)
    sequences = [Sequence.bare(text, Slot(128 * number, 128)) for number, text in enumerate(texts)]
    for counts in ((9, _TRIAL - 1), (_TRIAL - 10, 0), (1, 1)):
        shares = [Share(sequence, count) for sequence, count in zip(sequences, counts, strict=True) if count]
        logits = shared.forward(shares, cache)
        for share in shares:
            share.sequence.computed += share.count
    return logits


class SharedModel:
    """A model whose attention is ours. Its forward pass takes the rows of all requests as one text."""

    def __init__(self, model: PreTrainedModel) -> None:
        config = model.config.get_text_config()
        heads = config.num_attention_heads
        size = getattr(config, "head_dim", None) or config.hidden_size // heads
        self.cache_shape = (config.num_hidden_layers, getattr(config, "num_key_value_heads", None) or heads, size)
        self.dtype, self.device = model.dtype, model.device
        self.place_bytes = 2 * math.prod(self.cache_shape) * self.dtype.itemsize
        self.own_bytes = 0
        self.model: Any = model
        self._shares: list[Share] = []
        self._batches: dict[int | None, Batch] = {}
        self._cache = torch.empty(0)
        model.set_attn_implementation(_NAME)

    def forward(self, shares: list[Share], cache: Tensor) -> Tensor:
        """Compute a step, as `LeanModel.forward`."""
        batch = flatten(shares, self.device, self.dtype)
        self._shares, self._cache, self._batches = shares, cache, {None: batch}
        # transformers finds attention by a name for all models, so what runs in this thread says whose it is.
        _thread.running = self
        try:
            out = self.model(
                input_ids=batch.ids[None],
                position_ids=batch.positions[None],
                use_cache=False,
                logits_to_keep=batch.wanted,
            )
        finally:
            del _thread.running
        logits: Tensor = out.logits[0, : batch.answers]
        return logits

    def attend(
        self,
        module: Any,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        scaling: float | None = None,
        sliding_window: int | None = None,
        softcap: float | None = None,
        s_aux: Tensor | None = None,
        **_: object,
    ) -> tuple[Tensor, None]:
        if softcap is not None or s_aux is not None:
            raise ValueError("our attention has neither a soft cap nor sinks")
        if sliding_window not in self._batches:
            self._batches[sliding_window] = flatten(self._shares, self.device, self.dtype, sliding_window)
        batch, cached = self._batches[sliding_window], self._cache[module.layer_idx]
        pairs = torch.stack((key[0].transpose(0, 1), value[0].transpose(0, 1)), 1)
        cached.index_copy_(0, batch.places, pairs[: len(batch.places)])
        scale = query.shape[-1] ** -0.5 if scaling is None else scaling
        out = attend(query[0].transpose(0, 1), cached, batch.spans, scale)
        return out.view(1, *query.shape[2:0:-1], query.shape[-1]), None


class SingleModel:
    """A model run for one request after another, each with a cache of transformers' own."""

    # Nothing of these caches is ours to keep; what they take counts all the same.
    cache_shape = (0, 0, 0)

    def __init__(self, model: PreTrainedModel) -> None:
        self.dtype, self.device = model.dtype, model.device
        self.own_bytes = 0
        self.model: Any = model
        self.place_bytes = _bytes_of_a_token(model)
        self._caches: WeakKeyDictionary[Sequence, Any] = WeakKeyDictionary()

    def forward(self, shares: list[Share], cache: Tensor) -> Tensor:
        """Compute a step, as `LeanModel.forward`."""
        rows = [self._advance(share) for share in shares]
        wanted = [row for row, share in zip(rows, shares, strict=True) if share.is_last]
        return torch.stack(wanted) if wanted else rows[0][:0]

    def _advance(self, share: Share) -> Tensor:
        sequence, end = share.sequence, share.sequence.computed + share.count
        kept = self._caches.get(sequence) if sequence.computed else None
        # A model that keeps its state in some other way (Mamba) reads its text anew each time.
        new = sequence.tokens[:end] if kept is None else sequence.tokens[sequence.computed : end]
        out = self.model(input_ids=torch.tensor([new], device=self.device), past_key_values=kept, use_cache=True)
        self._caches[sequence] = getattr(out, "past_key_values", None)
        row: Tensor = out.logits[0, -1]
        return row


def _bytes_of_a_token(model: Any) -> int:
    """What transformers' own cache grows by with a token; 0 for a model that has none, or one that does not grow."""
    held = []
    for length in (_TRIAL, 2 * _TRIAL):
        with torch.inference_mode():
            out = model(input_ids=torch.zeros(1, length, dtype=torch.long, device=model.device), use_cache=True)
        layers = getattr(getattr(out, "past_key_values", None), "layers", ())
        parts = [part for layer in layers for part in vars(layer).values() if isinstance(part, Tensor)]
        held.append(sum(part.nbytes for part in parts))
    return (held[1] - held[0]) // _TRIAL


def _attend(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **settings: Any
) -> tuple[Tensor, None]:
    model: SharedModel = _thread.running
    return model.attend(module, query, key, value, **settings)


def _no_mask(*_: object, **__: object) -> None:
    """Who sees whom is in the spans."""


ModelPath = LeanModel | SharedModel | SingleModel

_thread = threading.local()
AttentionInterface.register(_NAME, _attend)
AttentionMaskInterface.register(_NAME, _no_mask)
