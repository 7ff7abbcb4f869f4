from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from recipes import card, generation, lists, model, pretrain, tokenizer, tune, writer
from recipes.errors import RecipeError
from recipes.pretrain import PretrainRecipe


def briefly(answer: Callable[..., Any]) -> Callable[..., Any]:
    """Replies of four tokens: an untrained writer seldom ends by itself."""
    return lambda self, conversations, most, *how, **more: answer(self, conversations, 4, *how, **more)


@pytest.fixture
def made(data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A writer by the whole recipe, in a few seconds."""
    monkeypatch.setattr(card, "SAMPLES", card.SAMPLES[:2])
    recipe = tokenizer.TokenizerRecipe(vocab=600)
    monkeypatch.setattr(tokenizer, "TokenizerRecipe", lambda: recipe)
    monkeypatch.setattr(lists, "conversations", lambda seed: [])
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

    loaded, words = AutoModelForCausalLM.from_pretrained(made), AutoTokenizer.from_pretrained(made)
    assert str(loaded.dtype) == "torch.bfloat16"
    assert loaded.generation_config.eos_token_id == words.eos_token_id == loaded.config.eos_token_id
    prompt = words.apply_chat_template(
        [{"role": "user", "content": "hello"}], add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    said = loaded.generate(prompt["input_ids"], attention_mask=prompt["attention_mask"], max_new_tokens=4)
    assert said.shape[1] > prompt["input_ids"].shape[1]
    assert all(path.stat().st_size <= 15_000_000 for path in made.glob("*.safetensors"))


def test_a_fresh_writer_adds_nothing_to_its_words_yet(words: PreTrainedTokenizerFast) -> None:
    fresh = model.build(model.SIZES["tiny"], words, seed=3)
    states = fresh(input_ids=torch.tensor([[5, 9, 30]]), output_hidden_states=True).hidden_states

    assert all(torch.equal(state, states[0]) for state in states[1:-1])
    assert 0.8 < states[0].std() < 1.2


def test_a_writer_goes_on_where_an_earlier_one_stands(words: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    earlier = model.build(model.SIZES["tiny"], words, seed=3)
    earlier.save_pretrained(tmp_path / "earlier")
    recipe = PretrainRecipe(minutes=1, size="tiny", seed=4, begun_with=str(tmp_path / "earlier"))
    begun = pretrain.begin(recipe, words)

    assert all(torch.equal(mine, theirs) for mine, theirs in zip(begun.parameters(), earlier.parameters(), strict=True))


def test_an_earlier_writer_of_another_size_is_refused(words: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    model.build(model.SIZES["tiny"], words, seed=3).save_pretrained(tmp_path / "earlier")
    recipe = PretrainRecipe(minutes=1, size="mini", begun_with=str(tmp_path / "earlier"))

    with pytest.raises(RecipeError, match="no writer of the size 'mini': hidden_size is 64, not 192"):
        pretrain.begin(recipe, words)
