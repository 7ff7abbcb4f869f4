"""What can be wrong with a model folder, and the sentence it gets."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from bot.engine import weights
from bot.errors import ModelError


@pytest.fixture
def folder(writer_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(writer_folder, tmp_path / "writer"))


def change_json(path: Path, **values: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def cut(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def scribble(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\x00" * 64)


def point(folder: Path) -> None:
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")


def pickle(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def lose_a_shard(folder: Path) -> None:
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "model-2.safetensors"}}))


FAULTS: list[tuple[Callable[[Path], object], str]] = [
    (cut, "truncated"),
    (scribble, "no safetensors"),
    (point, "git lfs pull"),
    (pickle, "pickled"),
    (lose_a_shard, "model-2.safetensors is missing"),
    (lambda folder: (folder / "config.json").unlink(), "config.json is missing"),
    (lambda folder: (folder / "config.json").write_text("{"), "cannot be read as JSON"),
    (lambda folder: change_json(folder / "config.json", auto_map={"AutoModel": "code.Model"}), "own code"),
    (lambda folder: change_json(folder / "tokenizer_config.json", auto_map={}), "own code"),
    (shutil.rmtree, "does not exist"),
]


def test_a_sound_folder_passes(folder: Path):
    weights.check_folder(folder)


@pytest.mark.parametrize(("damage", "words"), FAULTS, ids=[words for _, words in FAULTS])
def test_a_fault_is_named_with_its_place(folder: Path, damage: Callable[[Path], object], words: str):
    damage(folder)

    with pytest.raises(ModelError, match=words) as caught:
        weights.check_folder(folder)
    assert str(folder) in str(caught.value)


def test_a_file_is_not_a_folder(folder: Path):
    with pytest.raises(ModelError, match="is a file"):
        weights.check_folder(folder / "config.json")


def test_a_missing_chat_template_is_named(folder: Path):
    (folder / "chat_template.jinja").unlink()

    with pytest.raises(ModelError, match="no chat template"):
        weights.load_tokenizer(folder)


def test_a_missing_tokenizer_is_named(folder: Path):
    (folder / "tokenizer.json").unlink()

    with pytest.raises(ModelError, match="tokenizer"):
        weights.load_tokenizer(folder)


def test_weights_that_lack_a_tensor_are_refused_instead_of_invented(folder: Path):
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    del tensors["model.norm.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})

    with pytest.raises(ModelError, match=r"lack 1 .* model\.norm\.weight"):
        weights.load_model(folder, torch.float32, "cpu")


def test_weights_of_another_shape_are_refused(folder: Path):
    change_json(folder / "config.json", hidden_size=64)

    with pytest.raises(ModelError, match="could not be loaded"):
        weights.load_model(folder, torch.float32, "cpu")


def test_an_architecture_that_transformers_does_not_know_is_named(folder: Path):
    change_json(folder / "config.json", model_type="unheard_of")
    tokenizer = weights.load_tokenizer(folder)

    with pytest.raises(ModelError, match="not one that transformers knows"):
        weights.window_of(folder, tokenizer)


def test_a_release_is_named_by_the_folder_and_what_is_in_it(folder: Path):
    before = weights.fingerprint(folder)
    assert weights.fingerprint(folder) == before
    assert weights.release_name(str(folder), before) == f"writer@{before[:8]}"

    change_json(folder / "config.json", note="changed")
    assert weights.fingerprint(folder) != before


def test_other_weights_are_another_release(folder: Path):
    before = weights.fingerprint(folder)
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x7f")

    assert weights.fingerprint(folder) != before


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", "a/b/c", "~/models/writer"])
def test_what_can_only_be_a_folder_is_never_asked_for_on_the_hub(name: str):
    assert weights.is_local(name)


def test_a_name_that_is_neither_folder_nor_to_be_had_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)

    with pytest.raises(ModelError, match=r"no folder here.*Hub.*TEXT_MODEL"):
        weights.find_folder("nobody-here/no-model")
