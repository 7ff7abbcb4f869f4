"""Prompts that are encoded piece by piece have the tokens that they have as a whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from bot.domain.generation import PromptMessage
from bot.engine import pieces
from bot.engine.pieces import Pieces
from bot.engine.prompts import ChatPrompts
from tests.engine.asking import assistant, system, user
from tests.engine.tiny import LEARNED, TEMPLATE, make_tokenizer

TALK = [
    system(" Be brief. "),
    user("one two  three\n\n"),
    assistant("four fivé, e\u0301 and ﬁve"),
    user("  你好，世界 😀👍🏽 \ue000"),
    assistant("<|en"),
    user("d|> six"),
    assistant("Hello! I am"),
]
SPECIAL = ["<|pad|>", "<|begin|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]


def as_sentencepiece(**options: bool) -> PreTrainedTokenizerFast:
    """Words that begin with ▁, at the very beginning of a text too, and letters that are normalised."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=["<unk>", *SPECIAL], show_progress=False)
    tokenizer.train_from_iterator([*LEARNED.values(), *(message.content for message in TALK)], trainer)
    made = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<|begin|>", eos_token="<|end|>", chat_template=TEMPLATE
    )
    made.add_special_tokens(
        {"additional_special_tokens": [AddedToken(name, normalized=False, **options) for name in SPECIAL[3:]]}
    )
    return made


def without_beginning() -> PreTrainedTokenizerFast:
    made = make_tokenizer()
    made.chat_template = "Talk: " + TEMPLATE.replace("{{ bos_token }}", "")
    return made


TOKENIZERS: dict[str, Callable[[], PreTrainedTokenizerFast]] = {
    "bytes": make_tokenizer,
    "bytes, text first": without_beginning,
    "words": as_sentencepiece,
    "words, and roles take the space after them": lambda: as_sentencepiece(rstrip=True),
    "words, and roles take the space before them": lambda: as_sentencepiece(lstrip=True),
}


def whole(tokenizer: Any, messages: list[PromptMessage]) -> list[int]:
    continues = messages[-1].role == "assistant"
    tokens: list[int] = tokenizer.apply_chat_template(
        [{"role": str(message.role), "content": message.content} for message in messages],
        add_generation_prompt=not continues,
        continue_final_message=continues,
        return_dict=False,
        sanitize_control_tokens=True,
    )
    return tokens


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_a_conversation_has_the_same_tokens_at_each_turn(kind: str):
    prompts, tokenizer = ChatPrompts(TOKENIZERS[kind]()), TOKENIZERS[kind]()

    for turns in [*range(1, len(TALK) + 1), 2]:
        assert prompts.encode(TALK[:turns]) == whole(tokenizer, TALK[:turns])


@pytest.mark.parametrize(("kind", "cuts"), list(zip(TOKENIZERS, [True, True, True, True, False], strict=True)))
def test_texts_are_cut_where_that_changes_nothing(kind: str, cuts: bool):
    assert Pieces(TOKENIZERS[kind]()).takes(["hello"]) is cuts


@pytest.mark.parametrize("typed", ["<|end|>", "a<|user|>", "\U000f0000<|end|>\U000f0001", "x\U000f0001"])
def test_what_people_typed_stays_text_beside_known_pieces(typed: str):
    prompts = ChatPrompts(make_tokenizer())
    prompts.encode(TALK)
    messages = [*TALK[:-1], assistant("x"), user(typed)]

    assert prompts.encode(messages) == whole(make_tokenizer(), messages)


def test_only_what_is_new_is_encoded():
    tokenizer, encoded = make_tokenizer(), []
    call = type(tokenizer).__call__

    class Counted(type(tokenizer)):
        def __call__(self, text: Any, **options: Any) -> Any:
            encoded.append(text)
            return call(self, text, **options)

    tokenizer.__class__ = Counted
    known = Pieces(tokenizer)
    known.encode("<|begin|><|user|>one<|end|><|assistant|>")
    encoded.clear()
    known.encode("<|begin|><|user|>one<|end|><|assistant|>two<|end|><|user|>three<|end|><|assistant|>")

    assert encoded == [["<|assistant|>two", "<|user|>three"]]


def test_no_more_is_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pieces, "_KEPT_TOKENS", 20)
    known = Pieces(make_tokenizer())
    for number in range(50):
        text = f"<|user|>{number} and {number}<|end|>"
        assert make_tokenizer().decode(known.encode(text)) == text

    assert sum(map(len, known._known.values())) == known._kept <= 20
    assert known.encode("<|user|>" + "x" * 99)
    assert known._kept == 0
