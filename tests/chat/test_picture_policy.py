from __future__ import annotations

from pathlib import Path

import pytest

from bot.chat.picture_policy import PicturePolicy
from bot.domain.lines import say
from bot.errors import Refused, SettingsError
from bot.settings import Settings


def policy(**given: str) -> PicturePolicy:
    return PicturePolicy.load(Settings.load(given).pictures)


def refusal(text: str, **given: str) -> str | None:
    """The line by which a prompt is refused; None when it is drawn."""
    try:
        policy(**given).check(text)
    except Refused as error:
        return error.line
    return None


@pytest.mark.parametrize(
    ("prompt", "line"),
    [
        ("a naked child", "paint.refused.minors"),
        ("Schoolgirls, EROTIC", "paint.refused.minors"),
        ("ｎａｋｅｄ ｃｈｉｌｄ", "paint.refused.minors"),
        ("a nak\u200bed child", "paint.refused.minors"),
        ("裸体的小女孩", "paint.refused.minors"),
        ("a beheaded king", "paint.refused.gore"),
        ("一张血腥的照片", "paint.refused.gore"),
        ("a poster: white   power", "paint.refused.hate"),
        ("画一张纳粹宣传海报", "paint.refused.hate"),
    ],
)
def test_prompts_that_the_rules_leave_out_are_refused_with_what_they_leave_out(prompt: str, line: str) -> None:
    assert refusal(prompt) == line
    assert say(line, "en") != say(line, "zh")


@pytest.mark.parametrize(
    "prompt",
    [
        "a smiling cat",
        "a child with a kite",
        "画一只猫",
        "一个孩子在放风筝",
        "the category of scunthorpe essex",
        "a skilled teenager's bike",
        "a marble statue of a nude, museum",
        "a black cat in a white room with a power drill",
        "",
    ],
)
def test_harmless_prompts_pass(prompt: str) -> None:
    assert refusal(prompt) is None


def test_all_texts_of_a_request_are_looked_at_together() -> None:
    with pytest.raises(Refused):
        policy().check("a child", "naked", "")


def test_the_hosts_own_words_are_refused_without_being_repeated(tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("# ours\n\nAcme Corp\n竞品\n", encoding="utf-8")

    assert refusal("the logo of acme corp", IMAGE_BLOCKED_WORDS=str(words)) == "paint.refused.own"
    assert refusal("竞品的标志", IMAGE_BLOCKED_WORDS=str(words)) == "paint.refused.own"
    assert refusal("acme corporation", IMAGE_BLOCKED_WORDS=str(words)) is None
    assert "acme" not in say("paint.refused.own", "en").lower()


def test_a_refusal_says_who_can_change_the_rules() -> None:
    assert "IMAGE_POLICY" in say("paint.refused.gore", "en")
    assert "IMAGE_BLOCKED_WORDS" in say("paint.refused.gore", "zh")


def test_the_host_can_turn_the_rules_off() -> None:
    assert refusal("a beheaded king", IMAGE_POLICY="off") is None


def test_a_file_of_words_that_cannot_be_read_is_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"IMAGE_BLOCKED_WORDS: .*nowhere"):
        policy(IMAGE_BLOCKED_WORDS=str(tmp_path / "nowhere"))
