"""Other names for the people of our own templates, so that a name has to be copied: it can not be guessed.

The templates draw from some hundred names, and a team's people are called otherwise. A renamed conversation is the same
conversation; every one of its names is replaced throughout, in the writing it had ("mia:" and "Mia said").
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable

from recipes.data import Record

SOURCE = "own-templates"
SHARE = 0.5
"""The share of the templates' conversations that is renamed."""

SPEAKER = re.compile(r"^(?:[\[(]?\d\d:\d\d[\])]? )?(\w+)(?::|：| -)", re.MULTILINE)
OFTEN = 40
"""How often a word must head the lines of chat logs to be a name."""

LONGEST_CHINESE = 3
"""A longer line before a colon is a request, not a name."""

ALSO_WORDS = {
    "will",
    "joy",
    "ray",
    "grace",
    "max",
    "pat",
    "sue",
    "kim",
    "ming",
    "kai",
    "echo",
    "storm",
    "river",
    "sunny",
}
ALSO_WORDS |= {"moss", "maple", "marble", "nova", "lumen", "kiwi", "tofu", "biscuit", "teacup"}
"""Names that are words too: they stay, for the words would change with them."""

ONSETS = "b|br|c|ch|d|dr|f|fr|g|gr|h|j|k|kh|l|m|n|p|ph|r|s|sh|st|t|th|tr|v|w|y|z"
VOWELS = "a|a|a|e|e|e|i|i|i|o|o|u|y|ai|ee|ea|ia|io|ou"
CODAS = "||||n|n|l|r|s|m|x|ck|nd|rt|th|h|ne|ra|na|la"
SURNAMES = "赵钱孙周吴郑冯蒋沈韩朱秦许何吕施孔曹严金魏陶姜谢邹苏潘葛范彭郎鲁韦马苗方袁柳鲍史唐薛雷贺倪汤罗郝邬安常"
GIVEN = "伟芳娜敏静磊洋艳勇军杰娟涛超霞刚玲燕鹏宇浩凯琳欣怡婷晨佳航睿轩萱诺桐岚舟川峰云月星竹兰梅松"


def speakers(records: Iterable[Record]) -> set[str]:
    """The names, in small letters, that head the lines of the templates' chat logs."""
    seen: Counter[str] = Counter()
    for record in records:
        if record["source"] == SOURCE and record["task"] == "summarize":
            for message in record["messages"]:
                seen.update(SPEAKER.findall(message["content"].lower()))
    often = {name for name, times in seen.items() if times >= OFTEN}
    return {name for name in often - ALSO_WORDS if name.isascii() or len(name) <= LONGEST_CHINESE}


def _one_of(sounds: str, chance: random.Random) -> str:
    return chance.choice(sounds.split("|"))


def new_name(old: str, chance: random.Random) -> str:
    """A made-up name in small letters, in the script of the old one."""
    if old.isascii():
        syllables = (f"{_one_of(ONSETS, chance)}{_one_of(VOWELS, chance)}" for _ in range(chance.choice((1, 2, 2, 3))))
        return "".join(syllables) + _one_of(CODAS, chance)
    first = chance.choice(("小", "老", "阿", chance.choice(SURNAMES)))
    return first + "".join(chance.sample(GIVEN + SURNAMES, chance.choice((1, 1, 2))))


class Renaming:
    """Renames conversations; which names there are was found in the records."""

    def __init__(self, names: set[str]) -> None:
        parts = (rf"\b{name}\b" if name.isascii() else name for name in sorted(names))
        self.pattern = re.compile("|".join(parts) or r"(?!)", re.IGNORECASE)

    def sometimes(self, record: Record, chance: random.Random) -> list[Record]:
        """A record's messages; those of the templates renamed in a share of the cases."""
        messages: list[Record] = record["messages"]
        if record["source"] != SOURCE or chance.random() >= SHARE:
            return messages
        return self.renamed(messages, chance)

    def renamed(self, messages: list[Record], chance: random.Random) -> list[Record]:
        """The conversation with a new name in the place of each."""
        found = {name.lower() for message in messages for name in self.pattern.findall(message["content"])}
        names = {name: new_name(name, chance) for name in sorted(found)}

        def replaced(match: re.Match[str]) -> str:
            old = match.group()
            new = names[old.lower()]
            return new.title() if old[0].isupper() else new

        return [{**message, "content": self.pattern.sub(replaced, message["content"])} for message in messages]
