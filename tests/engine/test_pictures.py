"""The painter's parts that need no pipeline: guesses, walks, files, and what a folder's card may say."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from diffusers import (
    DDIMScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    UniPCMultistepScheduler,
)
from PIL import Image

from bot.engine._picture_files import as_frames, as_gif, as_png, as_preview, enlarge, is_blank
from bot.engine._pipeline_card import Card, read_card
from bot.engine._previews import Previews
from bot.engine._walk import slerp
from bot.engine.painter import check_pipeline
from bot.errors import ModelError


class Decoder:
    """Shows latents as they are: their first three channels are the picture."""

    config = SimpleNamespace(scaling_factor=1.0, shift_factor=None)

    def decode(self, latents: torch.Tensor, return_dict: bool) -> tuple[torch.Tensor]:
        return (latents,)


class Recorder:
    """Keeps what it is to show."""

    def __init__(self) -> None:
        self.shown: list[torch.Tensor] = []

    def postprocess(self, pictures: torch.Tensor, output_type: str) -> list[Image.Image]:
        self.shown.append(pictures)
        return [Image.new("RGB", (8, 8))]


def noise_told(scheduler: Any, x0: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """What a model that knows the picture would answer."""
    flows = isinstance(scheduler, FlowMatchEulerDiscreteScheduler | UniPCMultistepScheduler)
    return noise - x0 if flows else noise


# EulerDiscreteScheduler's own, in diffusers 0.42.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize(
    "scheduler",
    [
        DDIMScheduler(clip_sample=False, set_alpha_to_one=True),
        EulerDiscreteScheduler(),
        FlowMatchEulerDiscreteScheduler(),
        UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True),
    ],
    ids=lambda scheduler: type(scheduler).__name__,
)
def test_a_preview_is_the_picture_that_the_model_has_in_mind(scheduler: Any) -> None:
    generator = torch.Generator().manual_seed(0)
    x0, noise = (torch.randn((1, 3, 4, 4), generator=generator) for _ in range(2))
    recorder = Recorder()
    previews = Previews(SimpleNamespace(vae=Decoder(), scheduler=scheduler, image_processor=recorder))
    scheduler.set_timesteps(10)
    latents = noise * scheduler.init_noise_sigma if hasattr(scheduler, "init_noise_sigma") else noise
    if isinstance(scheduler, EulerDiscreteScheduler):
        latents = x0 + noise * scheduler.sigmas[0]
    elif isinstance(scheduler, DDIMScheduler):
        kept = scheduler.alphas_cumprod[scheduler.timesteps[0]]
        latents = kept.sqrt() * x0 + (1 - kept).sqrt() * noise
    for step, timestep in enumerate(scheduler.timesteps[:2]):
        if hasattr(scheduler, "scale_model_input"):
            scheduler.scale_model_input(latents, timestep)
        latents = scheduler.step(noise_told(scheduler, x0, noise), timestep, latents).prev_sample
        previews.after_step(step, latents)

    (shown,) = recorder.shown
    assert torch.allclose(shown, x0, atol=0.02)


def test_a_pipeline_without_a_decoder_of_the_usual_kind_has_no_previews() -> None:
    previews = Previews(SimpleNamespace(scheduler=None))

    assert previews.after_step(1, torch.zeros(1, 3, 4, 4)) is None


def test_a_walk_keeps_as_much_noise_as_its_ends_have() -> None:
    start, end = (torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(seed)) for seed in (1, 2))

    middle = slerp(start, end, 0.5)

    assert torch.allclose(slerp(start, end, 0.0), start, atol=1e-5)
    assert torch.allclose(slerp(start, end, 1.0), end, atol=1e-5)
    assert middle.norm() == pytest.approx(float(start.norm() + end.norm()) / 2, rel=0.05)
    assert ((start + end) / 2).norm() < 0.8 * middle.norm()


def test_a_large_picture_is_left_as_it_is() -> None:
    picture = Image.effect_noise((512, 512), 50)

    assert enlarge(picture, None) is picture
    assert enlarge(picture, 600) is picture


@pytest.mark.parametrize(
    ("picture", "blank"),
    [
        (Image.new("RGB", (64, 64), "white"), True),
        (Image.new("RGB", (64, 64)), True),
        (Image.effect_noise((64, 64), 40), False),
    ],
)
def test_a_picture_of_one_colour_is_blank(picture: Image.Image, blank: bool) -> None:
    assert is_blank(picture) is blank


def test_parameters_in_any_script_survive_in_both_kinds_of_file() -> None:
    picture, parameters = Image.effect_noise((8, 8), 40).convert("RGB"), {"prompt": "画一只猫", "seed": 7}

    png = Image.open(io.BytesIO(as_png(picture, parameters)))
    gif = Image.open(io.BytesIO(as_gif(as_frames([picture, picture.rotate(90)], None), parameters)))

    assert png.text == {"Software": "Inkling", "prompt": "画一只猫", "seed": "7"}  # type: ignore[attr-defined]
    assert gif.info["comment"].decode() == "Software: Inkling\nprompt: 画一只猫\nseed: 7"


def test_a_preview_of_a_grid_holds_four_in_one_small_picture() -> None:
    data = as_preview([Image.new("RGB", (64, 64), colour) for colour in ("red", "green", "blue", "yellow")])

    sheet = Image.open(io.BytesIO(data))
    assert sheet.size == (256, 256)
    assert [sheet.getpixel(at) for at in ((5, 5), (250, 250))] == [(255, 0, 0), (255, 255, 0)]


def test_a_folder_without_a_card_leaves_everything_to_the_pipeline(tmp_path: Path) -> None:
    card = read_card(tmp_path)

    assert card == Card()
    assert card.prompt("a cat", "ink") == "a cat, ink"
    assert (card.side(None), card.side(256)) == (None, 256)


@pytest.mark.parametrize("content", ["[]", "{", '{"styles": [{"name": "x"}]}', '{"styles": 7}'])
def test_a_damaged_card_is_refused_by_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "painter.json").write_text(content)

    with pytest.raises(ModelError, match=r"painter\.json cannot be read"):
        read_card(tmp_path)


def test_a_folder_is_checked_without_loading_it(tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text(
        json.dumps({"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"]})
    )
    check_pipeline(tmp_path)
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  unet/model.safetensors\n")

    with pytest.raises(ModelError, match=r"unet/model\.safetensors cannot be read"):
        check_pipeline(tmp_path)
