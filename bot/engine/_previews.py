"""How a picture looks before it is done, guessed from two states of its latents.

A sampler moves along x = a·x0 + s·e, from much noise e to the picture x0, with known levels a and s. Two states of one
path are two equations, so x0 can be had without asking the model again; for a sampler of first order that is the very
picture that the model has in mind (Song et al., Denoising Diffusion Implicit Models, 2021, equation 12).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

# Of the time that drawing takes, at the most so much goes into previews.
SHARE = 0.15
# Below this the two equations say the same.
_LEAST = 1e-3
# Samplers that start from more noise than this add it to a picture that is not scaled down.
_UNSCALED = 2.0


class Previews:
    """The previews of one request. They need a decoder of the usual kind: without one there are none."""

    def __init__(self, pipe: Any) -> None:
        config = getattr(getattr(pipe, "vae", None), "config", None)
        self._scale: float = getattr(config, "scaling_factor", None) or 0.0
        self._shift: float = getattr(config, "shift_factor", None) or 0.0
        self._can = self._scale > 0 and hasattr(pipe, "image_processor")
        self._pipe = pipe
        self._before: tuple[int, Tensor] | None = None
        self._began = time.monotonic()
        self._spent = 0.0

    def after_step(self, step: int, latents: Tensor | None) -> Image | None:
        """A preview, where it is due. `step` counts from 0 in each picture."""
        if not self._can or latents is None or latents.ndim != 4:
            return None
        before, self._before = self._before, (step, latents)
        now = time.monotonic()
        if before is None or before[0] != step - 1 or self._spent > SHARE * (now - self._began):
            return None
        image = self._decode(self._guess(step, before[1], latents))
        self._spent += time.monotonic() - now
        return image

    def _guess(self, step: int, earlier: Tensor, later: Tensor) -> Tensor:
        scheduler = self._pipe.scheduler
        (a0, s0), (a1, s1) = _level(scheduler, step), _level(scheduler, step + 1)
        determinant = s1 * a0 - s0 * a1
        return later if abs(determinant) < _LEAST else (s1 * earlier - s0 * later) / determinant

    def _decode(self, latents: Tensor) -> Image:
        pictures = self._pipe.vae.decode(latents / self._scale + self._shift, return_dict=False)[0]
        image: Image = self._pipe.image_processor.postprocess(pictures, output_type="pil")[0]
        return image


def _level(scheduler: Any, step: int) -> tuple[float, float]:
    """How much picture and how much noise there is before a step of the sampler's course; after the last: no noise."""
    sigmas: Any = getattr(scheduler, "sigmas", None)
    if _is_flow(scheduler):
        sigma = float(sigmas[step])
        return 1 - sigma, sigma
    if sigmas is not None and float(scheduler.init_noise_sigma) > _UNSCALED:
        return 1.0, float(sigmas[step])
    if step >= len(scheduler.timesteps) or not hasattr(scheduler, "alphas_cumprod"):
        return 1.0, 0.0
    kept = float(scheduler.alphas_cumprod[int(scheduler.timesteps[step])])
    return kept**0.5, (1 - kept) ** 0.5


def _is_flow(scheduler: Any) -> bool:
    """Whether it goes straight from noise to picture (Lipman et al., Flow Matching for Generative Modeling, 2023)."""
    config = scheduler.config
    return bool(
        type(scheduler).__name__.startswith("FlowMatch")
        or config.get("use_flow_sigmas")
        or config.get("prediction_type") == "flow_prediction"
    )
