from __future__ import annotations

from string import Formatter

import pytest

from bot.domain.lines import LINES, Text, is_chinese, say


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def _letters(text: str) -> str:
    """What a line says beside its values; some join values by marks alone."""
    return "".join(words for words, *_ in Formatter().parse(text) if any(map(str.isalpha, words)))


@pytest.mark.parametrize("key", sorted(LINES))
def test_every_line_exists_in_both_languages_with_the_same_values(key: str) -> None:
    line = LINES[key]

    assert line.en.strip()
    assert any("\u4e00" <= character <= "\u9fff" for character in line.zh) or not _letters(line.zh)
    assert _fields(line.en) == _fields(line.zh)


@pytest.mark.parametrize(
    ("locale", "chinese"), [("zh", True), ("zh-CN", True), ("ZH_tw", True), ("en", False), ("", False)]
)
def test_readers_of_chinese_locales_read_chinese(locale: str, chinese: bool) -> None:
    assert is_chinese(locale) is chinese
    assert Text("hello", "你好").in_locale(locale) == ("你好" if chinese else "hello")


def test_a_line_is_filled_in() -> None:
    assert "12 seconds" in say("admission.person_budget", "en", seconds=12)
    assert "12 秒" in say("admission.person_budget", "zh", seconds=12)
