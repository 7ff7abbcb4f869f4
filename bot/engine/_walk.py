"""The way between two pictures: from the noise of one seed to that of another, or from one prompt to another.

Noise is turned, not mixed: on the straight line between two draws of Gaussian noise there is less noise than a model
knows (Shoemake, Animating Rotation with Quaternion Curves, 1985, gives the formula).
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

# Pictures that are drawn for one that moves; it is shown as all of them, and those between once more on the way back.
FRAMES = 12

_READ_WITH = {"prompt", "device", "num_images_per_prompt", "do_classifier_free_guidance", "negative_prompt"}
_EMBEDDINGS = ("prompt_embeds", "negative_prompt_embeds")
_POOLED = ("pooled_prompt_embeds", "negative_pooled_prompt_embeds")


def walks_between_seeds(pipe: Any) -> bool:
    """Whether the pipeline takes its first noise from us, in the plain form that its denoiser reads."""
    takes = inspect.signature(type(pipe).__call__).parameters
    plain = hasattr(pipe, "vae_scale_factor") and not hasattr(pipe, "_pack_latents")
    sized = own_side(pipe) is not None and hasattr(_denoiser(pipe).config, "in_channels")
    return "latents" in takes and plain and sized


def walks_between_prompts(pipe: Any) -> bool:
    """Whether it takes what it has read of a prompt from us, too."""
    takes = inspect.signature(type(pipe).__call__).parameters
    if not takes.keys() >= set(_EMBEDDINGS) or "prompt_attention_mask" in takes or not hasattr(pipe, "encode_prompt"):
        return False
    reads = inspect.signature(pipe.encode_prompt).parameters
    required = {name for name, parameter in reads.items() if parameter.default is inspect.Parameter.empty}
    return required <= _READ_WITH <= reads.keys()


def own_side(pipe: Any) -> int | None:
    """Pixels of a side that the pipeline draws when nobody says; None when it cannot be told."""
    size = getattr(getattr(_denoiser(pipe), "config", None), "sample_size", None)
    return size * pipe.vae_scale_factor if isinstance(size, int) and hasattr(pipe, "vae_scale_factor") else None


def noises(pipe: Any, seeds: tuple[int, int], side: int | None, frames: int) -> list[Tensor]:
    """The first noise of each frame, from one seed's to the other's. The first is that of the seed's own picture."""
    import torch

    denoiser = _denoiser(pipe)
    across = (side or own_side(pipe) or 0) // pipe.vae_scale_factor
    shape = (1, denoiser.config.in_channels, across, across)
    start, end = (
        torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed), dtype=denoiser.dtype) for seed in seeds
    )
    return [slerp(start, end, share).to(denoiser.device) for share in _shares(frames)]


def readings(pipe: Any, prompts: tuple[str, str], negative: str, frames: int) -> list[dict[str, Tensor]]:
    """What the pipeline has read, as its arguments, for each frame on the way from one prompt to the other."""
    takes = inspect.signature(type(pipe).__call__).parameters
    names = [name for name in (*_EMBEDDINGS, *_POOLED) if name in takes]
    start, end = (_read(pipe, prompt, negative) for prompt in prompts)
    return [
        {name: one + share * (other - one) for name, one, other in zip(names, start, end, strict=True)}
        for share in _shares(frames)
    ]


def slerp(start: Tensor, end: Tensor, share: float) -> Tensor:
    """The point at this share of the arc from one tensor to the other."""
    import torch

    one, other = start.float(), end.float()
    cosine = torch.dot(one.flatten(), other.flatten()) / (one.norm() * other.norm())
    angle = torch.acos(cosine.clamp(-1, 1))
    if angle < 1e-4:
        return start
    mixed = (torch.sin((1 - share) * angle) * one + torch.sin(share * angle) * other) / torch.sin(angle)
    return mixed.to(start.dtype)


def _shares(frames: int) -> list[float]:
    return [index / (frames - 1) for index in range(frames)]


def _read(pipe: Any, prompt: str, negative: str) -> Sequence[Tensor]:
    import torch

    with torch.no_grad():
        read: Sequence[Tensor] = pipe.encode_prompt(
            prompt=prompt,
            device=_denoiser(pipe).device,
            num_images_per_prompt=1,
            do_classifier_free_guidance=True,
            negative_prompt=negative,
        )
    return read


def _denoiser(pipe: Any) -> Any:
    return getattr(pipe, "unet", None) or getattr(pipe, "transformer", None)
