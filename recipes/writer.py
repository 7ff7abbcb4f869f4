"""Make the bundled writer, from the data to the card, in one command.

    python -m recipes.writer --data DIR --minutes 60 --out bot/models/writer [--size small] [--rows 8] [--run DIR]
        [--begin-with DIR]

`--minutes` is the time of both training stages together; the tokenizer before them and the evaluation after them take a
few minutes more. With `--begin-with` it goes on where an earlier writer stands. Weights, card and
figures are made in a folder beside `--out` and put in its place together. Killed, the same command goes on where it
was: token files and checkpoints lie in `--run` until a run is complete.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, GenerationConfig, Qwen3ForCausalLM

from recipes import card, checksums, evaluate, model, pretrain, tokenizer, tune
from recipes.errors import plainly
from recipes.pretrain import PretrainRecipe
from recipes.tune import TuneRecipe

SHARD = "15MB"


def sampling(tokens: Path) -> GenerationConfig:
    """The suggested sampling: at 0.7 and 1.05 twice as many drafts went in circles.

    The penalty counts the prompt too: a higher one swaps copied names for others.
    """
    reader = AutoTokenizer.from_pretrained(tokens)
    make: Any = GenerationConfig
    chosen: GenerationConfig = make(
        do_sample=True,
        temperature=0.8,
        top_p=0.9,
        repetition_penalty=1.15,
        max_new_tokens=256,
        bos_token_id=reader.bos_token_id,
        eos_token_id=reader.eos_token_id,
        pad_token_id=reader.pad_token_id,
    )
    return chosen


def assemble(tuned: Path, tokens: Path, out: Path) -> None:
    """Put together what is shipped: bf16 shards, configuration, suggested sampling, tokenizer with chat template."""
    out.mkdir(parents=True, exist_ok=True)
    writer = Qwen3ForCausalLM.from_pretrained(tuned, dtype=torch.bfloat16)
    writer.generation_config = sampling(tokens)
    writer.save_pretrained(out, max_shard_size=SHARD)
    AutoTokenizer.from_pretrained(tokens).save_pretrained(out)
    for shard in out.glob("*.safetensors"):
        shard.chmod(0o644)


def put_in_place(made: Path, out: Path) -> None:
    """Exchange the folders; when that fails half-way, the old one comes back."""
    old = out.with_name(out.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    try:
        made.rename(out)
    except OSError:
        if old.exists():
            old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)


def finish(folder: Path, tokens: Path, run: Path, out: Path, note: str = "") -> None:
    """Assemble, evaluate, write the card, and replace the bundled writer by the new one."""
    made = out.with_name(out.name + ".new")
    shutil.rmtree(made, ignore_errors=True)
    assemble(run / "tuned", tokens, made)
    figures = evaluate.measure(made, folder, documents=200, replies=120)
    for place in (run, made):
        (place / "evaluation.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print("\n".join(evaluate.as_lines(figures)), flush=True)
    card.write(run, made, note)
    checksums.write(made)
    put_in_place(made, out)


def make(folder: Path, run: Path, out: Path, stages: tuple[PretrainRecipe, TuneRecipe], note: str = "") -> None:
    """All stages; those that are complete are not done again."""
    tokens = run / "tokenizer"
    if not (tokens / "tokenizer.json").exists():
        tokenizer.run(folder, tokens, tokenizer.TokenizerRecipe())
    if not (run / "pretrain.json").exists():
        pretrain.run(folder, tokens, run, stages[0])
    if not (run / "tune.json").exists():
        tune.run(folder, tokens, run, stages[1])
    finish(folder, tokens, run, out, note)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the data folder")
    parser.add_argument("--minutes", type=float, required=True, help="training time in all")
    parser.add_argument("--tune-share", type=float, default=0.4, help="how much of it goes into tuning")
    parser.add_argument("--out", type=Path, required=True, help="the model's folder, replaced at the end")
    parser.add_argument("--size", choices=list(model.SIZES), default="small")
    parser.add_argument("--rows", type=int, default=8, help="rows of 1,024 tokens in a step")
    parser.add_argument("--begin-with", help="the folder of an earlier writer to begin with")
    parser.add_argument("--seed", type=int, default=PretrainRecipe.seed, help="the order of what is dealt")
    parser.add_argument("--run", type=Path, default=Path("var/writer"), help="token files and checkpoints")
    parser.add_argument("--note", default="", help="a sentence about the circumstances, for the card")
    args = parser.parse_args()
    stages = (
        PretrainRecipe(
            args.minutes * (1 - args.tune_share), args.size, 2 * args.rows, seed=args.seed, begun_with=args.begin_with
        ),
        TuneRecipe(args.minutes * args.tune_share, args.rows, seed=args.seed + 1),
    )
    make(args.data, args.run, args.out, stages, args.note)


if __name__ == "__main__":
    plainly(main)
