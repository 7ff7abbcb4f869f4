"""Measure a writer on held-out text and conversations, beside baselines that anyone can rerun.

    python -m recipes.evaluate --data DIR --model DIR [--documents 200] [--replies 120] [--json]

Bits per byte stand beside xz, which has read 16 MB of the training text of the same language; summaries beside lead-3
and LexRank. Most held-out conversations come from the templates that the training part came from; qmsum's do not.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast

from recipes import data, metrics
from recipes.data import Record
from recipes.model import head_loss
from recipes.tokenizer import clean
from recipes.training import device_of, narrow

LANGUAGES = {"english": False, "chinese": True}


@dataclass(frozen=True)
class Writer:
    """A model with its tokenizer, ready to be asked."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    device: torch.device

    @classmethod
    def load(cls, folder: Path) -> Writer:
        device = device_of()
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).to(device).eval()
        return cls(model, AutoTokenizer.from_pretrained(folder), device)

    @torch.inference_mode()
    def nats(self, text: str) -> float:
        """The negative log-likelihood of a text and its end, in pieces of the context's length."""
        ids = [
            self.tokenizer.bos_token_id,
            *self.tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids,
            self.tokenizer.eos_token_id,
        ]
        width, total = self.model.config.max_position_embeddings, 0.0
        for at in range(0, len(ids) - 1, width - 1):
            piece = torch.tensor([ids[at : at + width]], device=self.device)
            with narrow(self.device):
                hidden = self.model.model(input_ids=piece[:, :-1]).last_hidden_state
            loss = head_loss(hidden.float(), self.model.lm_head.weight, piece[:, 1:])
            total += float(loss) * (piece.shape[1] - 1)
        return total

    @torch.inference_mode()
    def answer(self, conversations: list[list[Record]], most: int, **sampling: Any) -> list[tuple[str, bool]]:
        """A reply to each conversation, and whether it ended by itself within `most` tokens."""
        replies: list[tuple[str, bool]] = []
        for start in range(0, len(conversations), 16):
            inputs = self.tokenizer.apply_chat_template(
                conversations[start : start + 16],
                add_generation_prompt=True,
                padding=True,
                return_tensors="pt",
                return_dict=True,
            )
            inputs = {name: inputs[name].to(self.device) for name in ("input_ids", "attention_mask")}
            with narrow(self.device):
                out = self.model.generate(**inputs, max_new_tokens=most, **sampling)
            for row in out[:, inputs["input_ids"].shape[1] :]:
                text = self.tokenizer.decode(row, skip_special_tokens=True)
                replies.append((text.strip(), self.tokenizer.eos_token_id in row))
        return replies


def bits_per_byte(writer: Writer, texts: list[str]) -> float:
    """The mean cost of the texts, in bits a byte of UTF-8."""
    return sum(writer.nats(t) for t in texts) / math.log(2) / sum(len(t.encode()) for t in texts)


def _texts(folder: Path, name: str, chinese: bool, most: int, seed: int) -> list[str]:
    texts = [clean(r["text"]) for r in data.read_records(folder, name) if data.is_chinese(r["text"]) is chinese]
    random.Random(seed).shuffle(texts)
    return texts[:most]


def language_figures(writer: Writer, folder: Path, documents: int, seed: int, megabytes: int = 16) -> Record:
    """Held-out bits per byte of each language, the writer's and xz's."""
    figures: Record = {}
    for language, chinese in LANGUAGES.items():
        heldout = _texts(folder, data.PRETRAIN_HELDOUT, chinese, documents, seed)
        training = "\n\n".join(_texts(folder, data.PRETRAIN, chinese, 1 << 30, seed)).encode()[: megabytes << 20]
        figures[language] = {
            "documents": len(heldout),
            "bytes": sum(len(t.encode()) for t in heldout),
            "writer_bits_per_byte": round(bits_per_byte(writer, heldout), 3),
            "xz_bits_per_byte": round(metrics.xz_bits_per_byte(training, "\n\n".join(heldout).encode()), 3),
        }
    return figures


def _chosen(records: list[Record], count: int, seed: int) -> list[Record]:
    return random.Random(seed).sample(records, min(count, len(records)))


def summary_figures(writer: Writer, records: list[Record], count: int, seed: int) -> Record:
    """ROUGE-L of summaries by source, in percent: the writer's, lead-3's and LexRank's."""
    figures: Record = {}
    for source in ("own-templates", "qmsum"):
        chosen = _chosen([r for r in records if r["task"] == "summarize" and r["source"] == source], count, seed)
        if not chosen:
            continue
        replies = writer.answer([r["messages"][:-1] for r in chosen], 160, do_sample=False, repetition_penalty=1.0)
        scores: dict[str, list[float]] = {"writer": [], "lead_3": [], "lexrank": []}
        for record, (reply, _) in zip(chosen, replies, strict=True):
            prompt, wanted = record["messages"][-2]["content"], record["messages"][-1]["content"]
            lines = [line for line in prompt.split("\n")[1:] if line.strip()] or [prompt]
            for name, text in (("writer", reply), ("lead_3", metrics.lead(lines)), ("lexrank", metrics.lexrank(lines))):
                scores[name].append(metrics.rouge_l(text, wanted))
        figures[source] = {"summaries": len(chosen)} | {
            name: round(100 * statistics.fmean(found), 1) for name, found in scores.items()
        }
    return figures


def reply_figures(writer: Writer, records: list[Record], count: int, seed: int) -> Record:
    """How replies come out at the default sampling: variety, whether they end, whether they go in circles."""
    figures: Record = {}
    for task in ("chat", "write", "poem"):
        chosen = _chosen([r for r in records if r["task"] == task], count, seed)
        replies = writer.answer([r["messages"][:-1] for r in chosen], 320)
        texts, wanted = [text for text, _ in replies], [r["messages"][-1]["content"] for r in chosen]
        figures[task] = {
            "replies": len(chosen),
            "distinct_1": round(metrics.distinct(texts, 1), 3),
            "distinct_2": round(metrics.distinct(texts, 2), 3),
            "people_distinct_1": round(metrics.distinct(wanted, 1), 3),
            "people_distinct_2": round(metrics.distinct(wanted, 2), 3),
            "ended_by_themselves": round(statistics.fmean(ended for _, ended in replies), 3),
            "went_in_circles": round(statistics.fmean(map(metrics.loops, texts)), 3),
        }
    return figures


def measure(model: Path, folder: Path, documents: int, replies: int, seed: int = 5) -> Record:
    """All figures of a writer."""
    torch.manual_seed(seed)
    writer = Writer.load(model)
    records = list(data.read_records(folder, data.CONVERSATIONS_HELDOUT))
    return {
        "language": language_figures(writer, folder, documents, seed),
        "summaries_rouge_l": summary_figures(writer, records, replies, seed),
        "replies": reply_figures(writer, records, replies, seed),
    }


def as_lines(figures: Record, prefix: str = "") -> list[str]:
    """Nested figures as lines of `name: value`."""
    lines: list[str] = []
    for name, value in figures.items():
        if isinstance(value, dict):
            lines += as_lines(value, f"{prefix}{name}.")
        else:
            lines.append(f"{prefix}{name}: {value}")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the data folder")
    parser.add_argument("--model", type=Path, required=True, help="a folder with weights and tokenizer")
    parser.add_argument("--documents", type=int, default=200, help="held-out documents a language")
    parser.add_argument("--replies", type=int, default=120, help="held-out conversations a task")
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")
    args = parser.parse_args()
    figures = measure(args.model, args.data, args.documents, args.replies)
    print(json.dumps(figures, indent=2) if args.json else "\n".join(as_lines(figures)))


if __name__ == "__main__":
    main()
