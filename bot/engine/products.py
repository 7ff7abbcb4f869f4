"""Linear layers as a step calls them, each in the form that is fastest where it runs.

On a processor with bfloat16 the weights are packed once by oneDNN, with the activation and the additions fused into the
products. A step of few rows does little more than read its weights, so that half as many bytes are nearly twice the
speed: for those the weights are kept in int8 as well. A step of more rows computes with the same numbers as bfloat16
holds them, so that an answer depends no more on how many others there are.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear, silu

# Where reading weights costs more than computing with them. 32 million weights on two cores with AMX: in int8 1, 4 and
# 16 rows take 3.4, 4.5 and 13.9 ms, in bfloat16 7.5, 6.9 and 7.6 ms.
_FEW_ROWS = 4
_LARGEST = 127
# torch's kernel for int8 reads whole blocks of columns, beyond the end without a word; none of them is larger.
_COLUMNS = 32

_product = torch.ops.mkldnn._linear_pointwise.default
_product_and = torch.ops.mkldnn._linear_pointwise.binary


def pack(weight: Tensor, bias: Tensor | None = None, *, eight_bits: bool = False) -> Product:
    """The product with these weights [rows, columns]; `eight_bits` has them in int8, too, where that helps."""
    if weight.device.type != "cpu" or weight.dtype is not torch.bfloat16:
        return Product(weight, bias)
    if eight_bits and weight.shape[1] % _COLUMNS == 0:
        return EightBitProduct(weight, bias)
    return PackedProduct(weight, bias)


class Product:
    """A linear layer as torch computes it."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self.size_bytes = weight.nbytes
        self._weight = weight
        self._bias = bias

    def __call__(self, x: Tensor) -> Tensor:
        return linear(x, self._weight, self._bias)

    def silu(self, x: Tensor) -> Tensor:
        """silu(product)"""
        return silu(self(x))

    def times(self, x: Tensor, other: Tensor) -> Tensor:
        """product * other"""
        return self(x).mul_(other)

    def plus(self, x: Tensor, other: Tensor) -> Tensor:
        """product + other"""
        return self(x).add_(other)


class PackedProduct(Product):
    """One whose weights oneDNN packed, and that it computes in one call with what follows."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__(torch.ops.mkldnn._reorder_linear_weight(weight.contiguous()), bias)
        self.size_bytes = weight.nbytes

    def __call__(self, x: Tensor) -> Tensor:
        y: Tensor = _product(x, self._weight, self._bias, "none", [], "")
        return y

    def silu(self, x: Tensor) -> Tensor:
        y: Tensor = _product(x, self._weight, self._bias, "swish", [], "")
        return y

    def times(self, x: Tensor, other: Tensor) -> Tensor:
        y: Tensor = _product_and(x, other, self._weight, self._bias, "mul")
        return y

    def plus(self, x: Tensor, other: Tensor) -> Tensor:
        y: Tensor = _product_and(x, other, self._weight, self._bias, "add")
        return y


class EightBitProduct(Product):
    """One whose weights are whole numbers up to 127 and a scale for each row, for few rows of x as such, for more rows
    in bfloat16. The activations stay in bfloat16: rounding them, too, gained nothing and cost five times the error."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        # Rounded before it is used, so that the kernel's scale is the one that was divided by.
        scale = (weight.float().abs().amax(1) / _LARGEST).to(weight.dtype)
        scale[scale == 0] = 1
        whole = (weight.float() / scale[:, None]).round_().clamp_(-_LARGEST, _LARGEST)
        super().__init__(whole.to(torch.int8), bias)
        self._scale = scale
        self._wide = PackedProduct((whole * scale[:, None]).to(weight.dtype), bias)
        self.size_bytes = self._weight.nbytes + scale.nbytes + self._wide.size_bytes

    def __call__(self, x: Tensor) -> Tensor:
        if x.shape[0] > _FEW_ROWS:
            return self._wide(x)
        y = torch._weight_int8pack_mm(x, self._weight, self._scale)
        return y if self._bias is None else y.add_(self._bias)

    def silu(self, x: Tensor) -> Tensor:
        return self._wide.silu(x) if x.shape[0] > _FEW_ROWS else super().silu(x)

    def times(self, x: Tensor, other: Tensor) -> Tensor:
        return self._wide.times(x, other) if x.shape[0] > _FEW_ROWS else super().times(x, other)

    def plus(self, x: Tensor, other: Tensor) -> Tensor:
        return self._wide.plus(x, other) if x.shape[0] > _FEW_ROWS else super().plus(x, other)
