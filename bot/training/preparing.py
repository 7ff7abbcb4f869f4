"""Examples as the trainers take them: conversational rows that fit the window, and the general set.

A trainer cuts what is too long at its end, which is the answer, and drops rows without a word; here the prompt's oldest
turns go first, and everything left out is counted.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.domain.training import Example, ExampleKind
from bot.training.recipes import Recipe

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

GENERAL = Path(__file__).with_name("general.jsonl")

Messages = list[dict[str, str]]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Rows for each phase, none where there are too few for it. `used` counts the examples by kind, `dropped` what was
    left out, by reason."""

    supervised: list[Row]
    verdicts: list[Row]
    pairs: list[Row]
    used: dict[str, int]
    dropped: dict[str, int]


class Budget:
    """Fits prompts into a window of tokens."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, window: int) -> None:
        self._tokenizer = tokenizer
        self.window = window
        self.shortened = 0

    def fit(self, prompt: Messages, *answers: str) -> Messages | None:
        """The prompt without as many of its oldest turns as it takes, system text kept; None when nothing helps."""
        turns = [one for one in prompt if one["role"] != "system"]
        system = [one for one in prompt if one["role"] == "system"]
        for start in range(len(turns)):
            # A conversation begins with a person: a template may insist on it.
            if turns[start]["role"] != "user" and start:
                continue
            kept = [*system, *turns[start:]]
            if all(self.tokens(kept, answer) <= self.window for answer in answers):
                self.shortened += start > 0
                return kept
        return None

    def tokens(self, prompt: Messages, answer: str) -> int:
        """How many tokens prompt and answer are together."""
        messages = [*prompt, *_answer(answer)]
        return len(self._tokenizer.apply_chat_template(messages, return_dict=False))


def prepare(examples: Sequence[Example], recipe: Recipe, budget: Budget, seed: int) -> Prepared:
    """Rows for each phase, shuffled by the seed."""
    dropped: Counter[str] = Counter()
    supervised: dict[str, Row] = {}
    verdicts, pairs = [], []
    for example in examples:
        prompt = [{"role": one.role.value, "content": one.content} for one in example.prompt]
        answers = [example.answer, example.rejected] if example.kind is ExampleKind.PAIR else [example.answer]
        if not all(answer.strip() for answer in answers):
            dropped["empty"] += 1
        elif (fitting := budget.fit(prompt, *answers)) is None:
            dropped["too_long"] += 1
        elif example.kind is ExampleKind.PAIR:
            chosen, rejected = map(_answer, answers)
            pairs.append({"prompt": fitting, "chosen": chosen, "rejected": rejected})
        else:
            row = {"prompt": fitting, "completion": _answer(example.answer)}
            if example.good:
                # Liked by three people it is still one answer to learn by heart.
                supervised.setdefault(json.dumps(row), row)
            if example.kind is ExampleKind.VERDICT:
                verdicts.append(row | {"label": example.good})
    used = {"demonstration": len(supervised), "verdict": len(verdicts), "pair": len(pairs)}
    general = _general(budget, seed)
    rows = [*supervised.values(), *_beside(len(supervised), recipe.general_share, general)]
    if min(sum(row["label"] is side for row in verdicts) for side in (True, False)) < recipe.least_side:
        verdicts = []
    # To KTO they are answers to be kept as likely as they were.
    verdicts += [row | {"label": True} for row in _beside(len(verdicts), recipe.anchor_share, general)]
    if len(pairs) < recipe.least_pairs:
        pairs = []
    used |= {"general": len(rows) - len(supervised), "shortened": budget.shortened}
    dice = random.Random(seed)
    for part in (rows, verdicts, pairs):
        dice.shuffle(part)
    return Prepared(rows, verdicts, pairs, used, dict(dropped))


def read_general(part: str) -> list[Messages]:
    """The conversations of a part, "train" or "heldout", of the general set."""
    with GENERAL.open(encoding="utf-8") as lines:
        rows = map(json.loads, lines)
        return [row["messages"] for row in rows if row.get("part") == part]


def as_row(conversation: Messages) -> Row:
    """The last message as the answer to those before it."""
    return {"prompt": conversation[:-1], "completion": conversation[-1:]}


def _general(budget: Budget, seed: int) -> list[Row]:
    """The general set's rows that fit, in random order."""
    rows = [as_row(conversation) for conversation in read_general("train")]
    random.Random(seed).shuffle(rows)
    return [row for row in rows if budget.tokens(row["prompt"], row["completion"][0]["content"]) <= budget.window]


def _beside(rows: int, share: float, general: list[Row]) -> list[Row]:
    """As many general rows as make up this share together with so many others."""
    return general[: round(rows * share / (1 - share))]


def _answer(text: str) -> Messages:
    return [{"role": "assistant", "content": text}]
