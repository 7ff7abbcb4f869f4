"""The lean path: Llama, Mistral, Qwen2 and Qwen3, written out for few and large kernel calls.

Query, key and value are one product, and how a product is computed is `bot.engine.products`' word. Everything else
(rotary tables, head counts, epsilons) is read off transformers' model, which is taken apart on the way, so that the
weights are not held twice. A release with LoRA weights holds the products that they change, and shares everything else
with the base model.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import rms_norm

from bot.engine.attention import attend, flatten
from bot.engine.products import Product, pack
from bot.engine.scheduler import Share

_FAMILIES = ("llama", "mistral", "qwen2", "qwen3")
# Rotary tables that do not change with the length of the text.
_FIXED_ROTARY = ("default", "linear", "llama3", "yarn")


def is_lean(model: Any) -> bool:
    """Whether this path computes exactly what the model does."""
    config = model.config
    if config.model_type not in _FAMILIES or config.hidden_act != "silu":
        return False
    rope = getattr(config, "rope_parameters", None) or {}
    slides = getattr(config, "use_sliding_window", True) and getattr(config, "sliding_window", None)
    return rope.get("rope_type", "default") in _FIXED_ROTARY and not slides


# The products of a layer, and the modules that each is made of.
_PRODUCTS = {
    "qkv": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "out": ("self_attn.o_proj",),
    "gate": ("mlp.gate_proj",),
    "up": ("mlp.up_proj",),
    "down": ("mlp.down_proj",),
}


@dataclass(frozen=True, slots=True)
class _Layer:
    before: Tensor
    qkv: Product
    turned_norm: Tensor | None
    out: Product
    between: Tensor
    gate: Product
    up: Product
    down: Product


class LeanModel:
    """One of the families, ready for steps; the model it is made of is empty afterwards.

    `own_bytes` is the memory of the products that it shares with no other.

    Args:
        eight_bits: whether the weights are kept in int8 as well.
    """

    def __init__(self, model: Any, window: int, *, eight_bits: bool = False) -> None:
        config, inner = model.config, model.model
        self._eight_bits = eight_bits
        self.own_bytes = 0
        self._heads = config.num_attention_heads
        self._key_heads = config.num_key_value_heads
        self._size = getattr(config, "head_dim", None) or config.hidden_size // self._heads
        self._scale = inner.layers[0].self_attn.scaling
        self._eps = config.rms_norm_eps
        self._least = torch.tensor([self._eps])
        self._embedding: Tensor = inner.embed_tokens.weight.data
        self._norm: Tensor = inner.norm.weight.data
        self._cos, self._sin = _rotary_tables(inner, window)
        self._head = self._product(model.lm_head)
        self._layers = [self._take(layer) for layer in inner.layers]
        self.cache_shape = (len(self._layers), self._key_heads, self._size)
        self.dtype, self.device = self._embedding.dtype, self._embedding.device
        self.place_bytes = 2 * math.prod(self.cache_shape) * self.dtype.itemsize

    def tuned(self, model: Any, changed: Collection[str]) -> LeanModel:
        """The same with a model whose modules of these names were changed; it is empty afterwards."""
        made = copy.copy(self)
        made.own_bytes = 0
        if "lm_head" in changed:
            made._head = made._product(model.lm_head)
        made._layers = [
            made._retake(old, layer, changed, f"model.layers.{number}.")
            for number, (old, layer) in enumerate(zip(self._layers, model.model.layers, strict=True))
        ]
        return made

    def forward(self, shares: list[Share], cache: Tensor) -> Tensor:
        """Compute a step: write its keys and values into the cache [layers, places, 2, key heads, size], and return the
        logits after the shares that are the last of their requests."""
        batch = flatten(shares, self.device, self.dtype)
        x = self._embedding[batch.ids]
        cos, sin = self._cos[batch.positions], self._sin[batch.positions]
        for layer, cached in zip(self._layers, cache.unbind(), strict=True):
            qkv = layer.qkv(self._normed(x, layer.before)).view(x.shape[0], -1, self._size)
            qkv = self._turned(layer, qkv, cos, sin)
            pairs = qkv[: len(batch.places), self._heads :].view(-1, 2, self._key_heads, self._size)
            cached.index_copy_(0, batch.places, pairs)
            seen = attend(qkv[:, : self._heads], cached, batch.spans, self._scale)
            if layer is self._layers[-1]:
                # Of what is only read, the keys and values are all that is needed.
                seen, x = seen[batch.wanted], x[batch.wanted]
            x = layer.out.plus(seen, x)
            y = self._normed(x, layer.between)
            x = layer.down.plus(layer.up.times(y, layer.gate.silu(y)), x)
        return self._head(self._normed(x, self._norm))[: batch.answers]

    def _normed(self, x: Tensor, weight: Tensor) -> Tensor:
        if x.device.type != "cpu":
            return rms_norm(x, x.shape[-1:], eps=self._eps).mul_(weight)
        # torch's own is twice as many calls on a processor, most of them conversions.
        length: Tensor = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32)
        scale = torch.addcmul(self._least, length, length, value=1 / x.shape[-1]).rsqrt_()
        return (x * scale.to(x.dtype)).mul_(weight)

    def _turned(self, layer: _Layer, qkv: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Queries and keys with their rotary positions (Su et al. 2021, https://arxiv.org/abs/2104.09864), values as
        they are."""
        turning = qkv[:, : self._heads + self._key_heads]
        straight = turning if layer.turned_norm is None else self._normed(turning, layer.turned_norm)
        across = straight.roll(self._size // 2, -1)
        torch.mul(straight, cos, out=turning).addcmul_(across, sin)
        return qkv

    def _take(self, layer: Any) -> _Layer:
        attention = layer.self_attn
        products = {field: self._fused(layer, parts) for field, parts in _PRODUCTS.items()}
        taken = _Layer(
            before=layer.input_layernorm.weight.data,
            turned_norm=self._turned_norm(attention) if hasattr(attention, "q_norm") else None,
            between=layer.post_attention_layernorm.weight.data,
            **products,
        )
        layer.to("meta")
        return taken

    def _turned_norm(self, attention: Any) -> Tensor:
        """The weights of all queries' and keys' norms [heads, size], so that one call does for both."""
        queries, keys = attention.q_norm.weight.data, attention.k_norm.weight.data
        return torch.cat((queries.expand(self._heads, -1), keys.expand(self._key_heads, -1)))

    def _retake(self, old: _Layer, layer: Any, changed: Collection[str], prefix: str) -> _Layer:
        """A layer whose products are the old ones where nothing was changed."""
        products: dict[str, Any] = {
            field: self._fused(layer, parts)
            for field, parts in _PRODUCTS.items()
            if any(prefix + part in changed for part in parts)
        }
        layer.to("meta")
        return replace(old, **products)

    def _fused(self, layer: Any, parts: Sequence[str]) -> Product:
        modules = [layer.get_submodule(part) for part in parts]
        return self._product(*modules)

    def _product(self, *modules: Any) -> Product:
        """One product of the modules' weights, one below the other."""
        bias = None if modules[0].bias is None else torch.cat([module.bias.data for module in modules])
        weight = modules[0].weight.data if len(modules) == 1 else torch.cat([module.weight.data for module in modules])
        product = pack(weight, bias, eight_bits=self._eight_bits)
        self.own_bytes += product.size_bytes
        return product


def _rotary_tables(inner: Any, window: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines [window, 1, size]; the sines carry the sign of the half that they are added to."""
    weight = inner.embed_tokens.weight
    cos, sin = inner.rotary_emb(weight[:1, None], torch.arange(window, device=weight.device)[None])
    half = sin.shape[-1] // 2
    return cos[0, :, None].contiguous(), torch.cat((-sin[0, :, None, :half], sin[0, :, None, half:]), -1)
