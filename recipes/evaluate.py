"""Measure a writer on held-out text and conversations, beside baselines that anyone can rerun.

    python -m recipes.evaluate --data DIR --model DIR [--documents 200] [--replies 120] [--json]

Bits per byte stand beside xz, which has read 16 MB of the training text of the same language; summaries beside lead-3
and LexRank. Most held-out conversations come from the templates that the training part came from; qmsum's do not.
Figures go to stdout, progress to stderr; a writer of 20 M parameters takes a few minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

from recipes import data, metrics
from recipes.data import Record
from recipes.errors import plainly
from recipes.generation import GREEDY, Told, Writer, untold
from recipes.tokenizer import clean

LANGUAGES = {"english": False, "chinese": True}
MEGABYTES = 16
"""How much training text xz reads before the held-out text."""


class Teller:
    """Says on stderr how far a stage is, once every few seconds and at its end."""

    def __init__(self, stage: str, every: float = 5.0) -> None:
        self._stage, self._every = stage, every
        self._begun = self._told = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if done < total and now - self._told < self._every:
            return
        self._told = now
        print(f"{self._stage}: {done} of {total}, {now - self._begun:.0f} s", file=sys.stderr, flush=True)


def bits_per_byte(writer: Writer, texts: Sequence[str], told: Told = untold) -> float:
    """The mean cost of the texts, in bits a byte of UTF-8."""
    return writer.nats(texts, told) / math.log(2) / sum(len(text.encode()) for text in texts)


def _by_language(folder: Path, name: str, seed: int) -> dict[str, list[str]]:
    """The texts of a file, shuffled within each language."""
    found: dict[str, list[str]] = {language: [] for language in LANGUAGES}
    for record in data.read_records(folder, name):
        found["chinese" if data.is_chinese(record["text"]) else "english"].append(record["text"])
    for texts in found.values():
        random.Random(seed).shuffle(texts)
    return found


def _first_bytes(texts: Sequence[str], most: int) -> bytes:
    """The beginning of the texts, cleaned and joined; no more of them is read than it takes."""
    joined = bytearray()
    for text in texts:
        joined += (b"\n\n" if joined else b"") + clean(text).encode()
        if len(joined) >= most:
            break
    return bytes(joined[:most])


def _xz_figures(folder: Path, heldout: dict[str, list[str]], seed: int) -> dict[str, float]:
    """What xz pays for a byte of each language; the languages are packed side by side."""
    training = _by_language(folder, data.PRETRAIN, seed)
    with ThreadPoolExecutor() as threads:
        waiting = {
            language: threads.submit(
                metrics.xz_bits_per_byte,
                _first_bytes(training[language], MEGABYTES << 20),
                "\n\n".join(texts).encode(),
            )
            for language, texts in heldout.items()
        }
        return {language: packed.result() for language, packed in waiting.items()}


def language_figures(writer: Writer, folder: Path, documents: int, seed: int) -> Record:
    """Held-out bits per byte of each language, the writer's and xz's."""
    found = _by_language(folder, data.PRETRAIN_HELDOUT, seed)
    heldout = {language: [clean(text) for text in texts[:documents]] for language, texts in found.items()}
    teller = Teller("xz")
    packed = _xz_figures(folder, heldout, seed)
    teller(len(packed), len(packed))
    return {
        language: {
            "documents": len(texts),
            "bytes": sum(len(text.encode()) for text in texts),
            "writer_bits_per_byte": round(bits_per_byte(writer, texts, Teller(f"held-out {language}")), 3),
            "xz_bits_per_byte": round(packed[language], 3),
        }
        for language, texts in heldout.items()
    }


def _chosen(records: list[Record], count: int, seed: int) -> list[Record]:
    return random.Random(seed).sample(records, min(count, len(records)))


def _rouge_of(record: Record, reply: str) -> dict[str, float]:
    """ROUGE-L of one summary beside the baselines', each 0 to 1."""
    prompt, wanted = record["messages"][-2]["content"], record["messages"][-1]["content"]
    lines = [line for line in prompt.split("\n")[1:] if line.strip()] or [prompt]
    said = {"writer": reply, "lead_3": metrics.lead(lines), "lexrank": metrics.lexrank(lines)}
    return {name: metrics.rouge_l(text, wanted) for name, text in said.items()}


def summary_figures(writer: Writer, records: list[Record], count: int, seed: int) -> Record:
    """ROUGE-L of summaries by source, in percent: the writer's (its likeliest words), lead-3's and LexRank's."""
    figures: Record = {}
    for source in ("own-templates", "qmsum"):
        chosen = _chosen([r for r in records if r["task"] == "summarize" and r["source"] == source], count, seed)
        if not chosen:
            continue
        replies = writer.answer([r["messages"][:-1] for r in chosen], 160, GREEDY, Teller(f"summaries, {source}"))
        scores = [_rouge_of(record, reply) for record, (reply, _) in zip(chosen, replies, strict=True)]
        figures[source] = {"summaries": len(chosen)} | {
            name: round(100 * statistics.fmean(score[name] for score in scores), 1) for name in scores[0]
        }
    return figures


def reply_figures(writer: Writer, records: list[Record], count: int, seed: int) -> Record:
    """How replies come out at the default sampling: variety, whether they end, whether they go in circles."""
    figures: Record = {}
    for task in ("chat", "write", "poem"):
        chosen = _chosen([r for r in records if r["task"] == task], count, seed)
        replies = writer.answer([r["messages"][:-1] for r in chosen], 320, told=Teller(f"replies, {task}"))
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
    """All figures of a writer; how far it is goes to stderr."""
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
    plainly(main)
