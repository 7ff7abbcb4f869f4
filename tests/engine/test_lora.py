"""LoRA weights merged into a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from bot.engine import lora, weights
from bot.errors import ModelError
from tests.engine.loras import MODULES, save_lora


@pytest.fixture
def model(writer_folder: Path) -> Any:
    return weights.load_model(writer_folder, torch.float32, "cpu")


@pytest.fixture
def folder(model: Any, tmp_path: Path) -> Path:
    return save_lora(tmp_path, model)


def test_merged_weights_are_w_plus_scaled_b_a(model: Any, folder: Path):
    before = model.model.layers[1].self_attn.q_proj.weight.clone()
    changed = lora.merge(model, folder)

    torch.manual_seed(1)
    down, up = torch.randn(4, 32), torch.randn(32, 4)
    torch.testing.assert_close(model.model.layers[1].self_attn.q_proj.weight, before + 2.0 * up @ down)
    assert changed == set(MODULES)


def test_a_head_that_shares_its_weight_leaves_the_embedding_alone(model: Any, tmp_path: Path):
    model.lm_head.weight = model.model.embed_tokens.weight
    before = model.model.embed_tokens.weight.clone()
    lora.merge(model, save_lora(tmp_path, model, modules=("lm_head",)))

    assert torch.equal(model.model.embed_tokens.weight, before)
    assert not torch.equal(model.lm_head.weight, before)


@pytest.mark.parametrize("config", [{"use_dora": True}, {"peft_type": "IA3"}, {"r": "x"}])
def test_weights_of_another_kind_are_refused(model: Any, tmp_path: Path, config: dict[str, Any]):
    with pytest.raises(ModelError):
        lora.merge(model, save_lora(tmp_path, model, **config))


def half(tensors: dict[str, Any]) -> dict[str, Any]:
    return {name: tensor for name, tensor in tensors.items() if name.endswith("lora_B.weight")}


def narrow(tensors: dict[str, Any]) -> dict[str, Any]:
    return {name: tensor[:1] if name.endswith("lora_B.weight") else tensor for name, tensor in tensors.items()}


def nothing(tensors: dict[str, Any]) -> dict[str, Any]:
    return {}


def foreign(tensors: dict[str, Any]) -> dict[str, Any]:
    return {name.replace("layers.1", "layers.9"): tensor for name, tensor in tensors.items()}


@pytest.mark.parametrize("damage", [half, narrow, nothing, foreign])
def test_weights_that_do_not_fit_are_refused(model: Any, folder: Path, damage: Any):
    file = folder / "adapter_model.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in damage(load_file(file)).items()}, file)

    with pytest.raises(ModelError):
        lora.merge(model, folder)


def test_a_half_written_file_is_refused(model: Any, folder: Path):
    file = folder / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])

    with pytest.raises(ModelError, match="damaged"):
        lora.merge(model, folder)


def test_weights_that_are_not_the_releases_are_refused(model: Any, folder: Path):
    digest = lora.fingerprint(folder)[:8]

    lora.check_release(f"tuned@{digest}", folder)
    with pytest.raises(ModelError, match=digest):
        lora.check_release("tuned@00000000", folder)
    with pytest.raises(ModelError, match=digest):
        lora.merge(model, folder, "tuned@00000000")


def test_a_folder_without_weights_is_refused(tmp_path: Path):
    with pytest.raises(ModelError, match="missing"):
        lora.check_release("tuned", tmp_path)
