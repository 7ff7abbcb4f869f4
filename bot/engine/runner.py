"""The model at work: all requests in flight, one step at a time.

A step is schedule → forward → choose → record, as in nano-vllm. It knows tensors and tokens, and nothing of processes,
pipes or lines of people.
"""

from __future__ import annotations

from collections.abc import Sequence as Many
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Protocol

import torch
from torch import Tensor

from bot.domain.generation import FinishReason, PromptMessage, Role, SamplingParams
from bot.engine.attention import arrange
from bot.engine.cache import Prefixes, Slots, Traces, capacity_for
from bot.engine.prompts import ChatPrompts
from bot.engine.sampling import choose
from bot.engine.scheduler import Scheduler, Share
from bot.engine.sequence import Choice, Sequence
from bot.engine.text import StopGate, TokenText
from bot.errors import PromptTooLong

# How many of a continued text's last tokens the decoder is shown: enough for what tells a space from none.
_TOKENS_BEFORE = 8
# Tokens of prompts that one step reads at most: an answer in progress waits for so much, and no longer.
_STEP_TOKENS = 256
_FAILURES_OF_A_REQUEST = 2
_MEBIBYTE = 2**20


class Model(Protocol):
    """A path through a model.

    `cache_shape` is the number of layers, of key heads, and their size in the runner's cache, `place_bytes` what the
    keys and values of one token take there, or in a cache of the path's own.
    """

    cache_shape: tuple[int, int, int]
    place_bytes: int
    dtype: torch.dtype
    device: torch.device

    def forward(self, shares: list[Share], cache: Tensor) -> Tensor:
        """Compute a step; the logits after the shares that are the last of their requests."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """A release in memory."""

    release: str
    model: Model


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the model's own generation configuration says where a request says nothing."""

    choice: Choice
    ends: frozenset[int]

    @classmethod
    def of(cls, config: Any) -> Defaults:
        """Read a `GenerationConfig`."""
        ends = config.eos_token_id
        choice = Choice(
            temperature=(config.temperature or 1.0) if config.do_sample else 0.0,
            top_k=config.top_k or 0,
            top_p=1.0 if config.top_p is None else config.top_p,
            min_p=config.min_p or 0.0,
            repetition_penalty=config.repetition_penalty or 1.0,
        )
        return cls(choice, frozenset([] if ends is None else [ends] if isinstance(ends, int) else ends))


@dataclass(frozen=True, slots=True)
class Began:
    """The request has a slot and is being read."""

    number: int
    release: str


@dataclass(frozen=True, slots=True)
class Said:
    """New text, after so many tokens."""

    number: int
    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The request is over, and this is what it cost."""

    number: int
    reason: FinishReason
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class Broke:
    """The request made a step fail again and again."""

    number: int
    error: Exception


Event = Began | Said | Ended | Broke


class Runner:
    """Generates for many requests with one model, and with releases of it: weights of the same shape beside its own.

    Args:
        release: the name of the model itself.
        cache_mib: for keys and values, half for what runs and half for the prefixes of what ended.
        max_running: how many requests run at the same time.
    """

    def __init__(
        self,
        release: str,
        model: Model,
        prompts: ChatPrompts,
        defaults: Defaults,
        window: int,
        cache_mib: int,
        max_running: int,
    ) -> None:
        self._prompts = prompts
        self._defaults = defaults
        self._window = window
        layers, heads, size = model.cache_shape
        places = cache_mib * _MEBIBYTE // 2 // max(1, model.place_bytes)
        slots = Slots(min(places, max_running * capacity_for(window)), window)
        # Zeros are lazy on a processor: places that were never used take no memory.
        self._cache = torch.zeros((layers, slots.places, 2, heads, size), dtype=model.dtype, device=model.device)
        self._kept_places = places if layers else 0
        self._prefixes = Prefixes(self._kept_places)
        self._traces = Traces()
        self._loaded = {release: Weights(release, model)}
        self._scheduler = Scheduler(slots, max_running, _STEP_TOKENS)
        self._sequences: dict[int, Sequence] = {}

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do."""
        return not self._sequences

    def load(self, release: str, model: Model) -> None:
        """Let requests begin with these weights from now on."""
        self.unload(release)
        self._loaded[release] = Weights(release, model)

    def unload(self, release: str) -> None:
        """Let no request begin with these weights any more; those in flight end on them, and then they are gone."""
        weights = self._loaded.pop(release, None)
        if weights is not None:
            self._prefixes.forget(weights)
            self._traces.forget(weights)

    def runs_on(self, release: str) -> bool:
        """Whether requests in flight began with weights of this name that are unloaded since."""
        weights = [_weights_of(sequence) for sequence in self._sequences.values()]
        return any(one.release == release and one is not self._loaded.get(release) for one in weights)

    def open(self, number: int, messages: Many[PromptMessage], sampling: SamplingParams, release: str) -> None:
        """Take a request in, for a release that is loaded. `max_tokens` is cut to what the window leaves.

        Raises:
            PromptTooLong: the window leaves no room for one token.
            RequestRejected: the chat template refuses the messages.
        """
        prompt = self._prompts.encode(messages)
        room = self._window - len(prompt)
        if room < 1:
            raise PromptTooLong(tokens=len(prompt), window=self._window)
        continues = messages[-1].role is Role.ASSISTANT
        sequence = Sequence(
            number=number,
            tokens=prompt,
            max_tokens=min(sampling.max_tokens, room),
            choice=_choice(self._defaults.choice, sampling),
            random=Random(sampling.seed),
            text=TokenText(self._prompts.decoder(), prompt[-_TOKENS_BEFORE:] if continues else []),
            gate=StopGate(sampling.stop),
            ends=self._defaults.ends,
            weights=self._loaded[release],
        )
        self._sequences[number] = sequence
        self._scheduler.add(sequence)

    def cancel(self, number: int) -> list[Event]:
        """End a request; one that is over already is nothing to do."""
        sequence = self._sequences.get(number)
        if sequence is None:
            return []
        sequence.end = FinishReason.CANCELLED
        return [self._close(sequence)]

    def step(self) -> list[Event]:
        """Let in who may come, compute one step, and tell what came of it.

        The weights of all that run take their turn in every step, so no release waits for another.
        """
        events: list[Event] = []
        for sequence in self._scheduler.admit():
            self._recall(sequence)
            events.append(Began(sequence.number, _weights_of(sequence).release))
        shares = self._scheduler.schedule()
        for weights in {id(w): w for w in (_weights_of(share.sequence) for share in shares)}.values():
            mine = arrange([share for share in shares if share.sequence.weights is weights])
            try:
                events += self._advance(weights, mine)
            except Exception as error:  # whatever it is, it must not end the others
                events += self._blame(mine, error)
        return events

    @torch.inference_mode()
    def _advance(self, weights: Weights, shares: list[Share]) -> list[Event]:
        answering = [share.sequence for share in shares if share.is_last]
        logits = weights.model.forward(shares, self._cache)
        tokens = choose(logits, answering) if answering else []
        for share in shares:
            share.sequence.computed += share.count
            share.sequence.failures = 0
        events: list[Event] = []
        for sequence, token in zip(answering, tokens, strict=True):
            if text := sequence.push(token):
                events.append(Said(sequence.number, text, sequence.generated))
            if sequence.end is not None:
                events.append(self._close(sequence))
        return events

    def _blame(self, shares: list[Share], error: Exception) -> list[Event]:
        """Those of a failing step begin again, each alone; who makes a step fail twice is set aside."""
        events: list[Event] = []
        for share in shares:
            sequence = share.sequence
            sequence.failures += 1
            sequence.computed = 0
            if sequence.failures == _FAILURES_OF_A_REQUEST:
                self._remove(sequence)
                events.append(Broke(sequence.number, error))
        return events

    def _close(self, sequence: Sequence) -> Ended:
        assert sequence.end is not None
        weights = _weights_of(sequence)
        if sequence.slot is not None and weights in self._loaded.values() and self._kept_places:
            start, tokens = sequence.slot.start, sequence.tokens[: sequence.computed]
            self._prefixes.keep(weights, tokens, lambda a, b: self._cache[:, start + a : start + b].clone())
            self._traces.leave(weights, sequence.slot, tokens)
        self._remove(sequence)
        return Ended(sequence.number, sequence.end, sequence.prompt_tokens, sequence.generated)

    def _remove(self, sequence: Sequence) -> None:
        self._scheduler.remove(sequence)
        del self._sequences[sequence.number]

    def _recall(self, sequence: Sequence) -> None:
        """Copy the longest kept prefix into the slot, but for what lies there already; the last token is left, since
        its logits are wanted."""
        assert sequence.slot is not None
        weights, slot, tokens = _weights_of(sequence), sequence.slot, sequence.tokens[:-1]
        there = self._traces.enter(weights, slot, tokens)
        at = 0
        for piece in self._prefixes.find(weights, tokens):
            end = at + piece.shape[1]
            if end > there:
                self._cache[:, slot.start + at : slot.start + end] = piece
            at = end
        sequence.computed = max(at, there)


def _weights_of(sequence: Sequence) -> Weights:
    assert sequence.weights is not None
    return sequence.weights


def _choice(default: Choice, sampling: SamplingParams) -> Choice:
    """The request's values where it has some, else the model's."""
    names = ("temperature", "top_k", "top_p", "min_p", "repetition_penalty")
    return replace(default, **{name: value for name in names if (value := getattr(sampling, name)) is not None})
