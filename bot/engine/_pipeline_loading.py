"""Loading a diffusers pipeline with care: classes that exist, safetensors only, no code of the model's own.

Which folders are trusted is decided in `_pipeline_folder`; what the pipeline is asked, in `_pipeline`.
"""

from __future__ import annotations

import inspect
import warnings
from pathlib import Path
from typing import Any

from bot.engine import checksums, hardware
from bot.engine._pipeline_folder import Component, check_weights, find_index, hub_files, read_index
from bot.engine.hub import Told, fetch, untold
from bot.engine.weights import is_local
from bot.errors import ModelError


def load_pipeline(model: str, threads: int, dtype: str, told: Told = untold) -> tuple[Any, Path, str]:
    """Load a folder or a Hub id: the pipeline, its folder, and a line for the operator.

    Raises:
        ModelError: it is missing, damaged, not allowed, or makes no pictures from words.
    """
    index = find_index(model)
    kind, components = read_index(index)
    local = is_local(model)
    if local:
        check_weights(index.parent)
        checksums.check(index.parent)

    import torch

    quieten_libraries()
    check_classes(index, kind, components)
    folder = index.parent if local else _download(model, components, told)
    torch.set_num_threads(hardware.choose_threads(threads))
    device = hardware.choose_device()
    number_format = hardware.choose_dtype(dtype, device)
    pipe = _load_weights(folder, number_format).to(device)
    format_name = str(number_format).removeprefix("torch.")
    return pipe, folder, f"{kind}, {format_name} on {device}, {torch.get_num_threads()} threads"


def image_to_image(pipe: Any) -> Any:
    """The pipeline over the same components that begins with a picture; None where diffusers has none for it.

    Diffusers names it after the other one; its table of them (AutoPipelineForImage2Image) would import every pipeline.
    """
    import diffusers

    kind: Any = getattr(diffusers, type(pipe).__name__.replace("Pipeline", "Img2ImgPipeline"), None)
    if not _is_pipeline(kind):
        return None
    other = kind.from_pipe(pipe)
    other.set_progress_bar_config(disable=True)
    return other


def quieten_libraries() -> None:
    """No bars on the terminal, and no warnings: some quote the prompt, others speak to the libraries' programmers."""
    warnings.simplefilter("ignore", FutureWarning)
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    for logging in (diffusers_logging, transformers_logging):
        logging.set_verbosity_error()
        logging.disable_progress_bar()


def check_classes(index: Path, kind: str, components: list[Component]) -> None:
    """Whether the classes that an index names exist, and make one pipeline that paints from words.

    Raises:
        ModelError: they do not.
    """
    import diffusers
    from diffusers.pipelines import pipeline_loading_utils

    class_of: Any = pipeline_loading_utils.simple_get_class_obj

    pipeline: Any = getattr(diffusers, kind, None)
    if not _is_pipeline(pipeline) or pipeline._load_connected_pipes:
        raise ModelError(f"{index} asks for {kind}, which is no pipeline that this diffusers loads from one folder.")
    for name, library, class_name in components:
        try:
            part = class_of(library, class_name)
        except (AttributeError, ImportError, RuntimeError) as error:
            raise ModelError(f"“{name}” in {index} asks for {class_name}, which {library} does not have.") from error
        if _is_pipeline(part):
            raise ModelError(f"“{name}” in {index} is a pipeline inside the pipeline, which is never loaded.")
    takes = inspect.signature(pipeline.__call__).parameters
    required = {name for name, parameter in takes.items() if parameter.default is inspect.Parameter.empty}
    if "prompt" not in takes or required - {"self", "prompt", "args", "kwargs"}:
        raise ModelError(
            f"{kind} in {index} does not paint from words alone. Set IMAGE_MODEL to a text-to-image pipeline."
        )


def _is_pipeline(kind: object) -> bool:
    from diffusers import DiffusionPipeline

    return inspect.isclass(kind) and issubclass(kind, DiffusionPipeline)


def _download(model: str, components: list[Component], told: Told) -> Path:
    """The Hub model's folder in the Hub's cache: its components, without what is not loaded.

    Raises:
        ModelUnreachable: the Hub does not give it.
        ModelError: a component has no weights as safetensors.
    """
    folder = fetch(model, hub_files(components), told)
    check_weights(folder)
    return folder


def _load_weights(folder: Path, dtype: object) -> Any:
    import diffusers

    loader: Any = diffusers.DiffusionPipeline

    try:
        pipe = loader.from_pretrained(
            folder, dtype=dtype, use_safetensors=True, trust_remote_code=False, local_files_only=True
        )
    except MemoryError as error:
        raise ModelError(f"The model in {folder} does not fit into memory. Choose a smaller IMAGE_MODEL.") from error
    except Exception as error:  # diffusers, transformers, safetensors and torch raise many kinds
        reason = str(error).partition("\n")[0][:200].rstrip(" .")
        raise ModelError(
            f"diffusers could not load {folder} ({type(error).__name__}: {reason}). Fetch or save the model again."
        ) from error
    pipe.set_progress_bar_config(disable=True)
    return pipe
