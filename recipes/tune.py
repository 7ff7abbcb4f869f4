"""Tune the pretrained writer on conversations, with loss on the assistant's words only.

    python -m recipes.tune --data DIR --tokenizer DIR --out DIR --minutes 25 [--rows 4]

`--out` is the folder of `recipes.pretrain`: its `base/` is the start, `tuned/` the result. Killed, it goes on where its
last checkpoint was when the same command is given again.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from transformers import PreTrainedTokenizerFast

from recipes import conversations, model
from recipes.clock import Budget, Schedule
from recipes.errors import plainly, present
from recipes.packing import Packer, Store
from recipes.tokenizer import CONTEXT, load_tokenizer
from recipes.training import Optimizing, Trainer, device_of, matmul_peak


@dataclass(frozen=True)
class TuneRecipe:
    """Everything that decides a tuning run."""

    minutes: float
    rows: int = 4
    width: int = CONTEXT
    seed: int = 2
    how: Optimizing = field(
        default_factory=lambda: Optimizing(
            matrix_rate=5e-3, embedding_rate=4e-2, vector_rate=3e-3, schedule=Schedule(warmup=0.02, decay=0.6)
        )
    )


def tokenized(folder: Path, tokenizer: PreTrainedTokenizerFast, seed: int, cache: Path) -> Store:
    """The conversations that fit the context, as token ids; made once."""
    if cache.exists():
        return Store.load(cache)
    store = Store.build(conversations.documents(folder, tokenizer, seed))
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
    writer = model.load(base)
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
