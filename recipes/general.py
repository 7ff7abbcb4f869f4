"""The general set: short exchanges that a training run mixes in against forgetting, and tests with.

    python -m recipes.general --data DIR

draws `bot/training/general.jsonl` from the conversations of the data folder (permissive sources only). Its first line
names the sources and their licences; each further line is {"part", "source", "messages"}. The parts "train" and
"heldout" come from the data folder's own training and held-out files. The same data gives the same file.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from recipes.data import CONVERSATIONS, CONVERSATIONS_HELDOUT, Record, is_chinese, read_records
from recipes.errors import plainly

OUT = Path(__file__).parents[1] / "bot" / "training" / "general.jsonl"
MOST_CHARACTERS = 1200
LICENCES = {
    "own-templates": "Apache-2.0, made for this project",
    "personality-chat": "MIT, Microsoft (ntulsi/BotBuilder-PersonalityChat)",
    "chatterbot-corpus": "BSD-3-Clause, gunthercox/chatterbot-corpus",
    "self-instruct": "Apache-2.0, yizhongw/self-instruct",
    "llms-from-scratch": "Apache-2.0, rasbt/LLMs-from-scratch",
    "common_gen": "MIT, INK-USC/CommonGen",
    "kdconv": "Apache-2.0, thu-coai/KdConv",
    "chinese-poetry": "MIT, chinese-poetry/chinese-poetry (the poems are in the public domain)",
    "gutenberg-poetry": "public domain, Project Gutenberg",
}
# How many to draw by source, task and language: for training, and held out.
SHARES: dict[tuple[str, str, str], tuple[int, int]] = {
    ("own-templates", "chat", "en"): (40, 16),
    ("own-templates", "chat", "zh"): (40, 16),
    ("own-templates", "write", "en"): (40, 16),
    ("own-templates", "write", "zh"): (30, 12),
    ("own-templates", "summarize", "en"): (30, 10),
    ("own-templates", "summarize", "zh"): (30, 10),
    ("own-templates", "rewrite", "en"): (10, 3),
    ("personality-chat", "chat", "en"): (20, 8),
    ("chatterbot-corpus", "chat", "en"): (15, 8),
    ("self-instruct", "write", "en"): (20, 4),
    ("llms-from-scratch", "qa", "en"): (30, 16),
    ("llms-from-scratch", "rewrite", "en"): (15, 7),
    ("common_gen", "write", "en"): (10, 8),
    ("kdconv", "chat", "zh"): (30, 11),
    ("chinese-poetry", "poem", "zh"): (30, 15),
    ("gutenberg-poetry", "poem", "en"): (8, 4),
}


def _kind(record: Record) -> tuple[str, str, str]:
    text = "".join(message["content"] for message in record["messages"])
    return record["source"], record["task"], "zh" if is_chinese(text) else "en"


def _draw(records: Iterable[Record], held_out: bool) -> list[Record]:
    """The wanted number of each kind, those with the smallest hashes."""
    kinds: dict[tuple[str, str, str], list[tuple[str, Record]]] = {kind: [] for kind in SHARES}
    for record in records:
        if (kind := _kind(record)) in kinds:
            text = json.dumps(record["messages"], ensure_ascii=False)
            if len(text) <= MOST_CHARACTERS:
                kinds[kind].append((hashlib.sha256(text.encode()).hexdigest(), record))
    drawn = []
    for kind, found in kinds.items():
        drawn += sorted(found, key=lambda pair: pair[0])[: SHARES[kind][held_out]]
    return [record for _, record in sorted(drawn, key=lambda pair: pair[0])]


def write(data: Path, out: Path) -> None:
    """Draw both parts and write the file.

    Raises:
        BadData: a data file is missing, or not what its checksum says.
    """
    rows: list[Record] = [{"sources": LICENCES}]
    for part, name in (("train", CONVERSATIONS), ("heldout", CONVERSATIONS_HELDOUT)):
        drawn = _draw(read_records(data, name), part == "heldout")
        rows += [{"part": part, "source": row["source"], "messages": row["messages"]} for row in drawn]
    lines = (json.dumps(row, ensure_ascii=False) for row in rows)
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the data folder")
    write(parser.parse_args().data, OUT)


if __name__ == "__main__":
    plainly(main)
