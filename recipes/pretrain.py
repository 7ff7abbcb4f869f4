"""Pretrain the writer on clean text, on every word of the conversations and on copying, for as long as the budget says.

    python -m recipes.pretrain --data DIR --tokenizer DIR --out DIR --minutes 55 [--size small] [--rows 16]
    [--begin-with DIR]

With `--begin-with` it goes on where an earlier writer stands. Killed, it goes on where its last
checkpoint was when the same command is given again.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from transformers import AutoConfig, PreTrainedTokenizerFast, Qwen3ForCausalLM

from recipes import conversations, copying, data, model
from recipes.clock import Budget, Schedule
from recipes.errors import RecipeError, plainly, present
from recipes.packing import Document, Packer, Store
from recipes.tokenizer import CONTEXT, SPECIAL, clean, load_tokenizer
from recipes.training import Optimizing, Trainer, device_of, matmul_peak

SHARES = {
    "classic-books": 0.15,
    "chinese-poetry": 0.2,
    "gutenberg-poetry": 0.35,
    "openstax": 0.25,
    "african-storybook": 2.0,
    "pratham-books": 2.0,
    "taskmaster-4": 1.0,
    "kdconv": 1.0,
    "modern-poetry-zh": 2.0,
}
"""How much of each source one pass deals, by the beginning of its name.

A small budget sees less than the whole corpus: old novels, near half of it, give way to stories and talk.
"""

REST = 0.5
"""How much of every other source one pass deals."""

CONVERSATIONS_SHARE = 2.0
"""How many times their share in tuning the conversations are dealt in one pass, with loss on every word.

What people say teaches as much as what the assistant says, and a log of names that come again teaches to copy
(arXiv 2405.14394 finds the loss on instructions to help where answers are short beside them).
"""

COPYING_SHARE = 0.5
"""How many times each document of `recipes.copying` is dealt in one pass."""


@dataclass(frozen=True)
class PretrainRecipe:
    """Everything that decides a pretraining run."""

    minutes: float
    size: str = "small"
    rows: int = 16
    width: int = CONTEXT // 2
    """Half the context: longer documents come in pieces, for attention costs as much as their length."""
    seed: int = 1
    begun_with: str | None = None
    """The folder of an earlier writer, whose weights this one begins with."""
    how: Optimizing = field(default_factory=lambda: Optimizing(schedule=Schedule(decay=0.1)))


def share_of(source: str) -> float:
    """How many times a document of a source is dealt in a pass."""
    return next((share for prefix, share in SHARES.items() if source.startswith(prefix)), REST)


def text_documents(folder: Path, tokenizer: PreTrainedTokenizerFast) -> list[Document]:
    """The clean text, each document between the begin and the end token."""
    records = list(data.read_records(folder, data.PRETRAIN))
    begin, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    encoded = tokenizer.backend_tokenizer.encode_batch([clean(r["text"]) for r in records], add_special_tokens=False)
    return [
        ([begin, *e.ids, end], [True] * (len(e.ids) + 2), share_of(r["source"]))
        for r, e in zip(records, encoded, strict=True)
    ]


def tokenized(folder: Path, tokenizer: PreTrainedTokenizerFast, seed: int, cache: Path) -> Store:
    """Everything that is dealt, as token ids; made once."""
    if cache.exists():
        return Store.load(cache)
    documents = text_documents(folder, tokenizer)
    for ids, _, share in conversations.documents(folder, tokenizer, seed):
        documents.append((ids, [True] * len(ids), share * CONVERSATIONS_SHARE))
    words = range(len(SPECIAL), len(tokenizer))
    documents += copying.documents(tokenizer.bos_token_id, words, COPYING_SHARE, seed)
    store = Store.build(documents)
    cache.parent.mkdir(parents=True, exist_ok=True)
    store.save(cache)
    return store


def begin(recipe: PretrainRecipe, tokenizer: PreTrainedTokenizerFast) -> Qwen3ForCausalLM:
    """The writer to train: fresh, or an earlier one.

    Raises RecipeError where the earlier one is not there, is no writer of this size, or has other words.
    """
    fresh = model.build(model.SIZES[recipe.size], tokenizer, recipe.seed)
    if recipe.begun_with is None:
        return fresh
    folder = present(Path(recipe.begun_with), "config.json", "recipes.writer")
    earlier = AutoConfig.from_pretrained(folder)
    for name in ("model_type", "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers"):
        if (there := getattr(earlier, name)) != (here := getattr(fresh.config, name)):
            raise RecipeError(f"{folder} is no writer of the size {recipe.size!r}: {name} is {there}, not {here}")
    return model.load(folder)


def run(folder: Path, tokens: Path, out: Path, recipe: PretrainRecipe) -> None:
    """Train; the checkpoint, `base/` and `pretrain.json` are left in the output folder."""
    print(json.dumps(asdict(recipe)), flush=True)
    tokenizer = load_tokenizer(tokens)
    store = tokenized(folder, tokenizer, recipe.seed, out / "pretrain.npz")
    writer = begin(recipe, tokenizer)
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
    parser.add_argument("--rows", type=int, default=PretrainRecipe.rows, help="rows of 512 tokens in a step")
    parser.add_argument("--begin-with", help="the folder of an earlier writer to begin with")
    parser.add_argument("--seed", type=int, default=PretrainRecipe.seed, help="the order of the documents")
    args = parser.parse_args()
    recipe = PretrainRecipe(
        minutes=args.minutes, size=args.size, rows=args.rows, seed=args.seed, begun_with=args.begin_with
    )
    run(args.data, args.tokenizer, args.out, recipe)


if __name__ == "__main__":
    plainly(main)
