"""LoRA weights in peft's format, merged into a model that is about to be packed.

A folder holds adapter_config.json and adapter_model.safetensors. Each pair of matrices A and B adds (alpha / r) B A to
the weight that it names (Hu et al. 2021, https://arxiv.org/abs/2106.09685, section 4.1); rsLoRA divides by the root of
r instead (https://arxiv.org/abs/2312.03732).
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

_CONFIG, _WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_PREFIX = "base_model.model."
_DOWN, _UP = ".lora_A.weight", ".lora_B.weight"
_MARK = re.compile(r"@([0-9a-f]{8})$")


def check_release(name: str, folder: Path) -> None:
    """See that the folder is there, and that it is the one meant where the release's name ends in @ and 8 hex digits.

    Raises:
        ModelError: it is missing, or other weights than the name says.
    """
    for file in (_CONFIG, _WEIGHTS):
        if not (folder / file).is_file():
            raise ModelError(f"The folder {folder} holds no LoRA weights: {file} is missing.")
    _read(folder, name)


def fingerprint(folder: Path) -> str:
    """64 hex digits that are equal for equal configuration and weights."""
    return _fingerprint((folder / _CONFIG).read_bytes(), (folder / _WEIGHTS).read_bytes())


def merge(model: PreTrainedModel, folder: Path, name: str = "") -> frozenset[str]:
    """Add the LoRA weights of a folder to the model's own; which of its modules they changed.

    Where the release's name carries a fingerprint, the very bytes that are merged are checked by it.

    Raises:
        ModelError: they are of another kind, damaged, made for another model, or other weights than the name says.
    """
    from safetensors.torch import load

    config_bytes, weights_bytes = _read(folder, name)
    try:
        config, tensors = json.loads(config_bytes), load(weights_bytes)
        if config.get("peft_type") != "LORA" or config.get("use_dora") or config.get("modules_to_save"):
            raise ModelError(f"The weights in {folder} are not plain LoRA, the only kind that is merged here.")
        if unknown := sorted(tensor for tensor in tensors if not tensor.endswith((_DOWN, _UP))):
            raise ModelError(f"The weights in {folder} hold more than LoRA matrices (such as {unknown[0]}).")
        pairs = {tensor.removesuffix(_DOWN).removesuffix(_UP) for tensor in tensors}
        if not pairs:
            raise ModelError(f"The weights in {folder} are empty.")
        for pair in pairs:
            module = pair.removeprefix(_PREFIX)
            change = tensors[pair + _UP].float() @ tensors[pair + _DOWN].float()
            _add(model.get_submodule(module), change, _scale(config, module))
        return frozenset(pair.removeprefix(_PREFIX) for pair in pairs)
    except (OSError, ValueError, KeyError, AttributeError, RuntimeError) as error:
        raise ModelError(
            f"The LoRA weights in {folder} do not fit this model, or are damaged ({type(error).__name__})."
        ) from error
    except Exception as error:  # safetensors raises a plain Exception of its own
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"The LoRA weights in {folder} are damaged ({type(error).__name__}).") from error


def _read(folder: Path, name: str) -> tuple[bytes, bytes]:
    """Configuration and weights, once it is seen that they are those of the release."""
    try:
        config, weights = (folder / _CONFIG).read_bytes(), (folder / _WEIGHTS).read_bytes()
    except OSError as error:
        raise ModelError(f"The LoRA weights in {folder} cannot be read ({error.strerror}).") from error
    expected, found = _MARK.search(name), _fingerprint(config, weights)[:8]
    if expected and expected[1] != found:
        raise ModelError(f"The LoRA weights in {folder} are not those of {name}: their fingerprint is {found}.")
    return config, weights


def _fingerprint(config: bytes, weights: bytes) -> str:
    return hashlib.sha256(config + weights).hexdigest()


def _scale(config: dict[str, Any], module: str) -> float:
    """As peft: a module may have a rank and an alpha of its own."""
    rank = _own(config.get("rank_pattern"), module, config["r"])
    alpha = _own(config.get("alpha_pattern"), module, config["lora_alpha"])
    return float(alpha / rank**0.5 if config.get("use_rslora") else alpha / rank)


def _own(patterns: dict[str, Any] | None, module: str, default: float) -> float:
    return next((value for name, value in (patterns or {}).items() if f".{module}".endswith(f".{name}")), default)


def _add(module: Any, change: Tensor, scale: float) -> None:
    from torch.nn import Parameter

    weight = module.weight.data
    # GPT-2's layers keep their weights the other way round.
    change = change.T if type(module).__name__ == "Conv1D" else change
    if change.shape != weight.shape:
        raise ValueError("the matrices have another shape than the weight")
    # A new parameter, because a head may share its weight with the embedding, which LoRA leaves as it is.
    merged = (weight.float() + scale * change.to(weight.device)).to(weight.dtype)
    module.weight = Parameter(merged, requires_grad=False)
