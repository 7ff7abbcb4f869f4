"""The number format of the weights, chosen from the hardware."""

from __future__ import annotations

import pytest
import torch

from bot.engine import hardware

GIB = 2**30


@pytest.mark.parametrize(
    ("setting", "native", "device", "weight_bytes", "dtype", "eight_bits"),
    [
        ("auto", True, "cpu", GIB - 1, torch.bfloat16, True),
        ("auto", True, "cpu", GIB, torch.bfloat16, False),
        ("int8", True, "cpu", GIB, torch.bfloat16, True),
        ("bfloat16", True, "cpu", 1, torch.bfloat16, False),
        ("float32", True, "cpu", 1, torch.float32, False),
        ("auto", False, "cpu", 1, torch.float32, False),
        ("int8", False, "cpu", 1, torch.float32, False),
        ("int8", True, "cuda", 1, torch.bfloat16, False),
    ],
)
def test_weights_are_kept_in_int8_where_a_processor_computes_in_bfloat16(
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    native: bool,
    device: str,
    weight_bytes: int,
    dtype: torch.dtype,
    eight_bits: bool,
):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: native)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: native)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: native)

    assert hardware.choose_dtype(setting, device) is dtype
    assert hardware.has_eight_bits(setting, device, weight_bytes) is eight_bits


def test_the_operator_reads_what_was_chosen():
    assert hardware.describe(torch.float32, "cpu", 2, eight_bits=False) == "float32 on cpu, 2 threads"
    assert hardware.describe(torch.bfloat16, "cpu", 2, eight_bits=True) == (
        "bfloat16 on cpu, 2 threads, weights in int8 too"
    )
