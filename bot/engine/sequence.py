"""The state of one request inside the worker: its tokens, how far they are computed, and where its text stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from bot.domain.generation import FinishReason
from bot.engine.cache import Slot
from bot.engine.text import StopGate, TokenText

if TYPE_CHECKING:
    from bot.engine.runner import Weights


@dataclass(frozen=True, slots=True)
class Choice:
    """How the next token is chosen, with nothing left open. Temperature 0 means the likeliest one.

    `top_k` 0, `top_p` 1, `min_p` 0 and `repetition_penalty` 1 change nothing.
    """

    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0


@dataclass(slots=True, eq=False, weakref_slot=True)
class Sequence:
    """A request in the worker. `tokens` is the prompt and what was generated; the first `computed` are in the cache."""

    number: int
    tokens: list[int]
    max_tokens: int
    choice: Choice
    random: Random
    text: TokenText
    gate: StopGate
    ends: frozenset[int]
    weights: Weights | None
    prompt_tokens: int = field(init=False)
    computed: int = 0
    slot: Slot | None = None
    failures: int = 0
    end: FinishReason | None = None

    def __post_init__(self) -> None:
        self.prompt_tokens = len(self.tokens)

    @classmethod
    def bare(cls, tokens: list[int], slot: Slot | None = None) -> Sequence:
        """Tokens to be computed, that nobody reads."""
        text = TokenText(lambda _: "")
        return cls(0, tokens, 1, Choice(), Random(0), text, StopGate(()), frozenset(), None, slot=slot)

    @property
    def generated(self) -> int:
        """How many tokens were generated."""
        return len(self.tokens) - self.prompt_tokens

    @property
    def room(self) -> int:
        """How many places its keys and values may need."""
        return self.prompt_tokens + self.max_tokens

    def push(self, token: int) -> str:
        """Add a generated token, and return the text that may be shown now; sets `end` when it was the last."""
        self.tokens.append(token)
        text = self.gate.push(self.text.push(token))
        if token in self.ends or self.gate.stopped:
            self.end = FinishReason.STOP
        elif self.generated == self.max_tokens:
            self.end = FinishReason.LENGTH
        if self.end is not None:
            text += self.gate.push(self.text.finish()) + self.gate.finish()
        return text
