"""Transformers' own ways of answering: `python -m benchmarks.transformers_side FOLDER THREADS`.

It makes the random model in the folder first, and then generates with it in the number format that is faster here.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, ContinuousBatchingConfig, GenerationConfig, PreTrainedModel

from benchmarks import random_llama, vocabulary
from benchmarks.sides import serve

# Room for sixteen conversations of 256 tokens, with as much again.
_CACHE = ContinuousBatchingConfig(page_size=32, num_blocks=256, max_batch_tokens=512)


class Ways:
    """One model, and the three ways in which transformers answers with it."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def one_after_another(self, prompts: list[list[int]], new_tokens: int) -> int:
        return sum(self.static_batch([prompt], new_tokens) for prompt in prompts)

    def static_batch(self, prompts: list[list[int]], new_tokens: int) -> int:
        """All at once, padded to the longest; here they are of equal length."""
        ids = torch.tensor(prompts)
        with torch.inference_mode():
            output = self._model.generate(
                input_ids=ids, attention_mask=torch.ones_like(ids), generation_config=_config(new_tokens)
            )
        return int((output.shape[1] - ids.shape[1]) * len(prompts))

    def continuous_batching(self, prompts: list[list[int]], new_tokens: int) -> int:
        answers = self._model.generate_batch(
            prompts, generation_config=_config(new_tokens), continuous_batching_config=_CACHE, warmup=False
        )
        return sum(len(answer.generated_tokens) for answer in answers.values())


def _config(new_tokens: int) -> GenerationConfig:
    return GenerationConfig(max_new_tokens=new_tokens, do_sample=False, eos_token_id=vocabulary.END, pad_token_id=0)


def _load_fastest(folder: Path) -> PreTrainedModel:
    """The model in the number format that answers faster on this processor."""
    models = [
        AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, local_files_only=True).eval()
        for dtype in (torch.bfloat16, torch.float32)
    ]
    prompt = vocabulary.prompt_tokens(vocabulary.random_text(64, random.Random(0)))
    times: list[list[float]] = [[] for _ in models]
    for _ in range(3):
        for model, seen in zip(models, times, strict=True):
            started = time.perf_counter()
            Ways(model).one_after_another([prompt], 8)
            seen.append(time.perf_counter() - started)
    best: PreTrainedModel = min(zip(times, models, strict=True), key=lambda pair: min(pair[0]))[1]
    return best


def main(folder: Path, threads: int) -> None:
    """Make the model, load it, serve."""
    torch.set_num_threads(threads)
    random_llama.make(folder)
    model = _load_fastest(folder)
    ways = Ways(model)
    serve(
        {
            "generate": ways.one_after_another,
            "static": ways.static_batch,
            "transformers_cb": ways.continuous_batching,
        },
        {"describe": lambda: {"dtype": str(model.dtype).removeprefix("torch.")}},
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
