from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast, Qwen3ForCausalLM

from recipes.generation import GREEDY, Choice, Writer
from tests.recipes.conftest import CHINESE, ENGLISH

ASKED = [
    [{"role": "user", "content": "good morning"}],
    [{"role": role, "content": said} for role, said in (("user", "落霞"), ("assistant", "好"), ("user", "?"))],
    [{"role": "user", "content": ENGLISH}],
]


@pytest.fixture
def writer(tiny: Qwen3ForCausalLM, words: PreTrainedTokenizerFast) -> Writer:
    tiny.set_attn_implementation("sdpa")
    return Writer(tiny.eval(), words, torch.device("cpu"))


def test_a_reply_is_the_same_alone_and_among_others(writer: Writer) -> None:
    together = writer.answer(ASKED, 12, GREEDY)
    alone = [writer.answer([messages], 12, GREEDY)[0] for messages in ASKED]
    assert together == alone


def test_replies_are_what_transformers_generates(writer: Writer) -> None:
    ids = writer.tokenizer.apply_chat_template(
        ASKED[0], add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    out = writer.model.generate(**ids, max_new_tokens=12, do_sample=False, repetition_penalty=1.3)
    said = writer.tokenizer.decode(out[0, ids["input_ids"].shape[1] :], skip_special_tokens=True)
    ((reply, _),) = writer.answer([ASKED[0]], 12, dataclasses.replace(GREEDY, penalty=1.3))
    assert reply == said.strip()


def test_a_row_that_ends_leaves_the_others_as_they_were(
    writer: Writer, words: PreTrainedTokenizerFast, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = [[5, 6, 7], [8, 9]]
    first, second = writer.continued(prompts, 12, GREEDY)
    assert len(first) == len(second) == 12
    token = next(token for token in first if token not in second)
    monkeypatch.setitem(words._special_tokens_map, "eos_token", words.convert_ids_to_tokens(token))
    assert writer.continued(prompts, 12, GREEDY) == [first[: first.index(token) + 1], second]


def test_what_texts_cost_is_the_models_own_loss(writer: Writer) -> None:
    texts = [ENGLISH, CHINESE, "a"]
    total = 0.0
    for text in texts:
        ids = torch.tensor([[1, *writer.tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids, 2]])
        total += float(writer.model(input_ids=ids, labels=ids).loss.detach()) * (ids.shape[1] - 1)
    assert writer.nats(texts) == pytest.approx(total, rel=0.01)


def test_progress_is_told_up_to_the_last(writer: Writer) -> None:
    told: list[tuple[int, int]] = []
    dataclasses.replace(writer, batch=2).answer(ASKED, 2, GREEDY, lambda done, total: told.append((done, total)))
    assert told == [(2, 3), (3, 3)]


def drawn(choice: Choice, shares: list[float], count: int = 200) -> Tensor:
    torch.manual_seed(1)
    logits = torch.tensor(shares).log().repeat(count, 1)
    return choice.draw(logits, torch.zeros(count, 0, dtype=torch.long))


def test_the_unlikely_tail_is_never_drawn() -> None:
    tokens = drawn(Choice(temperature=1.0, top_p=0.8, penalty=1.0), [0.5, 0.35, 0.1, 0.05])
    assert set(tokens.tolist()) == {0, 1}


def test_only_the_k_likeliest_are_drawn() -> None:
    tokens = drawn(Choice(temperature=1.0, top_p=1.0, penalty=1.0, top_k=3), [0.3, 0.3, 0.3, 0.1])
    assert set(tokens.tolist()) == {0, 1, 2}


def test_a_token_seen_before_is_less_likely() -> None:
    logits = torch.tensor([[2.0, 1.9, math.log(1e-9)]])
    choice = Choice(temperature=0.0, top_p=1.0, penalty=1.2)
    assert choice.draw(logits, torch.tensor([[0]])).tolist() == [1]
