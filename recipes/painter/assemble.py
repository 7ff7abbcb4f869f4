"""Put together what is shipped: a diffusers folder in half precision, and `painter.json`, what the bot asks of it."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from transformers import CLIPTextModel

from recipes.painter import autoencoder, captions, denoiser, nets, prepared
from recipes.painter.evaluate import GUIDANCE, STEPS
from recipes.painter.pictures import SIDE
from recipes.tokenizer import load_tokenizer

SHARD = "14MB"
NAMES: dict[str, tuple[str, str]] = {
    "noto": ("Noto", "Noto 表情"),
    "fluent3d": ("Fluent 3D", "Fluent 立体"),
    "fluentcolor": ("Fluent color", "Fluent 彩色"),
    "fluentflat": ("Fluent flat", "Fluent 扁平"),
    "twemoji": ("Twemoji", "Twemoji 表情"),
    "blob": ("Blob", "Blob 圆脸"),
    "emojitwo": ("EmojiTwo", "EmojiTwo 表情"),
    "fxemoji": ("FxEmoji", "FxEmoji 表情"),
    "openmoji": ("OpenMoji", "OpenMoji 线描"),
}


def pipeline_folder(run_folder: Path, out: Path) -> None:
    """Save the trained parts as a pipeline, in shards of 14 MB at most."""
    pipe = nets.pipeline(
        nets.parts.AutoencoderKL.from_pretrained(run_folder / autoencoder.FOLDER),
        CLIPTextModel.from_pretrained(run_folder / denoiser.FOLDER / "text_encoder"),
        load_tokenizer(run_folder / prepared.TOKENIZER),
        nets.parts.UNet2DConditionModel.from_pretrained(run_folder / denoiser.FOLDER / "unet"),
    )
    for part in (pipe.vae, pipe.unet):
        # diffusers notes the folder that a part was loaded from; where that was is nobody's business.
        part.register_to_config(_name_or_path="")
    pipe.to(dtype=torch.float16)
    pipe.save_pretrained(out, safe_serialization=True, max_shard_size=SHARD)
    for weights in out.rglob("*.safetensors"):
        weights.chmod(0o644)


def describe(out: Path, styles: list[str]) -> None:
    """Write `painter.json`: native size, defaults, and styles with their words."""
    rows = [
        {
            "name": style,
            "en": NAMES[style][0],
            "zh": NAMES[style][1],
            "words": captions.words(style),
            "sample": f"styles/{style}.png",
        }
        for style in styles
    ]
    told = {
        "size": SIDE,
        "largest": SIDE,
        "steps": STEPS,
        "guidance": GUIDANCE,
        "joint": captions.JOINT,
        "styles": rows,
        "sheet": "styles.png",
    }
    (out / "painter.json").write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
