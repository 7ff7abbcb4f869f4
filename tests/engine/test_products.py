"""A product is the same linear layer in each of its forms."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn.functional import silu

from bot.engine.products import EightBitProduct, PackedProduct, Product, pack

COLUMNS, ROWS = 96, 33
# A product is wrong by its weights' and its result's rounding, and by no more.
NEAR = {Product: 1e-5, PackedProduct: 0.005, EightBitProduct: 0.012}


def weights(*, biased: bool) -> tuple[Tensor, Tensor | None]:
    torch.manual_seed(0)
    weight = torch.randn(ROWS, COLUMNS) * torch.rand(ROWS, 1)
    weight[3] = 0
    return weight, torch.randn(ROWS) if biased else None


@pytest.mark.parametrize("kind", [Product, PackedProduct, EightBitProduct])
@pytest.mark.parametrize("biased", [False, True], ids=["", "biased"])
@pytest.mark.parametrize("count", [1, 4, 5, 32])
@torch.inference_mode()
def test_all_forms_compute_the_linear_layer_and_what_follows(kind: type[Product], biased: bool, count: int):
    weight, bias = weights(biased=biased)
    x, other = torch.randn(count, COLUMNS), torch.randn(count, ROWS)
    exact = x @ weight.T + (0 if bias is None else bias)
    dtype = torch.float32 if kind is Product else torch.bfloat16
    made = pack(weight.to(dtype), bias if bias is None else bias.to(dtype), eight_bits=kind is EightBitProduct)
    x, other = x.to(dtype), other.to(dtype)

    assert type(made) is kind
    for found, expected in (
        (made(x), exact),
        (made.silu(x), silu(exact)),
        (made.times(x, other), exact * other),
        (made.plus(x, other), exact + other),
    ):
        assert (found.float() - expected).norm() < NEAR[kind] * expected.norm()


@torch.inference_mode()
def test_few_rows_and_many_compute_with_the_same_eight_bits():
    weight, _ = weights(biased=False)
    made = pack(weight.bfloat16(), eight_bits=True)
    rows = torch.eye(COLUMNS).bfloat16()

    few = torch.cat([made(part) for part in rows.split(4)])
    assert torch.equal(few, made(rows))
    assert len(few[:, 0].unique()) <= 255


@pytest.mark.parametrize(
    ("weight", "kind"),
    [
        (torch.ones(8, 64), Product),
        (torch.ones(8, 64, dtype=torch.bfloat16, device="meta"), Product),
        (torch.ones(8, 40, dtype=torch.bfloat16), PackedProduct),
        (torch.ones(8, 64, dtype=torch.bfloat16), EightBitProduct),
    ],
    ids=["float32", "no processor", "columns that the kernel would read beyond", "int8"],
)
def test_eight_bits_are_for_a_processors_bfloat16(weight: Tensor, kind: Callable[..., object]):
    assert type(pack(weight, eight_bits=True)) is kind


def test_a_product_knows_what_it_holds():
    weight = torch.ones(8, 64, dtype=torch.bfloat16)

    assert pack(weight).size_bytes == 8 * 64 * 2
    assert pack(weight, eight_bits=True).size_bytes == 8 * 64 * 2 + 8 * 64 + 8 * 2
