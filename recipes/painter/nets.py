"""The painter's parts, in three sizes: diffusers' autoencoder and UNet, transformers' CLIP text encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import diffusers
import torch
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast

from recipes.painter.pictures import SIDE
from recipes.painter.words import LENGTH

parts: Any = diffusers
"""Its classes come untyped: a checker does not see what they inherit."""
Autoencoder: TypeAlias = Any
Unet: TypeAlias = Any

GROUPS = 8
SHRINK = 8
"""A latent pixel stands for 8 x 8 pixels, so that any side that is a multiple of 8 can be asked for."""


@dataclass(frozen=True)
class Size:
    """How large the parts are: channels by level, from the finest to the coarsest."""

    vae: tuple[int, int, int, int]
    latents: int
    unet: tuple[int, int]
    text: int
    text_layers: int
    vocabulary: int
    dropout: float = 0.0


SIZES = {
    "tiny": Size((8, 8, 8, 8), 4, (16, 16), 16, 1, 400),
    "small": Size((16, 32, 64, 96), 8, (96, 160), 192, 3, 5_000),
    "medium": Size((32, 64, 64, 96), 16, (96, 160), 192, 3, 5_000, dropout=0.1),
}
"""`tiny` is for tests, `small` for two cores, `medium` has a finer autoencoder and wants a GPU; it sees each
picture so often that it needs dropout."""


def autoencoder(size: Size) -> Autoencoder:
    levels = len(size.vae)
    return parts.AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=size.vae,
        layers_per_block=1,
        latent_channels=size.latents,
        norm_num_groups=GROUPS,
        sample_size=SIDE,
        scaling_factor=1.0,
        force_upcast=False,
        mid_block_add_attention=False,
    )


def text_encoder(size: Size, tokenizer: PreTrainedTokenizerFast) -> CLIPTextModel:
    """Words begin far apart and padding at nothing, so that what stands in the padding's places tells the words too."""
    encoder = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=size.text,
            intermediate_size=4 * size.text,
            num_hidden_layers=size.text_layers,
            num_attention_heads=4,
            max_position_embeddings=LENGTH,
            hidden_act="gelu",
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    with torch.no_grad():
        embedding: Any = encoder.get_input_embeddings()
        embedding.weight.normal_(std=0.3)[tokenizer.pad_token_id] = 0.0
    return encoder


def unet(size: Size) -> Unet:
    """The text comes in twice: by cross-attention, and pooled beside the time step.

    Both doors begin shut (their last weights are 0): the UNet lets in what helps, and has no noise to silence.
    """
    made = parts.UNet2DConditionModel(
        sample_size=SIDE // SHRINK,
        in_channels=size.latents,
        out_channels=size.latents,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        block_out_channels=size.unet,
        layers_per_block=1,
        dropout=size.dropout,
        norm_num_groups=GROUPS,
        cross_attention_dim=size.text,
        attention_head_dim=4,
        use_linear_projection=True,
        resnet_time_scale_shift="scale_shift",
        addition_embed_type="text",
        addition_embed_type_num_heads=4,
    )
    for name, part in made.named_modules():
        if name.endswith(("attn2.to_out.0", "add_embedding.norm2")):
            nn.init.zeros_(part.weight)
    return made


def scheduler() -> Any:
    """Flow matching, solved in few steps (UniPC, arXiv 2302.04867)."""
    return parts.UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, steps_offset=1)


def pipeline(vae: Autoencoder, encoder: CLIPTextModel, tokenizer: PreTrainedTokenizerFast, denoiser: Unet) -> Any:
    return parts.StableDiffusionPipeline(
        vae=vae,
        text_encoder=encoder,
        tokenizer=tokenizer,
        unet=denoiser,
        scheduler=scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


class Discriminator(nn.Module):
    """A patch discriminator (arXiv 1611.07004): tells drawn patches of 22 pixels from reconstructed ones."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        shapes = [(3, width), (width, 2 * width), (2 * width, 3 * width)]
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in shapes)
        self.verdict = nn.Conv2d(3 * width, 1, 1)

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """The verdicts by patch, and the features of every layer."""
        features, x = [], pictures
        for layer in self.layers:
            x = nn.functional.leaky_relu(layer(x), 0.2)
            features.append(x)
        return self.verdict(x), features


def count(*modules: nn.Module) -> int:
    """How many parameters modules have together."""
    return sum(parameter.numel() for module in modules for parameter in module.parameters())
