"""Model folders: found, checked, named and loaded.

Safetensors only, and no code from a folder is ever run. `check_folder`, `fingerprint` and `release_name` need no torch.
Every fault is a `ModelError` that names the folder and the remedy.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.engine import checksums, hub
from bot.errors import ModelError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_GIBIBYTE = 2**30
# Tokenizers that know no limit carry a huge number instead.
_NO_LIMIT = 10**9
_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")
# What is fetched of a Hub model; the doubles are the same weights once more, in other formats.
HUB_FILES = hub.Wanted(
    "TEXT_MODEL", ("*.json", "*.safetensors", "*.jinja", "*.txt", "*.model"), doubles=("*/*", "consolidated*")
)


def is_local(model: str) -> bool:
    """Whether the name is a folder's. What could be a Hub id and is no folder here is looked for on the Hub."""
    return Path(model).expanduser().exists() or not _HUB_ID.fullmatch(model) or model.startswith(".")


def find_folder(model: str, told: hub.Told = hub.untold) -> Path:
    """The model's folder; a Hub id is downloaded first, or found in the Hub's cache.

    For a folder the network is never asked: this sets HF_HUB_OFFLINE, so call it before importing transformers.

    Raises:
        ModelUnreachable: the Hub does not give it.
    """
    if is_local(model):
        os.environ["HF_HUB_OFFLINE"] = "1"
        return Path(model).expanduser()
    return hub.fetch(model, HUB_FILES, told)


def check_folder(folder: Path) -> None:
    """Find what can be found wrong with a model folder without loading it.

    Raises:
        ModelError: it is missing, incomplete, truncated, or holds what we never load.
    """
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise ModelError(
            f"The model folder {folder} {what}. Set TEXT_MODEL to a folder that holds config.json, a tokenizer and "
            "*.safetensors, or to a Hub id."
        )
    for name in ("config.json", "tokenizer_config.json"):
        if "auto_map" in _read_json(folder, name, required=name == "config.json"):
            raise ModelError(
                f"The model in {folder} wants to run its own code ({name} has auto_map), which is never done here. "
                "Choose a model that transformers knows by itself."
            )
    try:
        for path in _weight_files(folder):
            _safetensors_header(path)
    except OSError as error:
        raise ModelError(
            f"The weights in {folder} cannot be read ({error.strerror}). Check its permissions."
        ) from error


def fingerprint(folder: Path) -> str:
    """64 hex digits that are equal for equal configuration and weights.

    Weights below 1 GiB are hashed whole, and compared with the folder's SHA256SUMS on the way. Of larger ones only the
    headers (names, shapes and places of all tensors) and sizes are, because reading them twice would double the time a
    start takes; so it tells architectures and formats apart there, but neither two trainings of one architecture nor
    what is damaged.

    Raises:
        ModelError: as `check_folder`, and where a file is not what SHA256SUMS says; both fingerprints are named.
    """
    files = _weight_files(folder)
    whole = sum(path.stat().st_size for path in files) < _GIBIBYTE
    sums = checksums.read(folder)
    digest = hashlib.sha256((folder / "config.json").read_bytes())
    for path in files:
        digest.update(path.name.encode())
        if whole:
            digest.update(bytes.fromhex(checksums.checked(path, sums.get(path.name))))
        else:
            digest.update(_safetensors_header(path) + str(path.stat().st_size).encode())
    return digest.hexdigest()


def release_name(model: str, digest: str) -> str:
    """The name of the base model as a release: `writer@1a2b3c4d`."""
    return f"{Path(model).expanduser().absolute().name}@{digest[:8]}"


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer with its chat template.

    Raises:
        ModelError: one of them is missing or broken.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            folder, trust_remote_code=False, local_files_only=True
        )
    except Exception as error:  # transformers, tokenizers and sentencepiece raise many kinds, plain Exception too
        raise ModelError(
            f"The tokenizer in {folder} could not be loaded ({_first_line(error)}). Download or save the model again."
        ) from error
    if not tokenizer.chat_template:
        raise ModelError(
            f"The model in {folder} has no chat template, so it was not made for conversation. Choose an "
            "instruction-tuned model, or add a chat_template.jinja to the folder."
        )
    return tokenizer


def window_of(folder: Path, tokenizer: PreTrainedTokenizerBase) -> int:
    """How many tokens, prompt and answer together, the model was made for.

    Raises:
        ModelError: neither configuration nor tokenizer says.
    """
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True).get_text_config()
    except Exception as error:  # an unknown architecture is a ValueError, a wrong field whatever its class raises
        raise ModelError(
            f"The configuration in {folder} is not one that transformers knows ({_first_line(error)}). Choose another "
            "model, or a newer transformers."
        ) from error
    window = getattr(config, "max_position_embeddings", None) or tokenizer.model_max_length
    if not 1 < window < _NO_LIMIT:
        raise ModelError(f"The model in {folder} does not say how many tokens it reads (max_position_embeddings).")
    return int(window)


def load_model(folder: Path, dtype: torch.dtype, device: str) -> PreTrainedModel:
    """The model, ready to generate.

    Raises:
        ModelError: the weights are corrupt or incomplete, or no causal language model.
    """
    from transformers import AutoModelForCausalLM

    try:
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=dtype,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
        )
        model, info = loaded
    except MemoryError as error:
        raise ModelError(f"The model in {folder} does not fit into memory. Choose a smaller one.") from error
    except Exception as error:  # transformers, safetensors and torch raise many kinds, plain Exception too
        raise ModelError(
            f"The model in {folder} could not be loaded ({_first_line(error)}). Download or save it again, or choose "
            "another one."
        ) from error
    if missing := sorted(info["missing_keys"]):
        raise ModelError(
            f"The weights in {folder} lack {len(missing)} of the model's tensors (such as {missing[0]}). Download or "
            "save the model again."
        )
    ready: PreTrainedModel = model.to(device).eval()
    return ready


def _weight_files(folder: Path) -> list[Path]:
    index = _read_json(folder, "model.safetensors.index.json", required=False)
    if index:
        files = sorted(folder / str(name) for name in set(index.get("weight_map", {}).values()))
    else:
        files = sorted(folder.glob("*.safetensors"))
    if missing := [path.name for path in files if not path.is_file()]:
        raise ModelError(f"The model in {folder} is incomplete: {missing[0]} is missing. Download or save it again.")
    if not files:
        pickled = ", which are pickled and may run code" if any(folder.glob("*.bin")) else ""
        raise ModelError(
            f"The model folder {folder} holds no *.safetensors weights. Other formats{pickled} are never loaded; "
            "save the model with transformers' save_pretrained, or choose one that has safetensors."
        )
    return files


def _safetensors_header(path: Path) -> bytes:
    """The file's header, after checking that the file is as long as the header says.

    Format: https://huggingface.co/docs/safetensors/index#format
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
        header = file.read(length) if length <= size - 8 else b""
    try:
        tensors = {name: value for name, value in json.loads(header).items() if name != "__metadata__"}
        end = max((value["data_offsets"][1] for value in tensors.values()), default=0)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        hint = " (it is a Git LFS pointer: run git lfs pull)" if start.startswith(b"version ") else ""
        raise ModelError(
            f"The weights in {path} are no safetensors{hint}. Download or save the model again."
        ) from error
    if size != 8 + length + end:
        raise ModelError(
            f"The weights in {path} are truncated or damaged: {size} bytes instead of {8 + length + end}. "
            "Download or save the model again."
        )
    return header


def _read_json(folder: Path, name: str, *, required: bool) -> dict[str, Any]:
    path = folder / name
    if not path.is_file():
        if not required:
            return {}
        raise ModelError(f"The folder {folder} holds no model: {name} is missing. Set TEXT_MODEL to a model's folder.")
    try:
        value = json.loads(path.read_bytes())
    except (ValueError, OSError) as error:
        raise ModelError(f"{path} cannot be read as JSON. Download or save the model again.") from error
    return value if isinstance(value, dict) else {}


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
