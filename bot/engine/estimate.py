"""How many tokens a text may cost at a server whose tokenizer is not here: an estimate from above.

Byte-pair tokenizers of this decade make about one token of four English letters and of one Chinese character. The
estimate charges more than that, each class of characters for itself, so that what we call fitting does fit. It is not
a bound: a tokenizer that never saw a script falls back to one token a byte. The server has the last word then.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from bot.domain.generation import PromptMessage

# What a chat template writes around a message, and around the prompt as a whole.
_AROUND_MESSAGE = 8
_AROUND_PROMPT = 8

_LETTERS_PER_TOKEN = 3
_WORD = re.compile(r"[A-Za-z]+")
_BLANKS = re.compile(r"\s+")
_HAN_AND_KANA = re.compile(r"[\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef]")
_TOKENS_PER_HAN = 1.5


def estimate_tokens(text: str) -> int:
    """Tokens of a text, from above."""
    words = _WORD.findall(text)
    tokens = sum(math.ceil(len(word) / _LETTERS_PER_TOKEN) for word in words)
    # A single space belongs to the word after it; indentation and line breaks cost.
    tokens += sum(1 for blanks in _BLANKS.findall(text) if blanks != " ")
    rest = _BLANKS.sub("", _WORD.sub("", text))
    han = len(_HAN_AND_KANA.findall(rest))
    others = _HAN_AND_KANA.sub("", rest)
    return tokens + math.ceil(han * _TOKENS_PER_HAN) + len(others.encode("utf-8", "replace"))


def estimate_messages(messages: Sequence[PromptMessage]) -> list[int]:
    """Tokens of each message in a prompt, from above; what belongs to the whole prompt is counted on the last."""
    costs = [estimate_tokens(message.content) + _AROUND_MESSAGE for message in messages]
    if costs:
        costs[-1] += _AROUND_PROMPT
    return costs
