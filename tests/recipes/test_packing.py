from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import Module
from torch.nn.functional import cross_entropy
from transformers import PreTrainedTokenizerFast, Qwen3ForCausalLM

from recipes import conversations
from recipes.model import LongRow, block_mask, head_loss, packed_attention
from recipes.packing import IGNORED, Batch, Packer, Store, pack


def store_of(*lengths: int) -> Store:
    documents = [([10 + (7 * d + i) % 200 for i in range(n)], [True] * n, 1.0) for d, n in enumerate(lengths)]
    return Store.build(documents)


def rows_of(store: Store, *rows: list[int]) -> Batch:
    bounds = list(zip(store.offsets[:-1], store.offsets[1:], strict=True))
    slices = [[slice(*bounds[document]) for document in row] for row in rows]
    return pack([[(store.tokens[s], store.learn[s]) for s in row] for row in slices], 32, pad=0)


def logits(model: Qwen3ForCausalLM, batch: Batch, form: str) -> Tensor:
    """(rows, tokens, vocab), by either form of packed attention."""
    if form == "split":
        flat = batch.flat()
        out = model(input_ids=flat.ids, position_ids=flat.positions, row=LongRow(flat.lengths), use_cache=False).logits
        return out.view(*batch.ids.shape, -1)
    blocks = block_mask(batch.positions)
    return model(input_ids=batch.ids, position_ids=batch.positions, blocks=blocks, use_cache=False).logits


@pytest.mark.parametrize("form", ["split", "masked"])
def test_a_document_is_read_the_same_alone_and_packed(tiny: Qwen3ForCausalLM, form: str) -> None:
    store = store_of(9, 14, 7)
    packed = logits(tiny.eval(), rows_of(store, [0, 1, 2], [2, 0]), form)
    alone = tiny(input_ids=torch.from_numpy(store.tokens[9:23].astype(np.int64))[None], use_cache=False).logits
    torch.testing.assert_close(packed[0, 9:23], alone[0], atol=2e-5, rtol=1e-4)


def test_attention_in_bf16_agrees_with_float32() -> None:
    wide = [torch.randn(1, 2, 21, 16) for _ in range(3)]
    row = LongRow([9, 5, 7])
    exact, _ = packed_attention(Module(), *wide, None, 0.25, row=row)
    narrow, _ = packed_attention(Module(), *(x.bfloat16() for x in wide), None, 0.25, row=row)
    torch.testing.assert_close(narrow.float(), exact, atol=0.03, rtol=0.03)


def test_the_last_token_of_a_document_does_not_predict_the_next_document() -> None:
    batch = rows_of(store_of(5, 6), [0, 1])
    assert batch.targets[0, 4] == IGNORED
    assert batch.targets[0, 10:].eq(IGNORED).all()
    assert batch.targets[0, :4].tolist() == batch.ids[0, 1:5].tolist()


def test_what_is_not_learned_is_no_target() -> None:
    store = Store.build([([5, 6, 7, 8], [False, False, True, False], 1.0)])
    assert rows_of(store, [0]).targets[0, :4].tolist() == [IGNORED, 7, IGNORED, IGNORED]


def test_rows_are_nearly_full_and_every_document_is_dealt_once_a_pass() -> None:
    store = store_of(*([5, 9, 12, 20, 3] * 40))
    packer = Packer(store, rows=2, width=32, pad=0, seed=1, window=16)
    used = [batch.targets.ne(IGNORED).sum().item() for batch in islice(packer.batches(), 20)]
    assert sum(used) / (20 * 64) > 0.8
    assert sorted(packer._order(0)) == list(range(200))


def test_a_share_of_a_half_deals_half_of_the_documents() -> None:
    store = store_of(*[4] * 400)
    halved = Store(store.tokens, store.learn, store.offsets, np.full(400, 0.5))
    assert 150 < len(Packer(halved, 1, 32, 0, seed=1)._order(0)) < 250


def test_skipped_batches_are_those_that_were_dealt_before() -> None:
    packer = Packer(store_of(*[5, 9, 12] * 30), rows=2, width=32, pad=0, seed=4)
    fifth = list(islice(packer.batches(), 5))[-1]
    assert torch.equal(next(packer.batches(skip=4)).ids, fifth.ids)


def test_only_the_assistants_words_and_their_end_are_learned(words: PreTrainedTokenizerFast) -> None:
    messages = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "good morning"},
        {"role": "user", "content": "and"},
        {"role": "assistant", "content": "a boat"},
    ]
    ((ids, learn),) = conversations.encode([messages], words)
    said = words.decode([token for token, learned in zip(ids, learn, strict=True) if learned])
    assert said == "good morning<|end|>a boat<|end|>"


def test_the_sliced_head_has_the_loss_and_gradients_of_the_whole_one() -> None:
    torch.manual_seed(0)
    targets = torch.randint(0, 50, (11,)).index_fill(0, torch.tensor([2, 7]), IGNORED)
    hidden, weight = torch.randn(11, 8, requires_grad=True), torch.randn(50, 8, requires_grad=True)
    ours = torch.autograd.grad(loss := head_loss(hidden, weight, targets, rows=4), (hidden, weight))
    theirs = torch.autograd.grad(whole := cross_entropy(hidden @ weight.T, targets), (hidden, weight))
    torch.testing.assert_close(loss, whole)
    torch.testing.assert_close(ours, theirs)


def test_a_store_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    store = store_of(3, 4)
    store.save(tmp_path / "store.npz")
    loaded = Store.load(tmp_path / "store.npz")
    assert loaded.tokens.tolist() == store.tokens.tolist()
    assert list(tmp_path.iterdir()) == [tmp_path / "store.npz"]
