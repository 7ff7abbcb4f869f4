"""A diffusers pipeline: loaded with care, called with what it takes, its pictures as PNG files that tell their making.

It runs in the painter's process. Which folders are trusted is decided in `_pipeline_folder`.
"""

from __future__ import annotations

import inspect
import io
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.domain.generation import PaintRequest
from bot.engine import hardware
from bot.engine._pipeline_folder import Component, check_weights, find_index, public_name, read_index
from bot.engine.weights import is_local
from bot.errors import ModelError, RequestRejected

if TYPE_CHECKING:
    from PIL.Image import Image

Parameters = dict[str, str | int | float]
OnStep = Callable[[int, int], None]
"""Told steps done and steps in all; what it raises ends the painting at once."""


class Pipeline:
    """A loaded text-to-image pipeline."""

    def __init__(self, pipe: Any, name: str, description: str) -> None:
        self._pipe = pipe
        self._name = name
        self._takes = inspect.signature(type(pipe).__call__).parameters
        self.description = description

    @classmethod
    def load(cls, model: str, threads: int, dtype: str) -> Pipeline:
        """Load a folder or a Hub id: no code of the model's own, no pickles.

        Raises:
            ModelError: it is missing, damaged, not allowed, or makes no pictures from words.
        """
        index = find_index(model)
        kind, components = read_index(index)
        local = is_local(model)
        if local:
            check_weights(index.parent)

        import torch

        _quieten_libraries()
        check_classes(index, kind, components)
        folder = index.parent if local else _download(model)
        torch.set_num_threads(hardware.choose_threads(threads))
        device = hardware.choose_device()
        number_format = hardware.choose_dtype(dtype, device)
        pipe = _load_weights(folder, number_format).to(device)
        format_name = str(number_format).removeprefix("torch.")
        return cls(pipe, public_name(model), f"{kind}, {format_name} on {device}, {torch.get_num_threads()} threads")

    def paint(self, request: PaintRequest, seed: int, on_step: OnStep) -> tuple[list[bytes], Parameters]:
        """Paint the pictures one after another, picture i from `seed` + i: as PNG, with the parameters of the first.

        Raises:
            RequestRejected: the words are too long for the pipeline, its safety filter held a picture back, or it does
                not take these values.
        """
        words = ", ".join(part for part in (request.prompt, request.style) if part)
        self._check_length(words)
        pictures, first = [], Parameters()
        for index in range(request.count):
            arguments = self._arguments(request, words, seed + index)
            image, steps = self._call(arguments, index, request.count, on_step)
            parameters = self._parameters(request, arguments, image, steps, seed + index)
            pictures.append(_as_png(image, parameters))
            first = first or parameters
        return pictures, first

    def _check_length(self, words: str) -> None:
        """Refuse what no text encoder of the pipeline reads whole: diffusers would drop the rest without a word."""
        from transformers import PreTrainedTokenizerBase

        tokenizers = [part for part in self._pipe.components.values() if isinstance(part, PreTrainedTokenizerBase)]
        if not tokenizers:
            return
        widest = max(tokenizers, key=lambda tokenizer: tokenizer.model_max_length)
        tokens = len(widest(words).input_ids)
        if tokens > widest.model_max_length:
            raise RequestRejected("paint.too_long", tokens=tokens, limit=widest.model_max_length)

    def _arguments(self, request: PaintRequest, words: str, seed: int) -> dict[str, Any]:
        import torch

        wanted = {
            "prompt": words,
            "negative_prompt": request.negative or None,
            "height": request.size,
            "width": request.size,
            "num_inference_steps": request.steps,
            "guidance_scale": request.guidance,
            # On the processor, so that a seed gives the same picture on every device.
            "generator": torch.Generator("cpu").manual_seed(seed),
        }
        return {name: value for name, value in wanted.items() if value is not None and name in self._takes}

    def _call(self, arguments: dict[str, Any], index: int, count: int, on_step: OnStep) -> tuple[Image, int]:
        """One picture, and the steps that it took. `index` of `count` pictures are done already."""
        steps = int(self._setting(arguments, "num_inference_steps") or 1)

        def after_step(step: int) -> None:
            # A scheduler of second order takes more timesteps than it was asked for steps.
            total = max(getattr(self._pipe, "num_timesteps", steps), step + 1)
            on_step(index * total + step + 1, count * total)

        callback = self._callback(after_step)
        try:
            output = self._pipe(**arguments, **callback)
        except ValueError as error:
            raise RequestRejected(reason=str(error)) from error
        if not callback:
            after_step(steps - 1)
        if any(getattr(output, "nsfw_content_detected", None) or ()):
            raise RequestRejected("paint.held_back")
        images = getattr(output, "images", None)
        if not images:
            raise RequestRejected(reason="this model makes no pictures")
        return images[0], steps

    def _callback(self, after_step: Callable[[int], None]) -> dict[str, Any]:
        """The callback that this pipeline takes. A few take none: their progress, and cancelling, goes by pictures."""
        if "callback_on_step_end" in self._takes:

            def on_step_end(_pipe: object, step: int, _timestep: object, tensors: dict[str, Any]) -> dict[str, Any]:
                after_step(step)
                return tensors

            return {"callback_on_step_end": on_step_end}
        if "callback" in self._takes:
            return {"callback": lambda step, _timestep, _latents: after_step(step), "callback_steps": 1}
        return {}

    def _setting(self, arguments: Mapping[str, Any], name: str) -> Any:
        """What the pipeline uses: the argument, else its own default; None when it has no such setting."""
        if name in arguments:
            return arguments[name]
        default = self._takes[name].default if name in self._takes else None
        return None if default is inspect.Parameter.empty else default

    def _parameters(
        self, request: PaintRequest, arguments: Mapping[str, Any], image: Image, steps: int, seed: int
    ) -> Parameters:
        parameters = {
            "alt": request.prompt,
            "prompt": arguments["prompt"],
            "negative": arguments.get("negative_prompt"),
            "model": self._name,
            "seed": seed,
            "steps": steps,
            "guidance": self._setting(arguments, "guidance_scale"),
            "size": f"{image.width}x{image.height}",
        }
        return {name: value for name, value in parameters.items() if value is not None}


def _quieten_libraries() -> None:
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


def _download(model: str) -> Path:
    """The Hub model's folder in the Hub's cache, without what is not loaded."""
    from diffusers import DiffusionPipeline

    try:
        folder = Path(DiffusionPipeline.download(model, use_safetensors=True, trust_remote_code=False))
    except Exception as error:  # the library and the transports under it raise many kinds
        raise ModelError(
            f"{model} could not be downloaded as safetensors ({type(error).__name__}). "
            "Check that it has such weights, and the network; or set IMAGE_MODEL to a folder."
        ) from error
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


def _as_png(image: Image, parameters: Parameters) -> bytes:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Software", "Inkling")
    for name, value in parameters.items():
        info.add_text(name, str(value))
    file = io.BytesIO()
    image.convert("RGB").save(file, "PNG", pnginfo=info)
    return file.getvalue()
