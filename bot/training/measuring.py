"""What a release makes of texts: likelihoods of answers, and answers of its own. The judging of them is elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from peft import PeftModel

from bot.training.head import add_answer_head
from bot.training.panel import Reply
from bot.training.preparing import Budget, Messages

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

CANDIDATE, IN_SERVICE, BASE = "candidate", "in_service", ""
# Tokens in a batch, padding included.
_BATCH_TOKENS = 8192
_IGNORED = -100
REPLY_TOKENS = 64
OnDone = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Likelihood:
    """The log-likelihood of an answer, summed over its tokens, and how many these are."""

    total: float
    tokens: int

    @property
    def mean(self) -> float:
        return self.total / max(self.tokens, 1)


class Contest:
    """The base model with the candidate's weights and those in service beside each other, one in use at a time."""

    def __init__(
        self,
        base: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        candidate: Path,
        in_service: Path | None,
        window: int,
    ) -> None:
        model: Any = PeftModel.from_pretrained(base, candidate, adapter_name=CANDIDATE)
        if in_service is not None:
            model.load_adapter(in_service, IN_SERVICE)
        self._served = IN_SERVICE if in_service is not None else BASE
        self._model = model.eval()
        self._tokenizer = tokenizer
        self._window = window
        self._fused = add_answer_head(base)

    @property
    def served(self) -> str:
        """What the candidate is tested against: IN_SERVICE or BASE."""
        return self._served

    def likelihoods(
        self, release: str, answers: Sequence[tuple[Messages, str]], on_done: OnDone | None = None
    ) -> list[Likelihood]:
        """How likely the release finds each answer to its prompt."""
        encoded = [self._encode(prompt, answer) for prompt, answer in answers]
        order = sorted(range(len(encoded)), key=lambda number: len(encoded[number][0]))
        found: dict[int, Likelihood] = {}
        with self._as(release), torch.inference_mode():
            for numbers in _batches(order, [len(ids) for ids, _ in encoded]):
                scored = self._score([encoded[number] for number in numbers])
                found.update(zip(numbers, scored, strict=True))
                if on_done is not None:
                    on_done(len(found), len(encoded))
        return [found[number] for number in range(len(encoded))]

    def replies(self, release: str, prompts: Sequence[str], seed: int) -> list[Reply]:
        """Answers to prompts without history, drawn as the model's own generation settings say."""
        chats = [[{"role": "user", "content": prompt}] for prompt in prompts]
        tokenizer: Any = self._tokenizer
        tokenizer.padding_side = "left"
        batch = tokenizer.apply_chat_template(
            chats, add_generation_prompt=True, padding=True, return_tensors="pt", return_dict=True
        ).to(self._model.device)
        torch.manual_seed(seed)
        with self._as(release), torch.inference_mode():
            made = self._model.generate(
                input_ids=batch["input_ids"],
                attention_mask=batch["attention_mask"],
                max_new_tokens=REPLY_TOKENS,
                pad_token_id=tokenizer.pad_token_id,
            )
        return [self._reply(row) for row in made[:, batch["input_ids"].shape[1] :].tolist()]

    @contextmanager
    def _as(self, release: str) -> Iterator[None]:
        if release == BASE:
            with self._model.disable_adapter():
                yield
        else:
            self._model.set_adapter(release, inference_mode=True)
            yield

    def _encode(self, prompt: Messages, answer: str) -> tuple[list[int], int]:
        """The tokens of both, and how many of them are the prompt's."""
        fitting = Budget(self._tokenizer, self._window).fit(prompt, answer) or prompt[-1:]
        template: Any = self._tokenizer.apply_chat_template
        asked = template(fitting, add_generation_prompt=True, return_dict=False)
        whole = template([*fitting, {"role": "assistant", "content": answer}], return_dict=False)
        shared = next((n for n, pair in enumerate(zip(asked, whole, strict=False)) if pair[0] != pair[1]), len(asked))
        return whole[: self._window], min(shared, self._window - 1)

    def _score(self, rows: Sequence[tuple[list[int], int]]) -> list[Likelihood]:
        longest = max(len(ids) for ids, _ in rows)
        ids = torch.full((len(rows), longest), self._tokenizer.pad_token_id or 0)
        mask, labels = torch.zeros_like(ids), torch.full_like(ids, _IGNORED)
        for number, (tokens, prompt) in enumerate(rows):
            ids[number, : len(tokens)] = torch.tensor(tokens)
            mask[number, : len(tokens)] = 1
            labels[number, prompt : len(tokens)] = ids[number, prompt : len(tokens)]
        device = self._model.device
        log_probs = self._log_probs(ids.to(device), mask.to(device), labels.to(device)).sum(-1).tolist()
        counts = (labels[:, 1:] != _IGNORED).sum(-1).tolist()
        return [Likelihood(total, tokens) for total, tokens in zip(log_probs, counts, strict=True)]

    def _log_probs(self, ids: torch.Tensor, mask: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Of each next token that is labelled; zero elsewhere."""
        if self._fused:
            answered: torch.Tensor = self._model(
                input_ids=ids, attention_mask=mask, labels=labels, fused_lm_head=True
            ).log_probs
            return answered
        logits = self._model(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, :-1].float()
        goals = labels[:, 1:]
        losses = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), goals.flatten(), ignore_index=_IGNORED, reduction="none"
        )
        return -losses.view(goals.shape)

    def _reply(self, ids: list[int]) -> Reply:
        ends = self._model.generation_config.eos_token_id
        ends = {ends} if isinstance(ends, int) else set(ends or [])
        end = next((place for place, token in enumerate(ids) if token in ends), None)
        kept = ids[:end]
        decode = self._tokenizer.decode
        return Reply(str(decode(kept, skip_special_tokens=True)), str(decode(kept)), end is not None)


def _batches(order: Sequence[int], lengths: Sequence[int]) -> Iterator[list[int]]:
    """Numbers of like lengths, as many as fit into a batch; shortest first."""
    batch: list[int] = []
    for number in order:
        if batch and (len(batch) + 1) * lengths[number] > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch
