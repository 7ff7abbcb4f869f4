"""Tokens of prompts piece by piece, so that of a conversation that grows only what is new is encoded.

Before anything else a tokenizer cuts a text at its special tokens, and encodes what is between them apart from the rest
(https://huggingface.co/docs/tokenizers/api/added-tokens). So a text that is cut where special tokens begin has the
tokens of its pieces, one after another. That holds unless a special token takes the space before it along, or is looked
for in a text that was normalised, or as a whole word only; tokenizers with such tokens get their texts whole.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# About as many as sixteen conversations have; 2 MB.
_KEPT_TOKENS = 2**16
# What transformers puts around control tokens that people typed, and takes out of what they say.
_MARKERS = "[\U000f0000\U000f0001]"


class Pieces:
    """The encoder of one tokenizer's rendered prompts, with the pieces that it used last."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._known: OrderedDict[str, list[int]] = OrderedDict()
        self._kept = 0
        special = list(tokenizer.added_tokens_decoder.values())
        self._can_cut = tokenizer.is_fast and not any(
            token.lstrip or token.normalized or token.single_word for token in special
        )
        longest_first = sorted((token.content for token in special), key=len, reverse=True)
        pattern = "|".join(map(re.escape, longest_first)) or "(?!)"
        self._special = re.compile(pattern)
        self._typed = re.compile(f"{pattern}|{_MARKERS}")

    def takes(self, said: Iterable[str]) -> bool:
        """Whether a prompt with these words of people's may be encoded here: a special token that somebody typed is
        text, and must not be taken for one."""
        return self._can_cut and not any(self._typed.search(text) for text in said)

    def encode(self, text: str) -> list[int]:
        """The tokens of a rendered prompt, special ones as they stand in it and none beside them."""
        pieces = self._cut(text)
        if new := [piece for piece in dict.fromkeys(pieces) if piece not in self._known]:
            for piece, tokens in zip(new, self._tokenizer(new, add_special_tokens=False)["input_ids"], strict=True):
                self._known[piece] = tokens
                self._kept += len(tokens)
        tokens = [token for piece in pieces for token in self._known[piece]]
        for piece in pieces:
            self._known.move_to_end(piece)
        while self._kept > _KEPT_TOKENS:
            self._kept -= len(self._known.popitem(last=False)[1])
        return tokens

    def _cut(self, text: str) -> list[str]:
        begins = [0, *(found.start() for found in self._special.finditer(text)), len(text)]
        return [text[begin:end] for begin, end in pairwise(begins) if begin < end]
