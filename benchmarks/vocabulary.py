"""The words of the random model: an artificial language in which every word is one token.

So a prompt has as many tokens as it was meant to have, and its token numbers are known without a tokenizer.
"""

from __future__ import annotations

import itertools
import random

SIZE = 16_384
SPECIAL = ("<|pad|>", "<|begin|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
BEGIN, END, USER, ASSISTANT = 1, 2, 4, 5
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
# What the template adds to a prompt of one message.
FRAME_TOKENS = 4
# Special tokens and single bytes come first; words begin with a space, which byte-level tokenizers write so.
BYTES = 256
_SPACE = "Ġ"
_SYLLABLES = ["".join(letters) for letters in itertools.product("bcdfghjklmnpqrstvwxyz", "aeiou")]


def merges() -> list[tuple[str, str]]:
    """The merges of a byte-level BPE, in order: syllables, then words of one, two and three of them.

    A vowel never begins a merge, so there is one way only to cut a word into syllables.
    """
    syllables = [(syllable[0], syllable[1]) for syllable in _SYLLABLES]
    short = [(_SPACE, syllable) for syllable in _SYLLABLES]
    middle = [(_SPACE + first, second) for first, second in itertools.product(_SYLLABLES, repeat=2)]
    long = [(first + second, third) for (first, second), third in itertools.product(middle, _SYLLABLES)]
    return [*syllables, *short, *middle, *long][: SIZE - len(SPECIAL) - BYTES]


_WORDS = {
    (first + second).replace(_SPACE, " "): number
    for number, (first, second) in enumerate(merges(), start=len(SPECIAL) + BYTES)
    if first.startswith(_SPACE)
}
_CHOICE = list(_WORDS)


def random_text(words: int, dice: random.Random) -> str:
    """A text of so many tokens."""
    return "".join(dice.choices(_CHOICE, k=words))


def prompt_tokens(text: str) -> list[int]:
    """What the tokenizer makes of a prompt of one message of the user's."""
    words = [_WORDS[" " + word] for word in text.split()]
    return [BEGIN, USER, *words, END, ASSISTANT]
