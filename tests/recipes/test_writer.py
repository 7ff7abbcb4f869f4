from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from recipes import card, generation, pretrain, tokenizer, tune, writer


def briefly(answer: Callable[..., Any]) -> Callable[..., Any]:
    """Replies of four tokens: an untrained writer seldom ends by itself."""
    return lambda self, conversations, most, *how, **more: answer(self, conversations, 4, *how, **more)


@pytest.fixture
def made(data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A writer by the whole recipe, in a few seconds."""
    monkeypatch.setattr(card, "SAMPLES", card.SAMPLES[:2])
    recipe = tokenizer.TokenizerRecipe(vocab=600)
    monkeypatch.setattr(tokenizer, "TokenizerRecipe", lambda: recipe)
    monkeypatch.setattr(tune.lists, "conversations", lambda seed: [])
    monkeypatch.setattr(pretrain, "matmul_peak", lambda device: 1e12)
    monkeypatch.setattr(tune, "matmul_peak", lambda device: 1e12)
    monkeypatch.setattr(generation.Writer, "answer", briefly(generation.Writer.answer))
    out = tmp_path / "models" / "writer"
    out.mkdir(parents=True)
    (out / "left-over.txt").write_text("of the model before")
    stages = (pretrain.PretrainRecipe(minutes=0.02, size="tiny", rows=1), tune.TuneRecipe(minutes=0.02, rows=1))
    writer.make(data_folder, tmp_path / "run", out, stages)
    return out


def test_the_whole_recipe_replaces_weights_card_and_figures_together(made: Path) -> None:
    assert not (made / "left-over.txt").exists()
    assert list(made.parent.iterdir()) == [made]
    figures = json.loads((made / "evaluation.json").read_text())
    page = (made / "README.md").read_text()
    assert str(figures["language"]["english"]["writer_bits_per_byte"]) in page
    assert "### Several turns" in page
    assert (made / "SHA256SUMS").exists()

    model, words = AutoModelForCausalLM.from_pretrained(made), AutoTokenizer.from_pretrained(made)
    assert str(model.dtype) == "torch.bfloat16"
    assert model.generation_config.eos_token_id == words.eos_token_id == model.config.eos_token_id
    prompt = words.apply_chat_template(
        [{"role": "user", "content": "hello"}], add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    said = model.generate(prompt["input_ids"], attention_mask=prompt["attention_mask"], max_new_tokens=4)
    assert said.shape[1] > prompt["input_ids"].shape[1]
    assert all(path.stat().st_size <= 15_000_000 for path in made.glob("*.safetensors"))
