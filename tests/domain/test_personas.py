from __future__ import annotations

from pathlib import Path

import pytest

from bot.chat.persona_library import BUNDLED
from bot.domain.commands import COMMANDS
from bot.domain.personas import DEFAULT_PERSONA, BadPersona, read_persona

FILES = sorted(BUNDLED.glob("*.toml"))

GOOD = """
[description]
en = "A pirate"
zh = "海盗"
[instructions]
en = "You are {name}, a pirate."
zh = "你是海盗 {name}。"
"""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_bundled_persona_speaks_both_languages_and_says_who_it_is(path: Path) -> None:
    persona = read_persona(path.stem, path.read_text(encoding="utf-8"))

    assert persona.speaks("en", "Quill").startswith(("You are Quill,", "You are Quill "))
    assert persona.speaks("zh-CN", "小墨").startswith("你是 小墨，")
    for text in (persona.description, persona.instructions):
        assert text.en.isascii()
        assert any("\u4e00" <= character <= "\u9fff" for character in text.zh)
        assert "{" not in text.in_locale("en").replace("{name}", "") + text.in_locale("zh").replace("{name}", "")
    assert persona.description.en[-1] not in ".!"
    assert persona.description.zh[-1] not in "。！"


def test_no_bundled_persona_is_named_like_a_command() -> None:
    assert not {path.stem for path in FILES} & {command.name for command in COMMANDS}


def test_the_default_is_the_sentence_that_the_bundled_writer_was_tuned_on() -> None:
    path = BUNDLED / f"{DEFAULT_PERSONA}.toml"
    persona = read_persona(path.stem, path.read_text(encoding="utf-8"))

    assert persona.instructions.en == "You are {name}, a helpful assistant in a team chat."
    assert persona.instructions.zh == "你是 {name}，团队聊天里的助手。"


def test_a_text_in_one_language_serves_both() -> None:
    plain = read_persona("pirate", 'description = "A pirate"\ninstructions = "Talk like {name} the pirate {now}."')
    chinese = read_persona("海盗", '[description]\nzh = "海盗"\n[instructions]\nzh = "像海盗一样说话。"')

    assert plain.speaks("zh", "Inkling") == "Talk like Inkling the pirate {now}."
    assert chinese.description.en == "海盗"


@pytest.mark.parametrize(
    ("name", "source", "why"),
    [
        ("pirate", "description = ", "not TOML"),
        ("pirate", 'description = "A pirate"', "“instructions” is missing"),
        ("pirate", GOOD + "[voice]\nen = 'x'", "unknown entry “voice”"),
        ("pirate", GOOD.replace("A pirate", ""), "“description.en” is no text"),
        ("pirate", GOOD.replace('"A pirate"', "7"), "“description.en” is no text"),
        ("pirate", GOOD.replace('zh = "海盗"', 'fr = "pirate"'), "“description” is missing"),
        ("pirate", GOOD.replace("A pirate", "a" * 81), "longer than 80"),
        ("pirate", GOOD.replace("a pirate.", "a" * 2001), "longer than 2000"),
        ("Pi rate", GOOD, "small letters"),
        ("off", GOOD, "small letters"),
        ("here", GOOD, "small letters"),
        ("", GOOD, "small letters"),
    ],
)
def test_a_file_that_is_no_persona_is_refused_with_the_reason(name: str, source: str, why: str) -> None:
    with pytest.raises(BadPersona, match=why):
        read_persona(name, source)
