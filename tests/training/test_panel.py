from __future__ import annotations

import pytest

from bot.training.panel import PROMPTS, Reply, fault

SPECIAL = frozenset({"<|user|>", "<|end|>"})


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Here is the list you asked for: bread, cheese, apples.", ""),
        ("我很好，谢谢你的关心。今天想聊点什么？", ""),
        ("Yes.", ""),
        ("", "empty"),
        (" ...\n", "empty"),
        ("I can help you with that, " * 12, "looping"),
        ("今天天气很好，" * 12, "looping"),
        ("天" * 60, "looping"),
        ("It is a \ufffd day for all of us.", "characters"),
    ],
)
def test_what_is_wrong_with_a_reply(text: str, wrong: str) -> None:
    assert fault(Reply(text, text, whole=True), SPECIAL) == wrong


def test_an_answer_that_was_cut_may_end_within_a_character() -> None:
    assert fault(Reply("Look: \ufffd", "Look: \ufffd", whole=False), SPECIAL) == ""
    assert fault(Reply("Look: \ufffd", "Look: \ufffd", whole=True), SPECIAL) == "characters"


def test_a_special_token_within_an_answer_is_a_fault() -> None:
    assert fault(Reply("Hello there", "Hello<|user|> there", whole=True), SPECIAL) == "tokens"


def test_the_panel_asks_in_both_languages() -> None:
    chinese = sum(any("\u4e00" <= character <= "\u9fff" for character in prompt) for prompt in PROMPTS)

    assert len(PROMPTS) == 24
    assert chinese == 12
