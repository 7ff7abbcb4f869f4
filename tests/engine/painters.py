"""Tiny painters, made in a second: pipelines of random weights that paint a few thousand pixels, and requests to them.

What they paint is noise, but by the real way: tokenizer, text encoder, denoising steps, decoder.
"""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    LDMTextToImagePipeline,
    PixArtAlphaPipeline,
    PixArtTransformer2DModel,
    StableDiffusionPipeline,
    UNet2DConditionModel,
    UniPCMultistepScheduler,
)
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTokenizer,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
    ViTConfig,
    ViTForImageClassification,
    ViTImageProcessorPil,
)

from bot.domain.generation import Painted, PaintEvent, PaintRequest
from bot.engine.painter import LocalPainter

# The tokenizer reads characters, so this is about what fits into a prompt.
WINDOW = 77


def save_tiny_painter(folder: Path, *, flow: bool = False) -> None:
    """A Stable Diffusion pipeline, 64 x 64 pixels unless asked otherwise; by flow matching, as the bundled one."""
    torch.manual_seed(0)
    tokenizer = _tokenizer()
    pipe = StableDiffusionPipeline(
        vae=_decoder(),
        text_encoder=_text_encoder(tokenizer),
        tokenizer=tokenizer,
        unet=_denoiser(),
        scheduler=UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, steps_offset=1)
        if flow
        else DDIMScheduler(steps_offset=1, clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.save_pretrained(folder)


def save_tiny_pixart(folder: Path) -> None:
    """A transformer pipeline with the callback of older days, 256 x 256 pixels."""
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((c, -1.0) for c in "▁" + string.ascii_lowercase)]
    tokenizer = T5Tokenizer(vocab=vocabulary, model_max_length=120)
    pipe = PixArtAlphaPipeline(
        tokenizer=tokenizer,
        text_encoder=T5EncoderModel(
            T5Config(vocab_size=len(tokenizer), d_model=32, d_ff=32, d_kv=8, num_layers=1, num_heads=4)
        ),
        vae=_decoder(),
        transformer=PixArtTransformer2DModel(
            sample_size=32,
            num_layers=1,
            num_attention_heads=3,
            attention_head_dim=8,
            cross_attention_dim=24,
            caption_channels=32,
        ),
        scheduler=DDIMScheduler(),
    )
    pipe.save_pretrained(folder)


def save_tiny_latent_diffusion(folder: Path) -> None:
    """A pipeline from before there were callbacks, 64 x 64 pixels."""
    tokenizer = _tokenizer()
    pipe = LDMTextToImagePipeline(
        vqvae=_decoder(),
        bert=_text_encoder(tokenizer),
        tokenizer=tokenizer,
        unet=_denoiser(),
        scheduler=DDIMScheduler(),
    )
    pipe.save_pretrained(folder)


def _decoder() -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(4, 4, 4, 4),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        norm_num_groups=2,
    )


def _denoiser() -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(4, 8),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=16,
        attention_head_dim=2,
        norm_num_groups=2,
    )


def _tokenizer() -> CLIPTokenizer:
    characters = string.ascii_lowercase + string.digits + string.punctuation
    tokens = [*characters, *(f"{character}</w>" for character in characters), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(
        vocab={token: number for number, token in enumerate(tokens)}, merges=[], model_max_length=WINDOW
    )


def _text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=16,
            intermediate_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=WINDOW,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def save_tiny_checker(folder: Path, *, objects: bool, labels: tuple[str, str] = ("normal", "nsfw")) -> None:
    """An image classifier that gives every picture the second label, or the first."""
    model = ViTForImageClassification(
        ViTConfig(
            hidden_size=8,
            num_hidden_layers=1,
            num_attention_heads=1,
            intermediate_size=8,
            image_size=32,
            patch_size=16,
            id2label=dict(enumerate(labels)),
            label2id={label: number for number, label in enumerate(labels)},
        )
    )
    with torch.no_grad():
        model.classifier.bias.copy_(torch.tensor([0.0, 100.0 if objects else -100.0]))
    model.save_pretrained(folder)
    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)


async def events_of(painter: LocalPainter, request: PaintRequest) -> list[PaintEvent]:
    """Everything that the painter says until the picture is there."""
    return [event async for event in painter.paint(request)]


async def painted(painter: LocalPainter, request: PaintRequest) -> Painted:
    """The picture alone."""
    last = (await events_of(painter, request))[-1]
    assert isinstance(last, Painted)
    return last


def fox(**options: Any) -> PaintRequest:
    """A red fox in two steps, unless the options say otherwise."""
    return PaintRequest("request", **{"prompt": "a red fox", "steps": 2, "seed": 7, **options})
