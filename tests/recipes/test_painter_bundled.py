"""The painter that lies in the repository."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bot.domain.generation import PaintRequest
from bot.engine import checksums
from bot.engine._pipeline import Pipeline
from bot.engine._pipeline_folder import check_weights, read_index

FOLDER = Path(__file__).parents[2] / "bot" / "models" / "painter"


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline.load(str(FOLDER), 1, "float32")


def test_the_folder_is_small_and_asks_for_allowed_classes_only() -> None:
    files = [path for path in FOLDER.rglob("*") if path.is_file()]
    assert max(path.stat().st_size for path in files) <= 15_000_000
    assert sum(path.stat().st_size for path in files if path.suffix == ".safetensors") <= 25_000_000
    kind, components = read_index(FOLDER / "model_index.json")
    assert kind == "StableDiffusionPipeline"
    assert {library for _, library, _ in components} == {"diffusers", "transformers"}
    check_weights(FOLDER)


def test_every_weight_file_is_listed_and_sound() -> None:
    listed = checksums.read(FOLDER)
    assert set(listed) == {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.safetensors")}
    checksums.check(FOLDER)


def test_the_card_quotes_the_figures_and_names_the_makers() -> None:
    figures = json.loads((FOLDER / "evaluation.json").read_text(encoding="utf-8"))
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"{figures['retrieval']['painted']['beats_others']:.1%}" in page
    for maker in ("Google", "Microsoft", "Twitter", "C1710", "EmojiTwo", "Mozilla"):
        assert maker in page
    assert 10 <= figures["parameters_millions"]["all"] <= 12


@pytest.mark.parametrize("prompt", ["a smiling cat", "画一只猫"])
def test_it_draws_a_picture_that_is_neither_blank_nor_noise(pipeline: Pipeline, prompt: str) -> None:
    drawn = pipeline.paint(PaintRequest("1", prompt, style="noto"), 7, lambda *_: None)
    # The engine enlarges what it shows, crisply.
    image = Image.open(io.BytesIO(drawn.files[0])).resize((64, 64), Image.Resampling.NEAREST)
    picture = np.asarray(image, dtype=float)
    assert picture.std() > 15
    # Neighbours are alike in a drawing, and a third of the range apart in noise.
    assert np.abs(np.diff(picture, axis=1)).mean() < 30


def test_the_same_seed_gives_the_same_picture_in_every_count(pipeline: Pipeline) -> None:
    alone = pipeline.paint(PaintRequest("1", "a red heart", steps=4), 8, lambda *_: None).files[0]
    both = pipeline.paint(PaintRequest("2", "a red heart", steps=4, count=2), 7, lambda *_: None).files
    assert alone == both[1] != both[0]
