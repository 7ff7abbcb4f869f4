"""The lean path on a device that is no processor, as far as that can be seen without one: torch's "meta" device
computes shapes only, and like a graphics card it takes neither a processor's tensors nor oneDNN's packed weights."""

from __future__ import annotations

import pytest
import torch

from bot.engine.attention import arrange
from bot.engine.cache import Slot
from bot.engine.lean import LeanModel
from bot.engine.scheduler import Share
from bot.engine.sequence import Sequence
from tests.engine.test_paths import PATHS, WINDOW, make

PLACES = 128


def share(number: int, tokens: int, computed: int) -> Share:
    sequence = Sequence.bare([1] * tokens, Slot(PLACES * number, PLACES))
    sequence.computed = computed
    return Share(sequence, tokens - computed)


@pytest.mark.parametrize("kind", [kind for kind, (_, _, path) in PATHS.items() if path is LeanModel])
def test_a_step_takes_place_where_the_model_is(kind: str):
    answering, reading, going_on = [share(0, 5, 4), share(1, 9, 8)], share(2, 20, 0), share(3, 60, 30)
    with torch.inference_mode():
        path = LeanModel(make(kind).bfloat16().to("meta"), WINDOW)
        layers, heads, size = path.cache_shape
        cache = torch.empty(layers, 4 * PLACES, 2, heads, size, dtype=path.dtype, device=path.device)

        logits = path.forward(arrange([*answering, reading, going_on]), cache)

    assert (logits.device.type, logits.dtype, logits.shape) == ("meta", torch.bfloat16, (4, 97))
