"""Pretrain the writer on the clean text, for as long as the budget says.

    python -m recipes.pretrain --data DIR --tokenizer DIR --out DIR --minutes 55 [--size small] [--rows 8]
    [--grow-from DIR]

With `--grow-from` it begins where a writer half as wide stands. Killed, it goes on where its last checkpoint was when
the same command is given again.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from transformers import PreTrainedTokenizerFast

from recipes import data, growth, model
from recipes.clock import Budget, Schedule
from recipes.errors import plainly
from recipes.packing import Packer, Store
from recipes.tokenizer import CONTEXT, clean, load_tokenizer
from recipes.training import Optimizing, Trainer, device_of, matmul_peak

SHARES = {
    "classic-books": 0.35,
    "chinese-poetry": 0.4,
    "gutenberg-poetry": 0.7,
    "openstax": 0.6,
    "african-storybook": 2.0,
    "pratham-books": 2.0,
    "qmsum": 0.5,
    "taskmaster-4": 1.0,
    "kdconv": 1.5,
    "crosswoz": 0.7,
    "modern-poetry-zh": 2.0,
}
"""How much of each source one pass deals, by the beginning of its name; what is not listed is dealt once.

A small budget sees less than the whole corpus: old novels, near half of it, give way to stories, talk and poems.
"""


@dataclass(frozen=True)
class PretrainRecipe:
    """Everything that decides a pretraining run."""

    minutes: float
    size: str = "small"
    rows: int = 8
    width: int = CONTEXT
    seed: int = 1
    grown_from: str | None = None
    """The folder of a writer half as wide whose knowledge this one begins with."""
    how: Optimizing = field(default_factory=lambda: Optimizing(schedule=Schedule(decay=0.25)))


def share_of(source: str) -> float:
    """How many times a document of a source is dealt in a pass."""
    return next((share for prefix, share in SHARES.items() if source.startswith(prefix)), 1.0)


def tokenized(folder: Path, tokenizer: PreTrainedTokenizerFast, cache: Path) -> Store:
    """The clean text as token ids, each document between the begin and the end token; made once."""
    if cache.exists():
        return Store.load(cache)
    records = list(data.read_records(folder, data.PRETRAIN))
    begin, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    encoded = tokenizer.backend_tokenizer.encode_batch([clean(r["text"]) for r in records], add_special_tokens=False)
    documents = [
        ([begin, *e.ids, end], [True] * (len(e.ids) + 2), share_of(r["source"]))
        for r, e in zip(records, encoded, strict=True)
    ]
    store = Store.build(documents)
    cache.parent.mkdir(parents=True, exist_ok=True)
    store.save(cache)
    return store


def run(folder: Path, tokens: Path, out: Path, recipe: PretrainRecipe) -> None:
    """Train; the checkpoint, `base/` and `pretrain.json` are left in the output folder."""
    print(json.dumps(asdict(recipe)), flush=True)
    tokenizer = load_tokenizer(tokens)
    store = tokenized(folder, tokenizer, out / "pretrain.npz")
    writer = model.build(model.SIZES[recipe.size], tokenizer, recipe.seed)
    if recipe.grown_from:
        growth.grow(writer, Path(recipe.grown_from), recipe.seed)
    count, device = sum(p.numel() for p in writer.parameters()), device_of()
    peak = matmul_peak(device)
    print(
        f"{count:,} parameters; {len(store):,} documents, {len(store.tokens):,} tokens; {device}, "
        f"one large matrix product reaches {peak / 1e12:.2f} TFLOP/s",
        flush=True,
    )
    packer = Packer(store, recipe.rows, recipe.width, tokenizer.pad_token_id, recipe.seed)
    trainer = Trainer(writer, packer, Budget(recipe.minutes * 60), recipe.how, out / "pretrain", device)
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
    writer.save_pretrained(out / "base")
    (out / "pretrain.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the data folder")
    parser.add_argument("--tokenizer", type=Path, required=True, help="the folder that recipes.tokenizer wrote")
    parser.add_argument("--out", type=Path, required=True, help="where token files and checkpoints go")
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--size", choices=list(model.SIZES), default="small")
    parser.add_argument("--rows", type=int, default=8, help="rows of 1,024 tokens in a step")
    parser.add_argument("--grow-from", help="the folder of a writer half as wide to begin with")
    args = parser.parse_args()
    recipe = PretrainRecipe(minutes=args.minutes, size=args.size, rows=args.rows, grown_from=args.grow_from)
    run(args.data, args.tokenizer, args.out, recipe)


if __name__ == "__main__":
    plainly(main)
