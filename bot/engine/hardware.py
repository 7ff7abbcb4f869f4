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
    """The number format of the weights: as set, else bfloat16 where the hardware multiplies it natively, else float32.

    A processor without such instructions computes bfloat16 by conversion, several times slower than float32.
    """
    import torch

    if setting != "auto":
        chosen: torch.dtype = getattr(torch, setting)
        return chosen
    if device == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if native else torch.float32


def describe(threads: int, dtype: str) -> str:
    """What is chosen, for the operator."""
    device = choose_device()
    number_format = str(choose_dtype(dtype, device)).removeprefix("torch.")
    return f"{number_format} on {device}, {choose_threads(threads)} threads"


if __name__ == "__main__":
    print(describe(int(sys.argv[1]), sys.argv[2]))
