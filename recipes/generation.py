"""A writer ready to be asked: replies to many conversations at once, and what a text costs it.

Rows that have ended leave the batch, so a reply that rambles on does not hold up the others. The choice of a token is
transformers' own with the suggested sampling: repetition penalty, temperature, the 50 likeliest, top-p.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, pad
from transformers import AutoModelForCausalLM, DynamicCache, PreTrainedModel, PreTrainedTokenizerFast

from recipes.data import Record
from recipes.errors import present
from recipes.tokenizer import load_tokenizer
from recipes.training import device_of, narrow

Told = Callable[[int, int], None]
"""Is told how many are done of how many."""


def untold(done: int, total: int) -> None:
    """Tells nobody."""


@dataclass(frozen=True)
class Choice:
    """How a token is drawn; a temperature of 0 takes the likeliest."""

    temperature: float
    top_p: float
    penalty: float
    top_k: int = 50

    def draw(self, logits: Tensor, seen: Tensor) -> Tensor:
        """The next token of each row; logits (rows, vocab), seen (rows, tokens) -> (rows,)."""
        before = logits.gather(1, seen)
        logits = logits.scatter(1, seen, torch.where(before < 0, before * self.penalty, before / self.penalty))
        if not self.temperature:
            return logits.argmax(-1)
        scores, tokens = (logits / self.temperature).topk(min(self.top_k, logits.shape[-1]))
        shares = scores.softmax(-1)
        shares = shares.masked_fill(shares.cumsum(-1) - shares >= self.top_p, 0.0)
        return tokens.gather(1, torch.multinomial(shares, 1)).squeeze(1)


GREEDY = Choice(temperature=0.0, top_p=1.0, penalty=1.0)


@dataclass(frozen=True)
class Writer:
    """A model with its tokenizer."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    device: torch.device
    batch: int = 40

    @classmethod
    def load(cls, folder: Path) -> Writer:
        """The writer of a folder; float32, which no processor is slow at."""
        device = device_of()
        present(folder, "config.json", "recipes.writer")
        model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        return cls(model.to(device).eval(), load_tokenizer(folder), device)

    @property
    def suggested(self) -> Choice:
        """The sampling of the folder's generation_config.json."""
        config = self.model.generation_config
        return Choice(config.temperature, config.top_p, config.repetition_penalty)

    @torch.inference_mode()
    def nats(self, texts: Sequence[str], told: Told = untold) -> float:
        """The negative log-likelihood of texts and their ends, in pieces of the context's length."""
        begin, end = self.tokenizer.bos_token_id, self.tokenizer.eos_token_id
        encoded = self.tokenizer.backend_tokenizer.encode_batch(list(texts), add_special_tokens=False)
        width = self.model.config.max_position_embeddings
        rows = [[begin, *found.ids, end] for found in encoded]
        pieces = [row[at : at + width] for row in rows for at in range(0, len(row) - 1, width - 1)]
        pieces.sort(key=len)
        total, done = 0.0, 0
        for chunk in _chunks(pieces, 8):
            total += self._surprise(chunk)
            done += len(chunk)
            told(done, len(pieces))
        return total

    def _surprise(self, pieces: list[list[int]]) -> float:
        """Nats of pieces of about one length; what is padded on the right is seen by nobody."""
        width = max(map(len, pieces))
        ids = torch.tensor([[*piece, *[-100] * (width - len(piece))] for piece in pieces], device=self.device)
        with narrow(self.device):
            hidden = self.model.model(input_ids=ids[:, :-1].clamp(min=0), use_cache=False).last_hidden_state
        wanted = ids[:, 1:].reshape(-1)
        states, wanted = hidden.float().flatten(0, 1)[wanted >= 0], wanted[wanted >= 0]
        head = self.model.lm_head.weight
        slices = zip(torch.split(states, 1024), torch.split(wanted, 1024), strict=True)
        return sum(float(cross_entropy(part @ head.T, targets, reduction="sum")) for part, targets in slices)

    @torch.inference_mode()
    def answer(
        self,
        conversations: list[list[Record]],
        most: int,
        choice: Choice | None = None,
        told: Told = untold,
    ) -> list[tuple[str, bool]]:
        """A reply to each conversation, and whether it ended by itself within `most` tokens."""
        prompts = [
            self.tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
            for messages in conversations
        ]
        order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
        replies: dict[int, tuple[str, bool]] = {}
        for chunk in _chunks(order, self.batch):
            said = self.continued([prompts[index] for index in chunk], most, choice or self.suggested)
            for index, tokens in zip(chunk, said, strict=True):
                text = str(self.tokenizer.decode(tokens, skip_special_tokens=True))
                replies[index] = text.strip(), self.tokenizer.eos_token_id in tokens
            told(len(replies), len(prompts))
        return [replies[index] for index in range(len(prompts))]

    def continued(self, prompts: list[list[int]], most: int, choice: Choice) -> list[list[int]]:
        """What follows each prompt, with the end token where there is one."""
        width = max(map(len, prompts))
        left = [pad(torch.tensor(prompt), (width - len(prompt), 0), value=-1) for prompt in prompts]
        seen = torch.stack(left).to(self.device)
        mask, seen = (seen >= 0).long(), seen.clamp(min=0)
        rows = torch.arange(len(prompts), device=self.device)
        cache, step = DynamicCache(config=self.model.config), seen
        said: list[list[int]] = [[] for _ in prompts]
        for _ in range(most):
            places = (mask.cumsum(-1) - 1).clamp(min=0)[:, -step.shape[1] :]
            hidden = self.model.model(
                input_ids=step, attention_mask=mask, position_ids=places, past_key_values=cache, use_cache=True
            ).last_hidden_state[:, -1]
            chosen = choice.draw(self.model.lm_head(hidden).float(), seen)
            for row, token in zip(rows.tolist(), chosen.tolist(), strict=True):
                said[row].append(token)
            going = (chosen != self.tokenizer.eos_token_id).nonzero().squeeze(1)
            if not len(going):
                break
            if len(going) < len(rows):
                cache.batch_select_indices(going)
                rows, seen, mask, chosen = rows[going], seen[going], mask[going], chosen[going]
            step = chosen[:, None]
            seen, mask = torch.cat([seen, step], 1), torch.cat([mask, torch.ones_like(step)], 1)
        return said


def _chunks(items: list[Any], size: int) -> Iterator[list[Any]]:
    return (items[at : at + size] for at in range(0, len(items), size))
