"""Rows to LoRA weights, with TRL's trainers: supervised, then KTO on all ratings, then DPO where there are pairs.

The trainers carry the loop, the losses and the schedule. What is changed here was found by looking where a processor's
time goes; a step takes half of what it takes with the trainers' own ways (`python -m benchmarks tune`):

- the base model in the processor's fast format, not converted anew for each product (autocast on 16-bit weights);
- LoRA's input is not converted to float32 and back (peft's own switch);
- the answers' head (`bot.training.head`);
- reference log-probabilities once for all epochs; batches of like lengths; no checkpoints, cards or meters.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from datasets import Dataset
from peft import LoraConfig, PeftModel, get_peft_model
from peft.helpers import disable_input_dtype_casting
from transformers import TrainerCallback
from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer, SFTConfig, SFTTrainer

from bot.training.head import add_answer_head
from bot.training.preparing import Row
from bot.training.recipes import Phase, Recipe, rows_for, weigh

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

OnStep = Callable[[int, dict[str, float]], None]
"""Told after each step: how many are done, and what the trainer logged."""

_SEED_LIMIT = 2**32


@dataclass(frozen=True, slots=True)
class Bench:
    """Where a phase works: the model and its tokenizer, the recipe, the seed, a folder for what libraries put down."""

    model: PeftModel
    tokenizer: PreTrainedTokenizerBase
    recipe: Recipe
    seed: int
    scratch: Path

    @property
    def width(self) -> int:
        return int(self.model.config.get_text_config().hidden_size)


def add_lora(base: PreTrainedModel, recipe: Recipe, seed: int) -> PeftModel:
    """Fresh LoRA matrices on every linear layer but the head. They are float32, whatever the base is."""
    torch.manual_seed(seed % _SEED_LIMIT)
    config = LoraConfig(
        r=recipe.rank, lora_alpha=recipe.alpha, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    model: PeftModel = get_peft_model(base, config)
    return model


def learn_liked(bench: Bench, rows: Sequence[Row], on_step: OnStep) -> dict[str, Any]:
    """Supervised: the answers' tokens become likelier. What it was set to is returned, for the record."""
    phase = bench.recipe.supervised
    own = {"completion_only_loss": True, "train_sampling_strategy": "group_by_length"}
    return _run(bench, phase, phase.rows, list(rows), (SFTConfig, _Supervised), own, on_step)


def learn_verdicts(bench: Bench, rows: Sequence[Row], on_step: OnStep) -> dict[str, Any]:
    """KTO (Ethayarajh et al. 2024): liked answers become likelier than they were to the reference, disliked less."""
    phase = bench.recipe.verdicts
    size = rows_for(phase, len(rows))
    good = sum(row["label"] for row in rows)
    desirable, undesirable = weigh(good, len(rows) - good)
    weights = {"desirable_weight": desirable, "undesirable_weight": undesirable}
    ordered = _in_mixed_batches(rows, size, bench.seed)
    return _run(bench, phase, size, ordered, (KTOConfig, _Verdicts), _against_reference(bench, size) | weights, on_step)


def learn_pairs(bench: Bench, rows: Sequence[Row], on_step: OnStep) -> dict[str, Any]:
    """DPO (Rafailov et al. 2023): the better answer of a pair gains on the lesser one."""
    phase = bench.recipe.pairs
    own = _against_reference(bench, phase.rows)
    return _run(bench, phase, phase.rows, list(rows), (DPOConfig, _Pairs), own, on_step)


def save_lora(model: PeftModel, base_name: str, folder: Path) -> None:
    """The trained matrices alone, as safetensors, with a base name that holds on other machines."""
    model.peft_config["default"].base_model_name_or_path = base_name
    model.save_pretrained(folder, selected_adapters=["default"])
    (folder / "README.md").unlink(missing_ok=True)
    path = folder / "adapter_config.json"
    config = json.loads(path.read_bytes())
    # It is a set, in another order each time; equal runs give equal files.
    config["target_modules"] = sorted({name.rsplit(".", 1)[-1] for name in config["target_modules"]})
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


# --- trainers ---


class _LeanMixin:
    """Puts the answers' head in place of the trainer's, before anything is computed with it."""

    model: Any

    def _precompute_ref_logps(self, *args: Any) -> Any:
        add_answer_head(self.model.get_base_model())
        return super()._precompute_ref_logps(*args)  # type: ignore[misc]

    def train(self, *args: Any, **kwargs: Any) -> Any:
        add_answer_head(self.model.get_base_model())
        return super().train(*args, **kwargs)  # type: ignore[misc]


class _Supervised(_LeanMixin, SFTTrainer): ...  # type: ignore[misc]


class _Verdicts(_LeanMixin, KTOTrainer): ...  # type: ignore[misc]


class _Pairs(_LeanMixin, DPOTrainer): ...  # type: ignore[misc]


class _Steps(TrainerCallback):
    """Hands on what the trainer logs, a step at a time."""

    def __init__(self, on_step: OnStep) -> None:
        self._on_step = on_step

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        if logs and "loss" in logs:
            self._on_step(state.global_step, {name: float(value) for name, value in logs.items()})


def _run(
    bench: Bench,
    phase: Phase,
    size: int,
    rows: list[Row],
    kind: tuple[type, type],
    own: dict[str, Any],
    on_step: OnStep,
) -> dict[str, Any]:
    config, trainer = kind
    settings = _settings(bench, phase, len(rows), size) | own
    with _unconverted(bench.model):
        trainer(
            model=bench.model,
            args=config(output_dir=str(bench.scratch), **settings),
            train_dataset=Dataset.from_list(rows),
            processing_class=bench.tokenizer,
            callbacks=[_Steps(on_step)],
        ).train()
    # The reference that a trainer made of the weights it began with.
    if "ref" in bench.model.peft_config:
        bench.model.delete_adapter("ref")
    return settings


def _settings(bench: Bench, phase: Phase, examples: int, size: int) -> dict[str, Any]:
    recipe = bench.recipe
    on_cpu = bench.model.device.type == "cpu"
    return {
        "seed": bench.seed % _SEED_LIMIT,
        "max_steps": phase.steps_for(examples, size),
        "per_device_train_batch_size": size,
        "learning_rate": phase.rate_for(bench.width),
        "lr_scheduler_type": "linear",
        "warmup_steps": recipe.warmup,
        "weight_decay": recipe.weight_decay,
        "max_grad_norm": recipe.clip,
        "max_length": recipe.window,
        "use_cpu": on_cpu,
        # Autocast, so that LoRA's float32 matrices meet the 16-bit base in its own format.
        "bf16": bench.model.get_base_model().dtype == torch.bfloat16,
        "gradient_checkpointing": not on_cpu,
        "dataloader_pin_memory": not on_cpu,
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
    }


def _against_reference(bench: Bench, size: int) -> dict[str, Any]:
    """What KTO and DPO share. The reference is what the phase begins with, so its figures hold for all epochs."""
    return {"beta": bench.recipe.beta, "precompute_ref_log_probs": True, "precompute_ref_batch_size": size}


@contextmanager
def _unconverted(model: PeftModel) -> Iterator[None]:
    """LoRA's input as it comes, where autocast converts the matrices anyway."""
    if model.get_base_model().dtype == torch.bfloat16:
        with disable_input_dtype_casting(model):
            yield
    else:
        yield


def _in_mixed_batches(rows: Sequence[Row], size: int, seed: int) -> list[Row]:
    """An order for KTO, which keeps the one it is given: like lengths in a batch, and both verdicts in each.

    Each side is sorted by length by itself, and taken from evenly, since a team may like short answers and dislike long
    ones. The batches come in random order, the short last one at the end.
    """
    full = len(rows) - len(rows) % size
    places: list[tuple[float, int]] = []
    for label in (True, False):
        side = [number for number in range(full) if rows[number]["label"] is label]
        side.sort(key=lambda number: len(str(rows[number])))
        places += [(rank / len(side), number) for rank, number in enumerate(side)]
    ordered = [rows[number] for _, number in sorted(places)]
    batches = [ordered[start : start + size] for start in range(0, full, size)]
    random.Random(seed).shuffle(batches)
    return [row for batch in batches for row in batch] + list(rows[full:])
