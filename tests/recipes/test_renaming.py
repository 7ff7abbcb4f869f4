"""Renamed conversations: the same words about other people."""

import random
import re
from typing import Any

import pytest

from recipes import renaming
from recipes.renaming import Renaming

LOG = "mia: can you fix it, Tom?\n[10:02] tom: I will\nsunny: thanks"
SUMMARY = "Mia asked Tom, and Tom will fix it."


def record(source: str = "own-templates", log: str = LOG, summary: str = SUMMARY) -> dict[str, Any]:
    asked = {"role": "user", "content": f"Summarize this conversation:\n{log}"}
    messages = [asked, {"role": "assistant", "content": summary}]
    return {"task": "summarize", "source": source, "messages": messages}


@pytest.fixture
def renaming_() -> Renaming:
    return Renaming({"mia", "tom", "小芳"})


def texts(messages: list[dict[str, Any]]) -> list[str]:
    return [message["content"] for message in messages]


def test_a_name_is_replaced_throughout_in_the_writing_it_had(renaming_: Renaming) -> None:
    log, summary = texts(renaming_.renamed(record()["messages"], random.Random(1)))

    first, asked, second = re.findall(r"^(\w+): can you fix it, (\w+)\?\n\[10:02\] (\w+): I will", log, re.MULTILINE)[0]
    assert asked == second.title()
    assert summary == f"{first.title()} asked {asked}, and {asked} will fix it."
    assert {first, second}.isdisjoint({"mia", "tom"})


def test_every_conversation_gets_names_of_its_own(renaming_: Renaming) -> None:
    chance = random.Random(1)
    summaries = {texts(renaming_.renamed(record()["messages"], chance))[1] for _ in range(20)}

    assert len(summaries) == 20


def test_a_chinese_name_stays_chinese(renaming_: Renaming) -> None:
    told = record(log="小芳：我来订票", summary="小芳负责订票。")
    log, summary = texts(renaming_.renamed(told["messages"], random.Random(1)))

    name = summary.removesuffix("负责订票。")
    assert name != "小芳"
    assert re.fullmatch(r"[\u4e00-\u9fff]{2,3}", name)
    assert log == f"Summarize this conversation:\n{name}：我来订票"


def test_only_whole_words_are_names(renaming_: Renaming) -> None:
    told = record(log="mia: tomorrow the atom", summary="Tomorrow.")

    assert texts(renaming_.renamed(told["messages"], random.Random(1)))[1] == "Tomorrow."


def test_other_peoples_texts_keep_their_names(renaming_: Renaming) -> None:
    theirs = record(source="qmsum")

    assert all(renaming_.sometimes(theirs, random.Random(i)) == theirs["messages"] for i in range(20))


def test_about_half_of_the_templates_conversations_are_renamed(renaming_: Renaming) -> None:
    chance, ours = random.Random(1), record()
    kept = sum(renaming_.sometimes(ours, chance) == ours["messages"] for _ in range(400))

    assert 160 < kept < 240


def test_names_are_what_often_heads_a_line_and_is_no_other_word() -> None:
    often = [record(log="mia: hi\n09:15 will: hi\n小芳：你好\n请总结下面的对话：你好")] * renaming.OFTEN
    rare = [record(log="zelda: hi")]

    assert renaming.speakers([*often, *rare]) == {"mia", "小芳"}


def test_without_names_nothing_is_replaced() -> None:
    assert texts(Renaming(set()).renamed(record()["messages"], random.Random(1)))[1] == SUMMARY
