"""One side of the training benchmark: `python -m benchmarks.tune_side FOLDER THREADS EXAMPLES ours|trl`.

It trains LoRA weights for the random model of the folder, which the side called trl makes, one phase at a time, on
EXAMPLES rows of 256 tokens. A phase is timed from its rows to its last step: tokenizing, the reference's figures, and
the steps. Both sides have the same recipe (one epoch, 16 rows a step, rank 16 on all linear layers) and the same rows.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.update(
    HF_HUB_OFFLINE="1",
    HF_HUB_DISABLE_TELEMETRY="1",
    HF_DATASETS_DISABLE_PROGRESS_BARS="1",
    TOKENIZERS_PARALLELISM="false",
    TQDM_DISABLE="1",
)

import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from transformers import AutoTokenizer
from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer, SFTConfig, SFTTrainer

from benchmarks import random_llama, vocabulary
from benchmarks.sides import serve
from bot.engine import hardware, weights
from bot.training import tuning
from bot.training.recipes import STANDARD, Phase, Recipe

PROMPT, ANSWER = 128, 128
ROWS = 16
_ONCE = Phase(rate=1e-4, epochs=1, least_steps=0, most_epochs=1, rows=ROWS)
RECIPE: Recipe = replace(STANDARD, supervised=_ONCE, verdicts=_ONCE, pairs=replace(_ONCE, rows=ROWS // 2))
_TRAINERS = {"sft": (SFTConfig, SFTTrainer), "kto": (KTOConfig, KTOTrainer), "dpo": (DPOConfig, DPOTrainer)}


def rows(phase: str, count: int) -> list[dict[str, Any]]:
    """Examples of 256 tokens; a pair counts as two."""
    dice = random.Random(0)

    def answer() -> list[dict[str, str]]:
        return [{"role": "assistant", "content": vocabulary.random_text(ANSWER - 1, dice)}]

    def row(number: int) -> dict[str, Any]:
        asked = vocabulary.random_text(PROMPT - vocabulary.FRAME_TOKENS, dice)
        prompt = [{"role": "user", "content": asked}]
        if phase == "dpo":
            return {"prompt": prompt, "chosen": answer(), "rejected": answer()}
        labels = {"label": number % 2 == 0} if phase == "kto" else {}
        return {"prompt": prompt, "completion": answer(), **labels}

    return [row(number) for number in range(count // 2 if phase == "dpo" else count)]


def ours(folder: Path, phase: str, examples: int) -> float:
    """A phase as a run does it."""
    learn = {"sft": tuning.learn_liked, "kto": tuning.learn_verdicts, "dpo": tuning.learn_pairs}[phase]
    base = weights.load_model(folder, hardware.choose_dtype("auto", "cpu"), "cpu")
    model = tuning.add_lora(base, RECIPE, 0)
    made = rows(phase, examples)
    with tempfile.TemporaryDirectory() as scratch:
        bench = tuning.Bench(model, weights.load_tokenizer(folder), RECIPE, 0, Path(scratch))
        started = time.perf_counter()
        learn(bench, made, lambda step, logged: None)
        return time.perf_counter() - started


def trl(folder: Path, phase: str, examples: int) -> float:
    """A phase as TRL's trainer does it, given the base and a LoRA configuration; bfloat16 where it is native."""
    config, trainer = _TRAINERS[phase]
    base = weights.load_model(folder, torch.float32, "cpu")
    made = rows(phase, examples)
    with tempfile.TemporaryDirectory() as scratch:
        settings = config(
            output_dir=scratch,
            per_device_train_batch_size=RECIPE.pairs.rows if phase == "dpo" else ROWS,
            num_train_epochs=1,
            learning_rate=_ONCE.rate_for(int(base.config.hidden_size)),
            warmup_steps=RECIPE.warmup,
            max_length=RECIPE.window,
            use_cpu=True,
            bf16=hardware.choose_dtype("auto", "cpu") == torch.bfloat16,
            gradient_checkpointing=False,
            dataloader_pin_memory=False,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
        started = time.perf_counter()
        trainer(
            model=base,
            args=settings,
            train_dataset=Dataset.from_list(made),
            processing_class=AutoTokenizer.from_pretrained(folder),
            peft_config=LoraConfig(
                r=RECIPE.rank, lora_alpha=RECIPE.alpha, target_modules="all-linear", task_type="CAUSAL_LM"
            ),
        ).train()
        return time.perf_counter() - started


def save_lora(folder: Path, target: Path) -> bool:
    """LoRA weights as a run makes them, random ones, for the engine to load."""
    base = weights.load_model(folder, torch.float32, "cpu")
    config = LoraConfig(
        r=RECIPE.rank,
        lora_alpha=RECIPE.alpha,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
        init_lora_weights=False,
    )
    get_peft_model(base, config).save_pretrained(target)
    return True


def main(folder: Path, threads: int, examples: int, who: str) -> None:
    """Train whatever phase is asked for."""
    torch.set_num_threads(threads)
    if who == "trl":
        random_llama.make(folder)
    else:
        torch.set_flush_denormal(True)
    side = {"ours": ours, "trl": trl}[who]

    def train(phase: str) -> Callable[[], dict[str, float]]:
        return lambda: {"seconds": side(folder, phase, examples)}

    lora = folder.parent / "lora"
    asides = {"ready": lambda: True, "lora": lambda: save_lora(folder, lora)}
    serve({}, asides | {phase: train(phase) for phase in _TRAINERS})


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
