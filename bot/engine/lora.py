"""LoRA weights in peft's format, merged into a model that is about to be packed.

A folder holds adapter_config.json and adapter_model.safetensors. Each pair of matrices A and B adds (alpha / r) B A to
the weight that it names (Hu et al. 2021, https://arxiv.org/abs/2106.09685, section 4.1); rsLoRA divides by the root of
r instead (https://arxiv.org/abs/2312.03732).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

_CONFIG, _WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_PREFIX = "base_model.model."
_DOWN, _UP = ".lora_A.weight", ".lora_B.weight"


def check_release(name: str, folder: Path) -> None:
    """See that the folder is there, and that it is the one meant where the release's name ends in @ and 8 hex digits.

    Raises:
        ModelError: it is missing, or other weights than the name says.
    """
    for file in (_CONFIG, _WEIGHTS):
        if not (folder / file).is_file():
            raise ModelError(f"The folder {folder} holds no LoRA weights: {file} is missing.")
    _, _, expected = name.partition("@")
    if expected and (found := fingerprint(folder)[:8]) != expected:
        raise ModelError(f"The LoRA weights in {folder} are not those of {name}: their fingerprint is {found}.")


def fingerprint(folder: Path) -> str:
    """64 hex digits that are equal for equal configuration and weights."""
    digest = hashlib.sha256()
    for file in (_CONFIG, _WEIGHTS):
        digest.update((folder / file).read_bytes())
    return digest.hexdigest()


def merge(model: PreTrainedModel, folder: Path) -> None:
    """Add the LoRA weights of a folder to the model's own.

    Raises:
        ModelError: they are of another kind, damaged, or made for another model.
    """
    from safetensors.torch import load_file

    try:
        config = json.loads((folder / _CONFIG).read_bytes())
        tensors = load_file(folder / _WEIGHTS)
        if config.get("peft_type") != "LORA" or config.get("use_dora") or config.get("modules_to_save"):
            raise ModelError(f"The weights in {folder} are not plain LoRA, the only kind that is merged here.")
        if unknown := sorted(name for name in tensors if not name.endswith((_DOWN, _UP))):
            raise ModelError(f"The weights in {folder} hold more than LoRA matrices (such as {unknown[0]}).")
        for name in tensors:
            if name.endswith(_DOWN):
                module = name.removeprefix(_PREFIX).removesuffix(_DOWN)
                up = tensors[name.removesuffix(_DOWN) + _UP]
                _add(model.get_submodule(module), up.float() @ tensors[name].float(), _scale(config, module))
    except (OSError, ValueError, KeyError, AttributeError, RuntimeError) as error:
        raise ModelError(
            f"The LoRA weights in {folder} do not fit this model, or are damaged ({type(error).__name__})."
        ) from error
    except Exception as error:  # safetensors raises a plain Exception of its own
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"The LoRA weights in {folder} are damaged ({type(error).__name__}).") from error


def _scale(config: dict[str, Any], module: str) -> float:
    """As peft: a module may have a rank and an alpha of its own."""
    rank = _own(config.get("rank_pattern"), module, config["r"])
    alpha = _own(config.get("alpha_pattern"), module, config["lora_alpha"])
    return float(alpha / rank**0.5 if config.get("use_rslora") else alpha / rank)


def _own(patterns: dict[str, Any] | None, module: str, default: float) -> float:
    return next((value for name, value in (patterns or {}).items() if f".{module}".endswith(f".{name}")), default)


def _add(module: Any, change: Tensor, scale: float) -> None:
    weight = module.weight.data
    # GPT-2's layers keep their weights the other way round.
    change = change.T if type(module).__name__ == "Conv1D" else change
    weight.copy_(weight.float() + scale * change.to(weight.device))
