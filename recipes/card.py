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
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from recipes import prompts
from recipes.data import Record
from recipes.errors import plainly
from recipes.generation import Choice, Writer
from recipes.pretrain import CONVERSATIONS_SHARE, COPYING_SHARE, REST, SHARES

TEMPLATES = Path(__file__).parent / "cards"
SUMMARIZER = "You summarize chat conversations."
SUMMARY = Choice(temperature=0.3, top_p=0.9, penalty=1.0)
"""How the bot asks for summaries (`bot/chat/summary/summaries.py`)."""

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
    ("Summary of a chat log", SUMMARIZER, [LOG]),
    ("Line of a poem, 「星空之下，」", None, ["星空之下，"]),
    ("Couplet, 「落霞与孤鹜齐飞」", None, ["落霞与孤鹜齐飞"]),
    ("The same, as a task", None, ["续写：落霞与孤鹜齐飞，"]),
    ("Old form", None, ["写一首七言绝句"]),
    ("Modern poem", prompts.SYSTEM_ZH[0], ["写一首关于秋天的现代诗"]),
    ("Chinese chat", prompts.SYSTEM_ZH[0], ["你好，你会做什么？"]),
    ("Chinese notice", prompts.SYSTEM_ZH[0], ["写一个系统维护的公告，周四上午十点。"]),
]


def samples(writer: Writer, seed: int = 11) -> list[tuple[str, list[Record]]]:
    """Each sample's conversation as the writer gave it, at one seed: the first try."""
    made = []
    for title, system, turns in SAMPLES:
        torch.manual_seed(seed)
        messages: list[Record] = [{"role": "system", "content": system}] if system else []
        choice = SUMMARY if system == SUMMARIZER else None
        for said in turns:
            messages.append({"role": "user", "content": said})
            ((reply, _),) = writer.answer([messages], 256, choice)
            messages.append({"role": "assistant", "content": reply})
        made.append((title, messages))
    return made


def hardware() -> str:
    """The machine this runs on, in a few words."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{os.cpu_count()} CPU cores ({platform.machine()}, {torch.backends.cpu.get_cpu_capability()})"


def filled(template: str, **values: object) -> str:
    """A card's template with its values."""
    environment = Environment(loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, keep_trailing_newline=True)
    return environment.get_template(template).render(values)


def put(text: str, model: Path) -> None:
    """The card into the model's folder, whole or not at all."""
    part = model / "README.md.part"
    part.write_text(text, encoding="utf-8")
    part.replace(model / "README.md")


def card(run: Path, writer: Writer, note: str = "") -> str:
    """The whole card."""
    pretrained, tuned, figures = (
        json.loads((run / name).read_text(encoding="utf-8"))
        for name in ("pretrain.json", "tune.json", "evaluation.json")
    )
    return filled(
        "writer.md.jinja",
        pretrained=pretrained,
        tuned=tuned,
        stages={"pretraining": pretrained, "tuning": tuned},
        minutes=pretrained["minutes"] + tuned["minutes"],
        figures=figures,
        config=writer.model.config,
        defaults=writer.model.generation_config,
        summary=SUMMARY,
        hardware=hardware(),
        note=note,
        shares={**SHARES, "the rest": REST},
        conversations_share=CONVERSATIONS_SHARE,
        copying_share=COPYING_SHARE,
        systems=(*prompts.SYSTEM_EN, *prompts.SYSTEM_ZH),
        system_share=prompts.SYSTEM_SHARE,
        samples=samples(writer),
    )


def write(run: Path, model: Path, note: str = "") -> None:
    """Put the card into the model's folder."""
    put(card(run, Writer.load(model), note), model)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="the folder that the training programs wrote")
    parser.add_argument("--model", type=Path, required=True, help="the model's folder")
    parser.add_argument("--note", default="", help="sentences on the circumstances, such as several runs")
    args = parser.parse_args()
    write(args.run, args.model, args.note)


if __name__ == "__main__":
    plainly(main)
