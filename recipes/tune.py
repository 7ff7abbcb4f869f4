"""Tune the pretrained writer on conversations, with loss on the assistant's words only.

    python -m recipes.tune --data DIR --tokenizer DIR --out DIR --minutes 25 [--rows 4]

`--out` is the folder of `recipes.pretrain`: its `base/` is the start, `tuned/` the result. Killed, it goes on where its
last checkpoint was when the same command is given again.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from recipes import data, lists, prompts
from recipes.clock import Budget, Schedule
from recipes.data import Record
from recipes.errors import plainly, present
from recipes.packing import Packer, Store
from recipes.tokenizer import BOS, CONTEXT, END, ROLES, clean, load_tokenizer
from recipes.training import Optimizing, Trainer, device_of, matmul_peak

Document = tuple[list[int], list[bool], float]


@dataclass(frozen=True)
class TuneRecipe:
    """Everything that decides a tuning run."""

    minutes: float
    rows: int = 4
    width: int = CONTEXT
    seed: int = 2
    how: Optimizing = field(
        default_factory=lambda: Optimizing(
            matrix_rate=5e-3, vector_rate=3e-3, schedule=Schedule(warmup=0.02, decay=0.6)
        )
    )


def with_system_prompt(messages: list[Record], chance: random.Random) -> list[Record]:
    """The conversation, headed by one of our system prompts in a share of the cases where it had none."""
    if messages[0]["role"] == "system" or chance.random() >= prompts.SYSTEM_SHARE:
        return messages
    choices = prompts.SYSTEM_ZH if data.is_chinese(messages[-1]["content"]) else prompts.SYSTEM_EN
    return [{"role": "system", "content": chance.choice(choices)}, *messages]


def pieces_of(messages: Iterable[Record]) -> list[tuple[str, bool]]:
    """The chat template's text in pieces, each with whether the model is taught to say it.

    Taught are the assistant's words and the end token after them, not the role token before.
    """
    pieces = [(BOS, False)]
    for message in messages:
        said = message["role"] == "assistant"
        pieces += [(ROLES[message["role"]], False), (clean(message["content"]), said), (END, said)]
    return pieces


def encode(conversations: list[list[Record]], tokenizer: PreTrainedTokenizerFast) -> list[tuple[list[int], list[bool]]]:
    """Token ids of each conversation, as the chat template gives them, and which of them bear loss."""
    everything = [pieces_of(messages) for messages in conversations]
    texts = [text for pieces in everything for text, _ in pieces]
    encoded = iter(tokenizer.backend_tokenizer.encode_batch_fast(texts, add_special_tokens=False))
    result = []
    for pieces in everything:
        ids: list[int] = []
        learn: list[bool] = []
        for _, said in pieces:
            piece = next(encoded).ids
            ids += piece
            learn += [said] * len(piece)
        result.append((ids, learn))
    return result


def tokenized(folder: Path, tokenizer: PreTrainedTokenizerFast, seed: int, cache: Path) -> Store:
    """The conversations that fit the context, as token ids; made once."""
    if cache.exists():
        return Store.load(cache)
    records, chance = [*data.read_records(folder, data.CONVERSATIONS), *lists.conversations(seed)], random.Random(seed)
    encoded = encode([with_system_prompt(record["messages"], chance) for record in records], tokenizer)
    documents: list[Document] = [
        (ids, learn, prompts.weight(record["task"], record["source"]))
        for record, (ids, learn) in zip(records, encoded, strict=True)
        if len(ids) <= CONTEXT
    ]
    store = Store.build(documents)
    cache.parent.mkdir(parents=True, exist_ok=True)
    store.save(cache)
    return store


def run(folder: Path, tokens: Path, out: Path, recipe: TuneRecipe) -> None:
    """Tune; the checkpoint, `tuned/` and `tune.json` are left in the output folder."""
    print(json.dumps(asdict(recipe)), flush=True)
    base = present(out / "base", "config.json", "recipes.pretrain")
    tokenizer = load_tokenizer(tokens)
    store = tokenized(folder, tokenizer, recipe.seed, out / "tune.npz")
    device = device_of()
    peak = matmul_peak(device)
    writer = LlamaForCausalLM.from_pretrained(base, attn_implementation="packed")
    count = sum(p.numel() for p in writer.parameters())
    print(
        f"{len(store):,} conversations, {len(store.tokens):,} tokens, {store.learn.sum():,} of them learned; {device}",
        flush=True,
    )
    packer = Packer(store, recipe.rows, recipe.width, tokenizer.pad_token_id, recipe.seed)
    trainer = Trainer(writer, packer, Budget(recipe.minutes * 60), recipe.how, out / "tune", device)
    done = trainer.run()
    rate = done.tokens / done.spent
    report = {
        "recipe": asdict(recipe),
        "parameters": count,
        "device": str(device),
        "steps": done.step,
        "minutes": round(done.spent / 60, 2),
        "tokens": done.tokens,
        "tokens_per_second": round(rate),
        "corpus_tokens": len(store.tokens),
        "matmul_peak_flops": peak,
        "share_of_peak": round(6 * count * rate / peak, 4),
    }
    # The report last: it says that the stage is complete.
    writer.save_pretrained(out / "tuned")
    (out / "tune.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the data folder")
    parser.add_argument("--tokenizer", type=Path, required=True, help="the folder that recipes.tokenizer wrote")
    parser.add_argument("--out", type=Path, required=True, help="the folder that recipes.pretrain wrote")
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--rows", type=int, default=TuneRecipe.rows, help="rows of 1,024 tokens in a step")
    parser.add_argument("--seed", type=int, default=TuneRecipe.seed, help="the order of the conversations")
    args = parser.parse_args()
    run(args.data, args.tokenizer, args.out, TuneRecipe(minutes=args.minutes, rows=args.rows, seed=args.seed))


if __name__ == "__main__":
    plainly(main)
