"""Threads, device, memory and number format, chosen from the hardware when the settings leave them open.

`python -m bot.engine.hardware THREADS DTYPE` prints what would be chosen: a process of its own, because whoever asks
holds no torch.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    import torch

_GIBIBYTE = 2**30


def choose_threads(setting: int) -> int:
    """Threads for the processor's work: as set, else one for each physical core that this process may use.

    Threads beyond the physical cores share their vector units, which slows matrix products down.
    """
    if setting:
        return setting
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(usable, psutil.cpu_count(logical=False) or usable))


def choose_cache_mib(setting: int, device: str) -> int:
    """Memory for keys and values, in MiB: as set, else half of what the device has free, or a quarter of the machine's
    memory, which others need too, and 1 GiB of that at most.
    """
    if setting:
        return setting
    if device == "cuda":
        import torch

        return torch.cuda.mem_get_info()[0] // 2 // 2**20
    return min(1024, psutil.virtual_memory().available // 4 // 2**20)


def choose_device() -> str:
    """`cuda` where there is one, else `cpu`."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def choose_dtype(setting: str, device: str) -> torch.dtype:
    """The number format to compute in: as set, else bfloat16 where the hardware multiplies it natively, else float32.
    "int8" speaks of weights only (`has_eight_bits`), and leaves this open.

    A processor without such instructions computes bfloat16 by conversion, several times slower than float32.
    """
    import torch

    if setting not in ("auto", "int8"):
        chosen: torch.dtype = getattr(torch, setting)
        return chosen
    if device == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if native else torch.float32


def has_eight_bits(setting: str, device: str, weight_bytes: int) -> bool:
    """Whether a text model's weights are kept in int8, too: as set, else those below 1 GiB, where a processor computes
    in bfloat16.

    It makes answers to one or a few at a time faster, and takes half as much memory again.
    """
    import torch

    if device != "cpu" or choose_dtype(setting, device) is not torch.bfloat16:
        return False
    return setting == "int8" or (setting == "auto" and weight_bytes < _GIBIBYTE)


def describe(dtype: torch.dtype, device: str, threads: int, *, eight_bits: bool) -> str:
    """What was chosen, for the operator."""
    also = ", weights in int8 too" if eight_bits else ""
    return f"{str(dtype).removeprefix('torch.')} on {device}, {threads} threads{also}"


def main(threads: int, dtype: str) -> None:
    """Print what would be chosen for a small model."""
    device = choose_device()
    eight_bits = has_eight_bits(dtype, device, 0)
    print(describe(choose_dtype(dtype, device), device, choose_threads(threads), eight_bits=eight_bits))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
