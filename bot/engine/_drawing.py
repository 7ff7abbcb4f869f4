"""One request drawn by a pipeline: stills, each from its own seed, variations of a picture, or one picture that moves.

What comes out is looked at before anybody sees it. The pipeline and what is known of it are `_pipeline`'s.
"""

from __future__ import annotations

import inspect
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from bot.domain.generation import PaintRequest
from bot.engine import _walk
from bot.engine._picture_checking import Checker
from bot.engine._picture_files import Parameters, as_frames, as_gif, as_png, as_preview, enlarge, is_blank
from bot.engine._pipeline_card import Card
from bot.engine._previews import Previews
from bot.errors import RequestRejected

OnStep = Callable[[int, int, bytes | None], None]
"""Told steps done, steps in all, and now and then a preview's PNG; what it raises ends the painting at once."""

# How far from its source a varied picture goes where nobody says.
STRENGTH = 0.6

# A picture that came out blank is drawn once again with a seed so far on, which none of the pictures beside it has.
_ANOTHER_SEED = 1000


@dataclass(frozen=True, slots=True)
class Parts:
    """A pipeline, the one over the same components that begins with a picture (None: there is none), and its card."""

    pipe: Any
    varying: Any
    name: str
    card: Card
    checker: Checker | None = None


@dataclass(slots=True)
class Drawn:
    """Picture files, the parameters of the first, and the seed of each."""

    files: list[bytes] = field(default_factory=list)
    parameters: Parameters = field(default_factory=dict)
    seeds: list[int] = field(default_factory=list)
    media_type: str = "image/png"


class Drawing:
    """One request under way."""

    def __init__(self, parts: Parts, request: PaintRequest, seed: int, on_step: OnStep) -> None:
        self._parts = parts
        self._request = request
        self._seed = seed
        self._on_step = on_step
        self._pipe = parts.pipe if request.source is None else parts.varying
        if self._pipe is None:
            raise RequestRejected("paint.cannot_vary")
        self._takes = takes_of(self._pipe)
        self._previews = Previews(self._pipe)
        self._words = parts.card.prompt(request.prompt, request.style)
        # Pictures in all, and those that are done.
        self._count = request.count
        self._done: list[Image.Image] = []

    def run(self) -> Drawn:
        """Draw it all.

        Raises:
            RequestRejected: the pipeline cannot do this or does not take these values, or what came out is not shown.
        """
        return self._moving() if self._request.animated else self._stills()

    def _stills(self) -> Drawn:
        drawn = Drawn()
        for index in range(self._request.count):
            seed = self._seed + index
            image = self._draw(self._arguments(seed))
            if is_blank(image):
                seed += _ANOTHER_SEED
                image = self._draw(self._arguments(seed))
            if is_blank(image):
                raise RequestRejected("paint.blank")
            self._done.append(image)
            large = enlarge(image, self._request.size)
            parameters = self._parameters(seed, large, image)
            drawn.files.append(as_png(large, parameters))
            drawn.seeds.append(seed)
            drawn.parameters = drawn.parameters or parameters
        return drawn

    def _moving(self) -> Drawn:
        """The frames of a walk, as one file. Their checks are those of pictures; a few blank ones may pass."""
        request, seeds = self._request, (self._seed, self._seed + 1)
        self._count = _walk.FRAMES
        for change in self._changes(seeds):
            self._done.append(self._draw(self._arguments(self._seed) | change))
        if all(map(is_blank, self._done)):
            raise RequestRejected("paint.blank")
        frames = as_frames(self._done, request.size)
        end: Parameters = {"towards": self._towards} if request.towards else {"towards_seed": seeds[1]}
        parameters = self._parameters(self._seed, frames[0], self._done[0]) | end | {"frames": len(frames)}
        return Drawn([as_gif(frames, parameters)], parameters, [self._seed], "image/gif")

    @property
    def _towards(self) -> str:
        return self._parts.card.prompt(self._request.towards, self._request.style)

    def _changes(self, seeds: tuple[int, int]) -> list[dict[str, Any]]:
        """What each frame's call has in place of the first one's."""
        if not _walk.walks_between_seeds(self._pipe):
            raise RequestRejected("paint.cannot_animate")
        if not self._request.towards:
            noises = _walk.noises(self._pipe, seeds, self._side, _walk.FRAMES)
            return [{"latents": noise} for noise in noises]
        if not _walk.walks_between_prompts(self._pipe):
            raise RequestRejected("paint.cannot_blend")
        read = _walk.readings(self._pipe, (self._words, self._towards), self._request.negative, _walk.FRAMES)
        return [{**embeddings, "prompt": None, "negative_prompt": None} for embeddings in read]

    @property
    def _side(self) -> int | None:
        return self._parts.card.side(self._request.size)

    def _arguments(self, seed: int) -> dict[str, Any]:
        import torch

        request, card = self._request, self._parts.card
        wanted: dict[str, Any] = {
            "prompt": self._words,
            "negative_prompt": request.negative or None,
            "height": self._side,
            "width": self._side,
            "num_inference_steps": request.steps or card.steps,
            "guidance_scale": card.guidance if request.guidance is None else request.guidance,
            # On the processor, so that a seed gives the same picture on every device.
            "generator": torch.Generator("cpu").manual_seed(seed),
        }
        if request.source is not None:
            wanted |= {"image": self._source(request.source), "strength": request.strength or STRENGTH}
        return {name: value for name, value in wanted.items() if value is not None and name in self._takes}

    def _source(self, data: bytes) -> Image.Image:
        """The picture to vary, at the size that it was drawn at before it was enlarged."""
        try:
            image = Image.open(io.BytesIO(data)).convert("RGB")
        except (OSError, ValueError) as error:
            raise RequestRejected("paint.bad_source") from error
        side = self._side or _walk.own_side(self._pipe) or min(image.size)
        return image if image.size == (side, side) else image.resize((side, side), Image.Resampling.BOX)

    def _draw(self, arguments: dict[str, Any]) -> Image.Image:
        """One picture that may be shown."""
        steps = int(setting(self._takes, arguments, "num_inference_steps") or 1)

        def after_step(step: int, latents: Any) -> None:
            # A scheduler of second order takes more timesteps than it was asked for steps, a variation fewer.
            total = max(getattr(self._pipe, "num_timesteps", steps), step + 1)
            preview = self._previews.after_step(step, latents) if step + 1 < total else None
            beside = [] if self._request.animated else self._done
            shown = None if preview is None else as_preview([*beside, preview])
            self._on_step(len(self._done) * total + step + 1, self._count * total, shown)

        callback = self._callback(after_step)
        try:
            output = self._pipe(**arguments, **callback)
        except ValueError as error:
            raise RequestRejected(reason=str(error)) from error
        if not callback:
            after_step(steps - 1, None)
        images = getattr(output, "images", None)
        if not images:
            raise RequestRejected(reason="this model makes no pictures")
        self._check(output, images[0])
        image: Image.Image = images[0]
        return image

    def _callback(self, after_step: Callable[[int, Any], None]) -> dict[str, Any]:
        """The callback that this pipeline takes. A few take none: their progress, and cancelling, goes by pictures."""
        if "callback_on_step_end" in self._takes:

            def on_step_end(_pipe: object, step: int, _timestep: object, tensors: dict[str, Any]) -> dict[str, Any]:
                after_step(step, tensors.get("latents"))
                return tensors

            return {"callback_on_step_end": on_step_end}
        if "callback" in self._takes:
            return {"callback": lambda step, _timestep, latents: after_step(step, latents), "callback_steps": 1}
        return {}

    def _check(self, output: Any, image: Image.Image) -> None:
        """By the pipeline's own filter where it has one, and by the host's checker where one is set."""
        checker = self._parts.checker
        if any(getattr(output, "nsfw_content_detected", None) or ()) or (
            checker is not None and checker.objects(image)
        ):
            raise RequestRejected("paint.held_back")

    def _parameters(self, seed: int, shown: Image.Image, drawn: Image.Image) -> Parameters:
        request, arguments = self._request, self._arguments(seed)
        parameters = {
            "alt": ", ".join(part for part in (request.prompt, request.style) if part),
            "prompt": self._words,
            "style": request.style or None,
            "negative": arguments.get("negative_prompt"),
            "model": self._parts.name,
            "seed": seed,
            "steps": setting(self._takes, arguments, "num_inference_steps"),
            "guidance": setting(self._takes, arguments, "guidance_scale"),
            "strength": arguments.get("strength"),
            "size": f"{shown.width}x{shown.height}",
            "drawn": f"{drawn.width}x{drawn.height}" if drawn.size != shown.size else None,
        }
        return {name: value for name, value in parameters.items() if value is not None}


def takes_of(pipe: Any) -> Mapping[str, inspect.Parameter]:
    """What a pipeline may be called with."""
    return inspect.signature(type(pipe).__call__).parameters


def setting(takes: Mapping[str, inspect.Parameter], arguments: Mapping[str, Any], name: str) -> Any:
    """What a pipeline uses: the argument, else its own default; None when it has no such setting."""
    if name in arguments:
        return arguments[name]
    default = takes[name].default if name in takes else None
    return None if default is inspect.Parameter.empty else default
