"""The model at work: one prompt in, pieces of text out, by transformers' `generate`.

Knows tensors and tokens, and nothing of processes, pipes or lines of people. A scheduler that batches requests takes
its place in time, behind the same worker.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from transformers import GenerationConfig, PreTrainedModel, StoppingCriteria, StoppingCriteriaList

from bot.domain.generation import FinishReason, PromptMessage, Role, SamplingParams
from bot.engine.prompts import ChatPrompts
from bot.engine.text import StopGate, TokenText
from bot.errors import PromptTooLong

# How many of a continued text's last tokens the decoder is shown: enough for what tells a space from none.
_TOKENS_BEFORE = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a generation ended, and its cost in tokens."""

    reason: FinishReason
    prompt_tokens: int
    completion_tokens: int


class Runner:
    """Generates with one model, one request after another."""

    def __init__(self, model: PreTrainedModel, prompts: ChatPrompts, window: int) -> None:
        self._model = model
        self._prompts = prompts
        self._window = window

    def generate(
        self,
        messages: Sequence[PromptMessage],
        sampling: SamplingParams,
        emit: Callable[[str, int], None],
        is_cancelled: Callable[[], bool],
    ) -> Outcome:
        """Answer a prompt. `emit` gets each piece of text and the number of tokens so far; `is_cancelled` is asked at
        every token. `max_tokens` is cut to what the window leaves.

        Raises:
            PromptTooLong: the window leaves no room for one token.
            RequestRejected: the chat template refuses the messages.
        """
        prompt = self._prompts.encode(messages)
        room = self._window - len(prompt)
        if room < 1:
            raise PromptTooLong(tokens=len(prompt), window=self._window)
        continues = messages[-1].role is Role.ASSISTANT
        before = prompt[-_TOKENS_BEFORE:] if continues else []
        config = self._config(sampling, min(sampling.max_tokens, room))
        watch = _Watch(TokenText(self._prompts.decoder(), before), StopGate(sampling.stop), emit, is_cancelled)
        torch.manual_seed(sampling.seed) if sampling.seed is not None else torch.seed()
        ids = torch.tensor([prompt], device=self._model.device)
        with torch.inference_mode():
            cast(Any, self._model).generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                generation_config=config,
                stopping_criteria=StoppingCriteriaList([watch]),
            )
        watch.finish()
        return Outcome(self._reason(watch, config), len(prompt), watch.tokens)

    def _config(self, sampling: SamplingParams, max_tokens: int) -> GenerationConfig:
        """The model's own generation configuration, with what the request sets in its place."""
        config = copy.deepcopy(self._model.generation_config)
        config.max_new_tokens, config.max_length = max_tokens, None
        config.num_beams = config.num_return_sequences = 1
        if sampling.temperature is not None:
            config.do_sample = sampling.temperature > 0
            config.temperature = sampling.temperature or None
        for name in ("top_p", "top_k", "min_p", "repetition_penalty"):
            if (value := getattr(sampling, name)) is not None:
                setattr(config, name, value)
        if config.pad_token_id is None:
            config.pad_token_id = next(iter(_end_tokens(config)), 0)
        return config

    def _reason(self, watch: _Watch, config: GenerationConfig) -> FinishReason:
        if watch.cancelled:
            return FinishReason.CANCELLED
        ended = watch.stopped or watch.last_token in _end_tokens(config)
        return FinishReason.STOP if ended else FinishReason.LENGTH


class _Watch(StoppingCriteria):
    """Sees every token as it is chosen: passes its text on, and says when to stop.

    A stopping criterion, and not a streamer, because a streamer hears of a token only after it was decided whether
    another one is computed.
    """

    def __init__(
        self, text: TokenText, gate: StopGate, emit: Callable[[str, int], None], is_cancelled: Callable[[], bool]
    ) -> None:
        self._text = text
        self._gate = gate
        self._emit = emit
        self._is_cancelled = is_cancelled
        self.tokens = 0
        self.last_token = -1
        self.cancelled = False

    @property
    def stopped(self) -> bool:
        """Whether a stop string appeared."""
        return self._gate.stopped

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: Any) -> torch.Tensor:
        self.tokens += 1
        self.last_token = int(input_ids[0, -1])
        self._pass_on(self._gate.push(self._text.push(self.last_token)))
        self.cancelled = self._is_cancelled()
        return torch.tensor([self.cancelled or self.stopped], device=input_ids.device)

    def finish(self) -> None:
        """Pass on what was held back."""
        if not self.cancelled:
            self._pass_on(self._gate.push(self._text.finish()) + self._gate.finish())

    def _pass_on(self, text: str) -> None:
        if text:
            self._emit(text, self.tokens)


def _end_tokens(config: GenerationConfig) -> list[int]:
    ends = config.eos_token_id
    return [] if ends is None else [ends] if isinstance(ends, int) else list(ends)
