"""Write the writer's model card from what was measured: reports, figures, and samples that the model really gives.

    python -m recipes.card --run DIR --model DIR

`--run` is the folder of pretrain and tune with `evaluation.json`; the card becomes `README.md` in the model's folder.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from pathlib import Path

import torch

from recipes import prompts
from recipes.data import Record
from recipes.generation import Writer
from recipes.pretrain import SHARES

Turns = list[str]
"""What a person says, one after the other; the writer answers after each."""

INKLING = prompts.SYSTEM_EN[0]
LOG = """Summarize this conversation:
mia: are we ready to release 2.3 on Thursday?
tom: the login bug is still open
mia: can you fix it by Wednesday?
tom: I need until Friday
mia: ok, new date: Friday
ana: I'll tell support"""

SAMPLES: list[tuple[str, str | None, Turns]] = [
    ("Chat", INKLING, ["hi, how are you?"]),
    ("Several turns", INKLING, ["Hello! My name is Sam.", "I had a long day at work.", "What is my name?"]),
    ("Email", INKLING, ["Write an email to my boss asking for Friday off because of a family matter."]),
    (
        "Announcement",
        INKLING,
        ["Write an announcement that the build system will be down for maintenance on Tuesday at 3 pm for 30 minutes."],
    ),
    ("Story", INKLING, ["Tell me a story about a little dog and the moon."]),
    ("Poem", INKLING, ["Write a poem about the sea."]),
    ("Haiku", None, ["Write a haiku about nature."]),
    ("List", INKLING, ["Make a list of things to pack for a camping trip."]),
    ("Rewriting", None, ["Make this more formal: sorry cant make it today"]),
    ("Summary of a chat log", "You summarize chat conversations.", [LOG]),
    ("Line of a poem, 「星空之下，」", None, ["星空之下，"]),
    ("Couplet, 「落霞与孤鹜齐飞」", None, ["续写：落霞与孤鹜齐飞，"]),
    ("Old form", None, ["写一首七言绝句"]),
    ("Modern poem", prompts.SYSTEM_ZH[0], ["写一首关于秋天的现代诗"]),
    ("Chinese chat", prompts.SYSTEM_ZH[0], ["你好，你会做什么？"]),
    ("Chinese notice", prompts.SYSTEM_ZH[0], ["写一个系统维护的公告，周四上午十点。"]),
]

SOURCES = """\
| source | licence |
|---|---|
| classic-books (mlschmitt/classic-books-markdown) | public domain |
| gutenberg-poetry (tnhaider/english-gutenberg-poetry, from Project Gutenberg) | public domain |
| OpenStax books (openstax/osbooks-\\*), OpenStax, Rice University | CC BY 4.0 at the commits used |
| African Storybook (global-asp/asp-source), Pratham Books (global-asp/pb-source) | CC BY |
| plainlanguage.gov, 18F handbook and content guide | CC0 / US public domain |
| opensource.guide, English and Chinese; Taskmaster-4 | CC BY 4.0 |
| google/eng-practices | CC BY 3.0 |
| The Rust book | MIT or Apache-2.0 |
| QMSum; chinese-poetry; PersonalityChat; CommonGen | MIT |
| CrossWOZ; KdConv; modern-poetry (poets who died before 1956) | Apache-2.0 |
| self-instruct (written by people); LLMs-from-scratch | Apache-2.0 |
| Lu Xun's stories | public domain |
| chatterbot-corpus | BSD-3-Clause |
| hand-written templates (chat logs, small talk, drafts, free verse), `recipes/lists.py` | this project |

Data under share-alike terms was left out."""

LIMITS = """\
* It is a very small model. It knows next to no facts, can not reason, and counts badly. Do not rely on what it says.
* It copies badly: names, times and numbers of the prompt often come back as others, in summaries most of all, and it
  forgets what was said a turn ago. Check every name and date of a draft.
* About half of its conversations were made from templates. Drafts and notices that resemble those have the right form;
  further away it mixes templates or answers a question nobody asked.
* Chat logs of more than about 20 lines, or unlike planning and work talk, are summarized badly; the held-out
  part has too few summaries written by people (qmsum) to say how badly.
* Where a row of the first table shows it above xz, the writer knows that language's text less well than a packer does.
* Modern Chinese beyond small talk, short notices and verse is weak. Old-style poems keep their metre more often than
  their sense, and haiku are not counted in syllables.
* Stories and English poems do not hold together beyond a sentence.
* Old books bring old views and words. Slurs were filtered, attitudes were not. There was no safety training.
* Its context is 1,024 tokens: about 700 English words, or 1,000 Chinese characters."""


def samples(writer: Writer, seed: int = 11) -> list[tuple[str, list[Record]]]:
    """Each sample's conversation as the writer gave it, at the default sampling and one seed: the first try."""
    made = []
    for title, system, turns in SAMPLES:
        torch.manual_seed(seed)
        messages: list[Record] = [{"role": "system", "content": system}] if system else []
        for said in turns:
            messages.append({"role": "user", "content": said})
            ((reply, _),) = writer.answer([messages], 256)
            messages.append({"role": "assistant", "content": reply})
        made.append((title, messages))
    return made


def _quoted(messages: list[Record]) -> str:
    blocks = []
    for message in messages:
        text = "\n".join(f"> {line}" if line.strip() else ">" for line in message["content"].split("\n"))
        blocks.append(f"**{message['role']}**\n\n{text}")
    return "\n\n".join(blocks)


def _language_table(figures: Record) -> str:
    rows = ["| held-out text | documents | writer, bits per byte | xz, having read 16 MB |", "|---|---:|---:|---:|"]
    rows += [
        f"| {name} | {f['documents']} | {f['writer_bits_per_byte']} | {f['xz_bits_per_byte']} |"
        for name, f in figures["language"].items()
    ]
    return "\n".join(rows)


def _summary_table(figures: Record) -> str:
    rows = ["| held-out summaries, ROUGE-L F1 | how many | writer | lead-3 | LexRank |", "|---|---:|---:|---:|---:|"]
    rows += [
        f"| {name} | {f['summaries']} | {f['writer']} | {f['lead_3']} | {f['lexrank']} |"
        for name, f in figures["summaries_rouge_l"].items()
    ]
    return "\n".join(rows)


def _reply_table(figures: Record) -> str:
    rows = [
        "| replies | how many | distinct-1 / -2 | people's | ended by themselves | went in circles |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    rows += [
        f"| {name} | {f['replies']} | {f['distinct_1']} / {f['distinct_2']} | "
        f"{f['people_distinct_1']} / {f['people_distinct_2']} | {f['ended_by_themselves']:.1%} | "
        f"{f['went_in_circles']:.1%} |"
        for name, f in figures["replies"].items()
    ]
    return "\n".join(rows)


def _stage(name: str, report: Record) -> str:
    return (
        f"| {name} | {report['minutes']} | {report['steps']:,} | {report['tokens'] / 1e6:.2f} M "
        f"| {report['tokens_per_second']:,} | {report['share_of_peak']:.1%} |"
    )


def hardware() -> str:
    """The machine this runs on, in a few words."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{os.cpu_count()} CPU cores ({platform.machine()}, {torch.backends.cpu.get_cpu_capability()})"


def card(run: Path, writer: Writer, note: str = "") -> str:
    """The whole card."""
    pretrained, tuned, figures = (
        json.loads((run / name).read_text(encoding="utf-8"))
        for name in ("pretrain.json", "tune.json", "evaluation.json")
    )
    config, defaults = writer.model.config, writer.model.generation_config
    systems = "\n".join(f"* {line}" for line in (*prompts.SYSTEM_EN, *prompts.SYSTEM_ZH))
    shown = "\n\n".join(f"### {title}\n\n{_quoted(messages)}" for title, messages in samples(writer))
    dealt = ", ".join(f"{source} {share}" for source, share in SHARES.items())
    return f"""---
license: apache-2.0
language: [en, zh]
pipeline_tag: text-generation
---

# Inkling's bundled writer

A decoder of {pretrained["parameters"] / 1e6:.1f} M parameters in the Llama architecture, trained from scratch
on English and Chinese: {config.num_hidden_layers} layers, hidden size {config.hidden_size},
{config.num_attention_heads} heads, {config.vocab_size:,} tokens, \
context {config.max_position_embeddings:,}, tied embeddings, bf16.
It lets Inkling answer on a fresh machine with nothing to download. For better words, point `ENGINE_URL` at a
larger one.

The weights are released under Apache-2.0.

## How it was made

    python -m recipes.writer --data DIR --minutes {round(pretrained["minutes"] + tuned["minutes"])} \
--tune-share {tuned["minutes"] / (pretrained["minutes"] + tuned["minutes"]):.2f} \
--size {pretrained["recipe"]["size"]} --rows {pretrained["recipe"]["rows"]} --out bot/models/writer

Hardware: {hardware()}. {note}

| stage | minutes | steps | tokens dealt | tokens per second | share of peak |
|---|---:|---:|---:|---:|---:|
{_stage("pretraining", pretrained)}
{_stage("tuning", tuned)}

Share of peak: 6 x parameters x tokens per second, over what one large matrix product reached on the machine just
before the stage ({pretrained["matmul_peak_flops"] / 1e12:.2f} and {tuned["matmul_peak_flops"] / 1e12:.2f} TFLOP/s); \
it leaves attention out and counts padding.
Pretraining dealt {pretrained["tokens"] / pretrained["corpus_tokens"]:.2f} times as many tokens as the clean text has \
({pretrained["corpus_tokens"] / 1e6:.1f} M), by source: {dealt}; the rest 1.0.
Tuning bears loss on the assistant's words and its end token only, with the weights by task in `recipes/prompts.py`.

System prompts it was tuned with, on {prompts.SYSTEM_SHARE:.0%} of the conversations that had none:

{systems}

## Data

{SOURCES}

## Figures

{_language_table(figures)}

{_summary_table(figures)}

own-templates summaries come from the templates that the training part came from; qmsum's were written by people.

{_reply_table(figures)}

`python -m recipes.evaluate --data DIR --model bot/models/writer` measures them again.

## Sampling

`generation_config.json` suggests temperature {defaults.temperature}, top-p {defaults.top_p}, repetition penalty \
{defaults.repetition_penalty}. For summaries take a temperature of
0.3 or less and no repetition penalty, for names must come again; for Chinese verse no repetition penalty either.

## Samples

The first try of each, at the default sampling and one seed; nothing was picked.

{shown}

## Limits

{LIMITS}
"""


def write(run: Path, model: Path, note: str = "") -> None:
    """Put the card into the model's folder."""
    text = card(run, Writer.load(model), note)
    part = model / "README.md.part"
    part.write_text(text, encoding="utf-8")
    part.replace(model / "README.md")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="the folder that the training programs wrote")
    parser.add_argument("--model", type=Path, required=True, help="the model's folder")
    parser.add_argument("--note", default="", help="a sentence about the circumstances, for the hardware line")
    args = parser.parse_args()
    write(args.run, args.model, args.note)


if __name__ == "__main__":
    main()
