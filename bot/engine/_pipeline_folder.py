"""Where a diffusers model lies and what it may ask to be loaded, read from its files before any of it is imported.

`model_index.json` names a class and a library for every component, and diffusers imports what it names. Only classes of
diffusers itself and of transformers pass, and only weights as safetensors: a pickle runs code when it is read. The
loading itself is left to `_pipeline`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from bot.engine.hub import Wanted, fetch
from bot.engine.weights import is_local
from bot.errors import ModelError

INDEX = "model_index.json"
_LIBRARIES = frozenset({"diffusers", "transformers"})
_PICKLES = frozenset({".bin", ".pt", ".pth", ".ckpt", ".pkl", ".msgpack", ".h5"})
# The same weights in another precision, or before they were averaged.
_VARIANTS = tuple(f"*.{variant}{rest}" for variant in ("fp16", "bf16", "non_ema", "ema") for rest in (".*", "-0*"))

INDEX_ALONE = Wanted("IMAGE_MODEL", (INDEX,))

Component = tuple[str, str, str]
"""A component's name in the pipeline, its library, its class."""


def public_name(model: str) -> str:
    """The model's name as people may see it: of a folder the last part, not where it lies on the host."""
    return model if len(Path(model).parts) == 2 and not Path(model).exists() else Path(model).name


def find_index(model: str) -> Path:
    """The model's `model_index.json`; a Hub id's is downloaded, or found in the Hub's cache.

    For a folder the network is never asked: this sets HF_HUB_OFFLINE, so call it before importing diffusers.

    Raises:
        ModelError: there is none.
        ModelUnreachable: the Hub does not give it.
    """
    if is_local(model):
        os.environ["HF_HUB_OFFLINE"] = "1"
        return index_in(Path(model).expanduser())
    return index_in(fetch(model, INDEX_ALONE))


def hub_files(components: list[Component]) -> Wanted:
    """What of a Hub model is fetched for these components: weights as safetensors in the usual precision, and text."""
    kinds = ("*.json", "*.txt", "*.model", "*.safetensors")
    files = tuple(f"{name}/{kind}" for name, _, _ in components for kind in kinds)
    return Wanted("IMAGE_MODEL", (INDEX, *files), doubles=_VARIANTS)


def index_in(folder: Path) -> Path:
    """The folder's `model_index.json`.

    Raises:
        ModelError: there is none.
    """
    if not folder.is_dir():
        raise ModelError(
            f"There is no folder {folder}. Set IMAGE_MODEL to a folder of a diffusers pipeline or a Hub id."
        )
    if not (folder / INDEX).is_file():
        raise ModelError(
            f"{folder} holds no {INDEX}, so it is no diffusers pipeline. "
            "Set IMAGE_MODEL to the folder that save_pretrained wrote."
        )
    return folder / INDEX


def read_index(index: Path) -> tuple[str, list[Component]]:
    """The pipeline's class and its components.

    Raises:
        ModelError: the file is damaged, or names something else than classes of diffusers and transformers.
    """
    try:
        entries = json.loads(index.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{index} cannot be read ({type(error).__name__}). Fetch the model again.") from error
    pipeline = entries.get("_class_name") if isinstance(entries, dict) else None
    if not _is_class_name(pipeline):
        raise ModelError(f"{index} names no pipeline class of diffusers (_class_name); a model's own code never runs.")
    components = list(_components(entries))
    for name, library, kind in components:
        if not (_is_library(library) and _is_class_name(kind)):
            raise ModelError(
                f"“{name}” in {index} asks for {kind!r} of {library!r}. "
                "Only classes of diffusers and transformers are loaded; choose another IMAGE_MODEL."
            )
    return str(pipeline), [(name, str(library), str(kind)) for name, library, kind in components]


def _components(entries: dict[str, object]) -> Iterator[tuple[str, object, object]]:
    """Every entry that names code. Plain settings stand in the same file; null twice is a component left out."""
    for name, value in entries.items():
        if name.startswith("_") or not isinstance(value, list) or not any(isinstance(part, str) for part in value):
            continue
        library, kind = value if len(value) == 2 else (value, None)
        yield name, library, kind


def _is_class_name(name: object) -> bool:
    return isinstance(name, str) and name.isidentifier() and not name.startswith("_")


def _is_library(name: object) -> bool:
    """Diffusers, transformers, or a package of diffusers' pipelines (a safety checker stands in "stable_diffusion")."""
    if not isinstance(name, str) or not name.isidentifier():
        return False
    return name in _LIBRARIES or (_diffusers() / "pipelines" / name / "__init__.py").is_file()


def _diffusers() -> Path:
    spec = find_spec("diffusers")
    if spec is None or spec.origin is None:
        raise ModelError("IMAGE_MODEL needs the package diffusers. Install the project again.")
    return Path(spec.origin).parent


def check_weights(folder: Path) -> None:
    """Refuse a component whose weights are there, but not as safetensors.

    Raises:
        ModelError: see above.
    """
    for part in sorted(path for path in folder.iterdir() if path.is_dir()):
        suffixes = {file.suffix for file in part.iterdir()}
        if suffixes & _PICKLES and ".safetensors" not in suffixes:
            raise ModelError(
                f"The weights in {part} are pickled, and a pickle runs code when it is read. "
                "Convert them to safetensors, or choose an IMAGE_MODEL that has them."
            )
