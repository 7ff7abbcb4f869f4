from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import commands
from bot.domain.commands import COMMANDS, WRITE, Command, OptionType, command_named, format_call, read_call
from bot.domain.texts import Text
from bot.errors import Refused


@pytest.mark.parametrize(
    ("line", "name", "options"),
    [
        ("/write form:email invite the team", "write", {"form": "email", "about": "invite the team"}),
        ("/write email invite the team: lunch", "write", {"form": "email", "about": "invite the team: lunch"}),
        ("!write about:form:poem", "write", {"about": "form:poem"}),
        ("/write 写一首关于月亮的诗", "write", {"about": "写一首关于月亮的诗"}),
        ("/write\nfirst line\nsecond line", "write", {"about": "first line\nsecond line"}),
        ("/summarize last:20 style:bullets", "summarize", {"last": "20", "style": "bullets"}),
        (
            '/summarize since:"yesterday 9:00" style:bullets',
            "summarize",
            {"since": "yesterday 9:00", "style": "bullets"},
        ),
        ("/summarize since:「昨天 9点」", "summarize", {"since": "昨天 9点"}),
        ("/summarize https://example.org is down", "summarize", {"text": "https://example.org is down"}),
        ("/privacy forget me", "privacy", {"action": "forget me"}),
        ("/HELP", "help", {}),
        ("/help me", "help", {"topic": "me"}),
        ("/release show writer-1", "release", {"action": "show", "name": "writer-1"}),
        ("/persona poet for:here", "persona", {"name": "poet", "for": "here"}),
        ("/persona here poet", "persona", {"name": "poet", "for": "here"}),
        ("/persona instructions: answer in verse", "persona", {"instructions": "answer in verse"}),
        (
            '/persona instructions:"use it for: hints" for:me poet',
            "persona",
            {"instructions": "use it for: hints", "for": "me", "name": "poet"},
        ),
        (
            "/persona poet instructions: 用三行\n回答 for:here",
            "persona",
            {"name": "poet", "instructions": "用三行\n回答", "for": "here"},
        ),
        ("/settings idle 2h", "settings", {"name": "idle", "value": "2h"}),
    ],
)
def test_a_typed_line_is_read_as_options(line: str, name: str, options: dict[str, str]) -> None:
    assert read_call(line) == (name, options)


def test_values_are_read_as_their_types() -> None:
    summarize = command_named("summarize")

    assert summarize.read({"last": "20", "style": "Bullets"}) == {"last": 20, "style": "bullets"}
    assert command_named("privacy").read({"action": "Forget me"}) == {"action": "forget-me"}


@pytest.mark.parametrize(
    ("name", "given", "line"),
    [
        ("write", {}, "command.missing_option"),
        ("write", {"about": "   "}, "command.missing_option"),
        ("write", {"about": "x", "tone": "loud"}, "command.not_a_choice"),
        ("write", {"about": "x" * 4001}, "command.too_long"),
        ("write", {"about": "x", "size": 3}, "command.unknown_option"),
        ("summarize", {"last": 0}, "command.not_a_number"),
        ("summarize", {"last": "many"}, "command.not_a_number"),
        ("image", {"prompt": "x", "count": 5}, "command.not_a_number"),
        ("image", {"prompt": "x", "guidance": 21.5}, "command.not_a_measure"),
        ("image", {"prompt": "x", "guidance": "nan"}, "command.not_a_measure"),
    ],
)
def test_a_wrong_option_is_refused_with_its_line(name: str, given: dict[str, object], line: str) -> None:
    with pytest.raises(Refused) as refusal:
        command_named(name).read(given)  # type: ignore[arg-type]

    assert refusal.value.line == line


def test_an_unknown_command_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Refused) as refusal:
        read_call("/dance now")

    assert "/write" in str(refusal.value.values["commands"])


def test_words_after_a_command_without_words_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    ping = Command("ping", Text("answer", "回应"))
    monkeypatch.setattr(commands, "COMMANDS", (*COMMANDS, ping))

    with pytest.raises(Refused, match=r"command\.no_words"):
        read_call("/ping me")


_words = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1).map(str.strip).filter(bool)


@given(
    about=_words,
    form=st.sampled_from([None, "email", "poem"]),
    prefix=st.sampled_from(["", "form:", "about:", "email "]),
)
def test_a_formatted_call_is_read_back(about: str, form: str | None, prefix: str) -> None:
    options = {"about": (prefix + about).strip()} | ({"form": form} if form else {})

    assert read_call(format_call("write", options)) == ("write", options)


def test_platform_limits_hold_for_every_command() -> None:
    """Discord: names of 32, descriptions of 100 characters, 25 options and 25 choices."""
    for command in COMMANDS:
        helps = [command.help, *(option.help for option in command.options)]
        assert len(command.name) <= 32
        assert all(0 < len(text) <= 100 for help_ in helps for text in (help_.en, help_.zh))
        assert len(command.options) <= 25
        assert all(len(option.choices) <= 25 for option in command.options)
        assert sum(option.main for option in command.options) <= 1


def test_every_choice_option_reads_its_own_choices() -> None:
    for command in COMMANDS:
        for option in command.options:
            if option.type is OptionType.CHOICE:
                assert [option.read(choice.value) for choice in option.choices] == [c.value for c in option.choices]


def test_the_main_option_takes_the_words() -> None:
    assert WRITE.main is not None
    assert WRITE.main.name == "about"


@given(since=_words.filter(lambda words: '"' not in words), style=st.sampled_from(["brief", "catch-up"]))
def test_a_value_of_several_words_is_read_back(since: str, style: str) -> None:
    options = {"since": f"{since} 9:00", "style": style}

    assert read_call(format_call("summarize", options)) == ("summarize", options)


@given(
    name=st.sampled_from([None, "poet", "show", "me", "here", "off", "two words"]),
    instructions=st.one_of(st.none(), _words.filter(lambda words: not set(words) & set('"“”「」'))),
    whose=st.sampled_from([None, "me", "here"]),
)
def test_options_behind_a_name_are_read_back(name: str | None, instructions: str | None, whose: str | None) -> None:
    given_ = {"name": name, "instructions": instructions, "for": whose}
    options = {key: value for key, value in given_.items() if value is not None}

    assert read_call(format_call("persona", options)) == ("persona", options)
