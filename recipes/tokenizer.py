"""Train the writer's tokenizer: byte-level BPE over both languages, with the chat template in its own files.

    python -m recipes.tokenizer --data DIR --out DIR [--vocab 16384]

Two choices differ from a stock byte-level BPE. Every Han character is its own pre-token, so a line of verse has as
many tokens as characters and a small model can count its metre. And the merges that build a Han character out of its
UTF-8 bytes come before all others, for every character seen often enough, so that common ones are never torn.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from recipes import data
from recipes.errors import plainly, present

BOS, END, PAD = "<|bos|>", "<|end|>", "<|pad|>"
ROLES = {"system": "<|system|>", "user": "<|user|>", "assistant": "<|assistant|>"}
SPECIAL = [PAD, BOS, END, *ROLES.values()]
CONTEXT = 1024

CHAT_TEMPLATE = (
    "<|bos|>"
    "{%- for message in messages -%}"
    "{{- '<|' + message['role'] + '|>' + (message['content'] | trim | replace('<|', '< |')) + '<|end|>' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}"
)
"""What a person writes can not become a special token: `<|` is opened up before it is encoded."""

WORDS = (
    r"'(?i:[sdmt]|ll|ve|re)"
    r"|[^\r\n\p{L}\p{N}]?\p{L}+"
    r"|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+"
    r"|\s*[\r\n]"
    r"|\s+(?!\S)|\s+"
)
"""GPT-4's splitting (tiktoken's cl100k_base) with digits one by one and line ends one by one."""

HAN = r"[\x{3400}-\x{4dbf}\x{4e00}-\x{9fff}]"
HAN_PATTERN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff，。！？、；：“”‘’《》（）…—【】「」]")


@dataclass(frozen=True)
class TokenizerRecipe:
    """What is trained: the size of the vocabulary, and how often a Han character must be seen to be whole."""

    vocab: int = 16_384
    han_seen: int = 10


def clean(text: str) -> str:
    """A message or document as the model reads it: no outer blanks, and no text that looks like a special token."""
    return text.strip().replace("<|", "< |")


def _pre_tokenizer() -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(HAN), "isolated"),
            pre_tokenizers.Split(Regex(WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def _bytes_as_letters(char: str) -> list[str]:
    """A character's UTF-8 bytes, in the printable letters that byte-level BPE writes bytes with."""
    ((piece, _),) = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(char)
    return list(piece)


def _whole_characters(seen: Counter[str], at_least: int) -> list[tuple[str, str]]:
    """The merges that make each common character one token, commonest first."""
    merges: dict[tuple[str, str], None] = {}
    for char, count in seen.most_common():
        if count < at_least:
            break
        left, *rest = _bytes_as_letters(char)
        for letter in rest:
            merges.setdefault((left, letter))
            left += letter
    return list(merges)


def train(texts: Iterable[str], recipe: TokenizerRecipe) -> PreTrainedTokenizerFast:
    """Train on texts; the result saves itself with `save_pretrained`."""
    seen: Counter[str] = Counter()

    def counted() -> Iterator[str]:
        for text in texts:
            seen.update(HAN_PATTERN.findall(text))
            yield text

    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = _pre_tokenizer()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    learner.train_from_iterator(
        counted(), trainers.BpeTrainer(vocab_size=recipe.vocab, initial_alphabet=alphabet, show_progress=False)
    )
    learned = [tuple(merge) for merge in json.loads(learner.to_str())["model"]["merges"]]
    merges = dict.fromkeys([*_whole_characters(seen, recipe.han_seen), *learned])

    vocab = {token: index for index, token in enumerate([*SPECIAL, *alphabet])}
    kept: list[tuple[str, str]] = []
    for left, right in merges:
        if left not in vocab or right not in vocab or left + right in vocab:
            continue
        if len(vocab) == recipe.vocab:
            break
        vocab[left + right] = len(vocab)
        kept.append((left, right))
    return _assembled(Tokenizer(models.BPE(vocab=vocab, merges=kept)))


def _assembled(core: Tokenizer) -> PreTrainedTokenizerFast:
    """The trained BPE with its special tokens, decoder and chat template."""
    core.pre_tokenizer = _pre_tokenizer()
    core.decoder = decoders.ByteLevel()
    core.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    make: Any = PreTrainedTokenizerFast
    assembled: PreTrainedTokenizerFast = make(
        tokenizer_object=core,
        bos_token=BOS,
        eos_token=END,
        pad_token=PAD,
        additional_special_tokens=list(ROLES.values()),
        chat_template=CHAT_TEMPLATE,
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
        padding_side="left",
    )
    return assembled


def load_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """The tokenizer that a recipe saved.

    Raises RecipeError where there is none.
    """
    loaded: Any = AutoTokenizer.from_pretrained(present(folder, "tokenizer.json", "recipes.tokenizer"))
    fast: PreTrainedTokenizerFast = loaded
    return fast


def training_texts(folder: Path) -> Iterator[str]:
    """All clean text and all words of the conversations, training part only."""
    for record in data.read_records(folder, data.PRETRAIN):
        yield clean(record["text"])
    for record in data.read_records(folder, data.CONVERSATIONS):
        for message in record["messages"]:
            yield clean(message["content"])


def run(folder: Path, out: Path, recipe: TokenizerRecipe) -> None:
    """Train and save."""
    print(recipe, flush=True)
    trained = train(training_texts(folder), recipe)
    out.mkdir(parents=True, exist_ok=True)
    trained.save_pretrained(out)
    sample = "Inkling writes 落霞与孤鹜齐飞，秋水共长天一色。"
    print(f"{len(trained)} tokens; {sample!r} -> {trained.tokenize(sample)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the data folder")
    parser.add_argument("--out", type=Path, required=True, help="where the tokenizer's files go")
    parser.add_argument("--vocab", type=int, default=TokenizerRecipe.vocab)
    args = parser.parse_args()
    run(args.data, args.out, TokenizerRecipe(vocab=args.vocab))


if __name__ == "__main__":
    plainly(main)
