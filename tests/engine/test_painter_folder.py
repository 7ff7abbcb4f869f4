"""What a painter is refused before it paints: folders, with the sentence for the operator, and values out of range."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bot.domain.generation import EngineState, PaintRequest
from bot.domain.lines import say
from bot.engine._pipeline_folder import check_weights, public_name, read_index
from bot.engine._pipeline_loading import check_classes
from bot.engine.painter import LocalPainter
from bot.errors import EngineDown, ModelError, RequestRejected

STABLE_DIFFUSION = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.42.1",
    "requires_safety_checker": False,
    "image_encoder": [None, None],
    "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
    "scheduler": ["diffusers", "PNDMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "unet": ["diffusers", "UNet2DConditionModel"],
}


def write_index(folder: Path, **changes: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    index = folder / "model_index.json"
    index.write_text(json.dumps({**STABLE_DIFFUSION, **changes}))
    return index


async def fault_of(model: Path | str) -> str:
    """What the operator is told of a model by the real process; no request gets past it."""
    painter = LocalPainter(str(model), threads=1)
    await painter.start()
    try:
        with pytest.raises(EngineDown) as caught:
            async for _ in painter.paint(PaintRequest("request", "a red fox")):
                pass
        assert painter.health().state is EngineState.FAILED
        assert painter.health().detail == caught.value.detail
        return caught.value.detail
    finally:
        await painter.close()


def test_the_index_of_a_usual_pipeline_passes_and_left_out_components_are_no_components(tmp_path: Path) -> None:
    kind, components = read_index(write_index(tmp_path))

    assert kind == "StableDiffusionPipeline"
    assert [name for name, _, _ in components] == ["safety_checker", "scheduler", "text_encoder", "unet"]
    check_classes(tmp_path / "model_index.json", kind, components)


@pytest.mark.parametrize(
    "entry",
    [
        ["unet_code", "MyUNet"],
        ["os", "system"],
        ["diffusers.utils", "UNet2DConditionModel"],
        ["..evil", "UNet2DConditionModel"],
        ["diffusers", "__class__"],
        ["diffusers", "models.UNet2DConditionModel"],
        ["diffusers", None],
        [None, "UNet2DConditionModel"],
        ["diffusers", "UNet2DConditionModel", {"pretrained_model_name_or_path": "some/where"}],
    ],
)
def test_a_component_that_is_no_class_of_diffusers_or_transformers_is_refused_by_name(
    tmp_path: Path, entry: list[object]
) -> None:
    index = write_index(tmp_path, unet=entry)

    with pytest.raises(ModelError, match=r"“unet”.*Only classes of diffusers and transformers"):
        read_index(index)


@pytest.mark.parametrize("kind", [["my_pipeline", "MyPipeline"], "my_pipeline.MyPipeline", "__import__", None, 7])
def test_a_pipeline_of_the_models_own_code_is_refused(tmp_path: Path, kind: object) -> None:
    with pytest.raises(ModelError, match="own code never runs"):
        read_index(write_index(tmp_path, _class_name=kind))


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff\xfe", b""])
def test_a_damaged_index_is_refused(tmp_path: Path, content: bytes) -> None:
    index = tmp_path / "model_index.json"
    index.write_bytes(content)

    with pytest.raises(ModelError, match=r"model_index\.json"):
        read_index(index)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"_class_name": "NoSuchPipeline"}, "NoSuchPipeline, which is no pipeline"),
        ({"_class_name": "UNet2DModel"}, "UNet2DModel, which is no pipeline"),
        ({"unet": ["diffusers", "NoSuchModel"]}, "“unet” .* NoSuchModel, which diffusers does not have"),
        ({"unet": ["diffusers", "DDPMPipeline"]}, "“unet” .* is a pipeline inside the pipeline"),
        ({"_class_name": "DDPMPipeline"}, "does not paint from words alone"),
        ({"_class_name": "KandinskyV22Pipeline"}, "does not paint from words alone"),
        ({"_class_name": "KandinskyV22CombinedPipeline"}, "no pipeline that this diffusers loads from one folder"),
    ],
)
def test_classes_that_do_not_exist_or_do_not_paint_from_words_are_refused(
    tmp_path: Path, changes: dict[str, object], fault: str
) -> None:
    index = write_index(tmp_path, **changes)

    with pytest.raises(ModelError, match=fault):
        check_classes(index, *read_index(index))


def test_a_component_with_pickled_weights_beside_safetensors_passes(tmp_path: Path) -> None:
    (tmp_path / "unet").mkdir()
    for name in ("diffusion_pytorch_model.bin", "diffusion_pytorch_model.safetensors"):
        (tmp_path / "unet" / name).touch()

    check_weights(tmp_path)


def test_of_a_folder_people_see_the_last_part_only(tmp_path: Path) -> None:
    assert public_name(str(tmp_path / "models" / "ink")) == "ink"
    assert public_name("owner/ink") == "owner/ink"


async def test_a_missing_folder_is_told_with_the_remedy(tmp_path: Path) -> None:
    assert await fault_of(tmp_path / "nowhere") == (
        f"There is no folder {tmp_path / 'nowhere'}. Set IMAGE_MODEL to a folder of a diffusers pipeline or a Hub id."
    )


async def test_a_folder_that_is_no_pipeline_is_told_with_the_remedy(tmp_path: Path) -> None:
    assert "holds no model_index.json" in await fault_of(tmp_path)


async def test_a_hub_id_without_a_network_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    fault = await fault_of("nobody/nothing")

    assert "could not be had from the Hugging Face Hub" in fault
    assert "IMAGE_MODEL" in fault


async def test_code_in_the_folder_never_runs(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    code = f"import pathlib\npathlib.Path({str(ran)!r}).touch()\nclass MyUNet: pass\n"
    write_index(tmp_path / "model", unet=["unet_code", "MyUNet"])
    for name in ("unet_code.py", "unet/unet_code.py", "pipeline.py", "None.py"):
        (tmp_path / "model" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "model" / name).write_text(code)

    assert "“unet”" in await fault_of(tmp_path / "model")
    assert not ran.exists()


async def test_pickled_weights_alone_are_refused(tmp_path: Path) -> None:
    write_index(tmp_path)
    (tmp_path / "unet").mkdir()
    (tmp_path / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'true'\ntR.")

    assert f"The weights in {tmp_path / 'unet'} are pickled" in await fault_of(tmp_path)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"prompt": " \n"}, "paint.empty"),
        ({"prompt": "half a character \ud83d"}, "paint.unicode"),
        ({"size": 56}, "paint.range"),
        ({"size": 2056}, "paint.range"),
        ({"size": 100}, "paint.size"),
        ({"steps": 0}, "paint.range"),
        ({"steps": 201}, "paint.range"),
        ({"guidance": -1.0}, "paint.range"),
        ({"guidance": float("nan")}, "paint.range"),
        ({"count": 0}, "paint.range"),
        ({"count": 5}, "paint.range"),
        ({"seed": -1}, "paint.range"),
    ],
)
async def test_a_value_that_no_painter_takes_is_refused_at_once(options: dict[str, object], line: str) -> None:
    painter = LocalPainter("not/started")

    with pytest.raises(RequestRejected) as caught:
        await anext(painter.paint(PaintRequest("request", **{"prompt": "a red fox", **options})))

    assert caught.value.line == line
    assert all(say(line, locale, **caught.value.values) for locale in ("en", "zh"))
    assert painter.health().waiting == 0


def test_the_painters_door_imports_no_models() -> None:
    program = "import sys, bot.engine.painter; print({'torch', 'diffusers', 'transformers'} & sys.modules.keys())"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert answer.stdout == "set()\n"
