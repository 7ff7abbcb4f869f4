from __future__ import annotations

import hashlib
import io
import json
import random
from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from bot.domain.generation import PaintRequest
from bot.engine import checksums
from bot.engine._pipeline import Pipeline
from bot.engine.painter import check_pipeline
from recipes import data
from recipes.clock import Budget
from recipes.errors import BadData, NotSaved
from recipes.painter import __main__ as recipe
from recipes.painter import (
    autoencoder,
    captions,
    card,
    denoiser,
    evaluate,
    loop,
    matcher,
    nets,
    pictures,
    prepared,
    reader,
    words,
)
from recipes.painter.prepared import Prepared
from tests.recipes.conftest import full_disk, write_records

COLOURS = {"red": "红", "green": "绿", "blue": "蓝", "black": "黑"}
STYLES = ("noto", "blob")
CPU = torch.device("cpu")


def _sprite(style: str, path: Path) -> None:
    """Four subjects side by side: squares in one style, circles in the other."""
    page = Image.new("RGB", (pictures.COLUMNS * 64, 64), "white")
    pen = ImageDraw.Draw(page)
    for index, colour in enumerate(COLOURS):
        box = (index * 64 + 8, 8, index * 64 + 56, 56)
        (pen.rectangle if style == "noto" else pen.ellipse)(box, fill=colour)
    page.save(path, quality=95)


@pytest.fixture(scope="session")
def picture_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight pictures of four subjects in two styles; the blue and the black blob are held out."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "images").mkdir()
    records: list[data.Record] = []
    for style in STYLES:
        path = folder / "images" / f"{style}.avif"
        _sprite(style, path)
        with (folder / "SHA256SUMS").open("a") as sums:
            sums.write(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  images/{path.name}\n")
        records += [
            {
                "file": path.name,
                "index": index,
                "style": style,
                "emoji": colour,
                "en": [f"{colour} circle", colour],
                "zh": [f"{zh}色圆圈", zh],
                "split": "heldout" if style == "blob" and colour in ("blue", "black") else "train",
            }
            for index, (colour, zh) in enumerate(COLOURS.items())
        ]
    # Two subjects may share a drawing; this one's is held out under its other name.
    write_records(folder, pictures.CAPTIONS, [*records, records[-2] | {"en": ["azure circle"], "split": "train"}])
    return folder


@pytest.fixture
def album(picture_folder: Path) -> pictures.Album:
    return pictures.load(picture_folder)[0]


def clock() -> Callable[[], float]:
    """A second a look."""
    return count().__next__


def test_pictures_are_cut_from_the_sprites_with_their_captions(picture_folder: Path) -> None:
    training, heldout = pictures.load(picture_folder)
    assert training.pictures.shape == (6, 3, 64, 64)
    red = training.pictures[0, :, 32, 32]
    assert red[0] > 240
    assert red[1:].max() < 15
    assert training.drawings[0] == pictures.Drawing("noto", "red", ("red circle", "red"), ("红色圆圈", "红"))
    assert [drawing.en[0] for drawing in heldout.drawings] == ["blue circle", "black circle"]


def test_a_held_out_picture_is_not_trained_on_under_another_name(picture_folder: Path) -> None:
    training, heldout = pictures.load(picture_folder)
    names = {name for drawing in training.drawings for name in drawing.en}
    assert "azure circle" not in names
    assert not any(torch.equal(heldout.pictures[0], shown) for shown in training.pictures)


def test_a_truncated_sprite_is_named_with_both_checksums(picture_folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "data"
    (broken / "images").mkdir(parents=True)
    for path in [*(picture_folder / "images").iterdir(), picture_folder / "SHA256SUMS"]:
        (broken / path.relative_to(picture_folder)).write_bytes(path.read_bytes())
    sprite = broken / "images" / "blob.avif"
    wanted = hashlib.sha256(sprite.read_bytes()).hexdigest()
    sprite.write_bytes(sprite.read_bytes()[:-9])
    with pytest.raises(BadData, match=rf"blob.avif is truncated.*{wanted}"):
        pictures.load(broken)


def test_captions_come_in_both_languages_and_most_name_the_style() -> None:
    drawing = pictures.Drawing("fluent3d", "🐱", ("cat face", "cat"), ("猫脸", "猫"))
    rng = random.Random(1)
    drawn = [captions.draw(drawing, rng) for _ in range(300)]
    assert sum("3d" in caption for caption in drawn) > 240
    assert sum("猫" in caption for caption in drawn) > 80
    assert captions.prompt(drawing) == "a cat face, fluent 3d style"
    assert captions.prompt(drawing, "zh") == "画猫脸, fluent 3d style"


def test_each_chinese_character_is_a_token(album: pictures.Album) -> None:
    tokenizer = words.train(words.texts(album.drawings), 400)
    assert tokenizer.tokenize("画红色圆圈") == ["画", "红", "色", "圆", "圈"]
    assert tokenizer.tokenize("A RED circle, noto style") == ["a", "red", "circle", ",", "noto", "style"]
    (ids,) = words.encode(tokenizer, ["red " * 60])
    assert len(ids) == words.LENGTH
    assert ids[-1] == tokenizer.eos_token_id


def test_every_picture_comes_once_before_one_comes_twice() -> None:
    dealt = torch.cat([loop.deal(10, 4, step) for step in range(5)])
    assert sorted(dealt[:10].tolist()) == sorted(dealt[10:].tolist()) == list(range(10))


def test_the_average_follows_the_last_steps_of_a_run() -> None:
    module = torch.nn.Linear(1, 1, bias=False)
    average = loop.Average(module)
    for step in range(1, 1001):
        with torch.no_grad():
            module.weight.fill_(step)
        average.update(module)
    assert 930 < average.weights["weight"].item() < 960


def test_normalized_latents_have_mean_zero_and_width_one_and_give_the_same_pictures(album: pictures.Album) -> None:
    torch.manual_seed(0)
    vae = nets.autoencoder(nets.SIZES["tiny"]).eval()
    before = autoencoder.encode(vae, album.pictures, CPU)
    with torch.inference_mode():
        expected = vae.decode(before).sample
    autoencoder.normalize(vae, before)
    after = autoencoder.encode(vae, album.pictures, CPU)
    with torch.inference_mode():
        made = vae.decode(after).sample
    assert torch.allclose(after.mean((0, 2, 3)), torch.zeros(4), atol=0.05)
    assert torch.allclose(after.std((0, 2, 3)), torch.ones(4), atol=0.05)
    assert torch.allclose(made, expected, atol=0.05)


def _prepared(album: pictures.Album) -> Prepared:
    tokenizer = words.train(words.texts(album.drawings), 400)
    torch.manual_seed(0)
    return Prepared(tokenizer, prepared.caption_ids(album, tokenizer), torch.randn(len(album.drawings), 4, 8, 8))


def _denoising(made: Prepared, folder: Path) -> tuple[denoiser.Trainer, loop.Stage]:
    torch.manual_seed(0)
    encoder = nets.text_encoder(nets.SIZES["tiny"], made.tokenizer)
    trainer = denoiser.Trainer(encoder, made, denoiser.DenoiserRecipe(1, "tiny", batch=4), CPU)
    budget = Budget(6)
    stage = loop.Stage(folder, trainer.state(), trainer.step, [trainer.optimizer], 4, budget, CPU, now=clock())
    return trainer, stage


def test_a_killed_run_goes_on_along_the_same_curve(album: pictures.Album, tmp_path: Path) -> None:
    made = _prepared(album)
    straight, stage = _denoising(made, tmp_path / "straight")
    assert stage.run().step == 6

    _, first = _denoising(made, tmp_path / "killed")
    first.run(stop_after=3)
    resumed, second = _denoising(made, tmp_path / "killed")
    assert second.progress.step == 3
    assert second.run() == stage.progress

    for one, other in zip(straight.model.parameters(), resumed.model.parameters(), strict=True):
        assert torch.equal(one, other)
    for name, average in straight.average.weights.items():
        assert torch.equal(average, resumed.average.weights[name])


def test_a_full_disk_keeps_the_last_checkpoint(album: pictures.Album, tmp_path: Path) -> None:
    made = _prepared(album)
    _, stage = _denoising(made, tmp_path)
    stage.run(stop_after=2)

    with full_disk(stage.checkpoint.stat().st_size // 2), pytest.raises(NotSaved, match="free some space"):
        stage.run(stop_after=1)

    assert _denoising(made, tmp_path)[1].progress.step == 2
    assert not list(tmp_path.glob("*.part"))


def test_the_autoencoder_and_its_judge_both_learn_once_the_judge_has_entered(album: pictures.Album) -> None:
    trainer = autoencoder.Trainer(album, autoencoder.AutoencoderRecipe(1, "tiny", batch=2), CPU)
    before = [parameter.clone() for parameter in trainer.judge.parameters()]
    early = trainer.step(0, 0.1)
    assert early["judge"] == 0.0
    assert all(torch.equal(a, b) for a, b in zip(before, trainer.judge.parameters(), strict=True))
    late = trainer.step(1, 0.9)
    assert late["judge"] > 0.0
    assert not all(torch.equal(a, b) for a, b in zip(before, trainer.judge.parameters(), strict=True))


def test_a_resumed_run_reads_with_the_tokenizer_that_it_began_with(album: pictures.Album, tmp_path: Path) -> None:
    first = prepared.tokenizer_of(tmp_path, album, "tiny")
    assert prepared.tokenizer_of(tmp_path, album, "tiny").get_vocab() == first.get_vocab()


def test_the_reader_learns_what_latents_captions_tell(album: pictures.Album) -> None:
    trainer = reader.Trainer(_prepared(album), reader.ReaderRecipe(1, "tiny", batch=6, rate=1e-2), CPU)
    losses = [trainer.step(step, 0.0)["loss"] for step in range(60)]
    assert losses[-1] < 0.6 * losses[0]


def test_an_untrained_unet_hears_nothing_of_the_words(album: pictures.Album) -> None:
    torch.manual_seed(0)
    unet, noise = nets.unet(nets.SIZES["tiny"]).eval(), torch.randn(1, 4, 8, 8)
    with torch.inference_mode():
        one, other = (unet(noise, 500, torch.randn(1, words.LENGTH, 16)).sample for _ in range(2))
    assert torch.equal(one, other)


def test_the_matcher_learns_which_caption_belongs_to_which_picture(album: pictures.Album) -> None:
    tokenizer = words.train(words.texts(album.drawings), 400)
    trainer = matcher.Trainer(album, tokenizer, matcher.MatcherRecipe(1, batch=6), CPU)
    for step in range(40):
        trainer.step(step, 0.0)
    trainer.model.eval()
    prompts = [captions.prompt(drawing) for drawing in album.drawings]
    fits = matcher.fits(trainer.model, tokenizer, album.pictures, prompts)
    assert evaluate.retrieval(fits, album.drawings, among=3)["beats_others"] > 0.9


def test_retrieval_of_a_blind_judge_is_chance_and_of_a_perfect_one_is_one() -> None:
    drawings = [pictures.Drawing("noto", str(i), (str(i),), ()) for i in range(40)]
    torch.manual_seed(0)
    blind = np.mean([evaluate.retrieval(torch.rand(40, 40), drawings)["best_of_16"] for _ in range(20)])
    assert 0.03 < blind < 0.1
    assert evaluate.retrieval(torch.eye(40), drawings) == {"beats_others": 1.0, "best_of_16": 1.0}


def test_the_distance_of_like_pictures_is_small_and_of_others_large() -> None:
    torch.manual_seed(0)
    dark, light = (torch.randint(low, low + 60, (2, 30, 3, 64, 64), dtype=torch.uint8) for low in (0, 190))
    alike = evaluate.kernel_distance(evaluate.features(dark[0]), evaluate.features(dark[1]))
    apart = evaluate.kernel_distance(evaluate.features(dark[0]), evaluate.features(light[0]))
    assert abs(alike) < 1
    assert apart > 100 * abs(alike)


def test_reports_are_plain_figures(tmp_path: Path) -> None:
    told = loop.report(loop.Progress(step=10, spent=120.0, pictures=80), 8, psnr_db=20.0)
    assert json.loads(json.dumps(told)) == {
        "minutes": 2.0,
        "steps": 10,
        "batch": 8,
        "pictures": 80,
        "pictures_per_second": 0.7,
        "psnr_db": 20.0,
    }


@pytest.fixture(scope="module")
def painted(picture_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A painter by the whole recipe, in a few seconds, in the place of an older one."""
    base = tmp_path_factory.mktemp("models")
    out, run = base / "painter", base / "run"
    out.mkdir()
    (out / "left-over.txt").write_text("of the model before")
    recipe.train(picture_folder, run, 0.05, "tiny", share_alike=False)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(evaluate, "STEPS", 2)
        recipe.finish(picture_folder, run, out, share_alike=False)
    return out


@pytest.mark.slow
def test_the_whole_recipe_replaces_weights_card_and_figures_together(painted: Path) -> None:
    assert sorted(path.name for path in painted.parent.iterdir()) == ["painter", "run"]
    assert not (painted / "left-over.txt").exists()
    figures = json.loads((painted / "evaluation.json").read_text())
    page = (painted / "README.md").read_text()
    assert f"{figures['reconstruction_psnr_db']} dB" in page
    assert "Twitter" not in page
    assert not any(str(painted.parent) in path.read_text() for path in painted.rglob("*.json"))
    card.write(painted.parent / "run", painted, seen="Circles, mostly.")
    assert (painted / "README.md").read_text() == page.replace("\n\n\n\n## Limits", "\n\nCircles, mostly.\n\n## Limits")
    assert all((painted / name).is_file() for name in ("heldout.png", "novel.png", "styles.png", "styles/blob.png"))


@pytest.mark.slow
def test_what_the_recipe_makes_passes_the_engines_checks_and_draws(painted: Path) -> None:
    check_pipeline(painted)
    assert set(checksums.read(painted)) == {str(path.relative_to(painted)) for path in painted.rglob("*.safetensors")}
    pipeline = Pipeline.load(str(painted), 1, "float32")
    assert [style.name for style in pipeline.traits.styles] == ["noto", "blob"]
    assert pipeline.traits.size == 64
    request = PaintRequest("1", "画一个红色圆圈", style="blob", steps=2)
    drawn = [pipeline.paint(request, seed, lambda *_: None).files[0] for seed in (5, 5, 6)]
    first, again, other = (Image.open(io.BytesIO(file)) for file in drawn)
    assert first.tobytes() == again.tobytes() != other.tobytes()
