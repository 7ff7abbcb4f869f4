"""`/help`: an overview, one command in full, and what holds in a place."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.chat.form_files import BUNDLED
from bot.domain.commands import COMMANDS, Command, Who, read_call
from bot.domain.conversation import TurnStatus
from bot.domain.help_lines import EXAMPLES
from bot.domain.places import Person
from tests.houses import ANA, BEN, CHANNEL, LIN, THREAD, House, chat_settings, open_house

by_name = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
in_both = pytest.mark.parametrize("person", [BEN, LIN], ids=["en", "zh"])


@pytest.fixture
async def admins(house: House) -> House:
    """A house whose admin is Ana."""
    house.platform.admins.add(ANA.key)
    return house


@by_name
@in_both
async def test_a_command_is_told_in_full(house: House, command: Command, person: Person) -> None:
    told = await house.ask(f"/help {command.name}", by=person)

    assert told.status is TurnStatus.COMPLETE
    assert command.help.in_locale(person.locale) in told.text
    for option in command.options:
        assert f"`{option.name}`" in told.text
        assert option.help.in_locale(person.locale) in told.text
        for choice in option.choices:
            assert f"`{choice.value}`" in told.text
    for line in EXAMPLES[command.name]:
        assert f"- `{line.in_locale(person.locale)}`" in told.text
    assert told.private


@by_name
def test_every_example_of_a_command_is_one(command: Command) -> None:
    assert EXAMPLES[command.name]
    for example in EXAMPLES[command.name]:
        for line in (example.en, example.zh):
            named, options = read_call(line)
            assert named == command.name
            command.read(options)


async def test_a_name_is_found_with_its_mark_and_in_any_case(house: House) -> None:
    assert (await house.ask("/help /Write")).text == (await house.ask("!help write")).text


async def test_who_may_use_a_command_and_who_sees_the_answer_is_said(house: House) -> None:
    told = (await house.ask("/help retrain")).text

    assert "Only admins may use it." in told
    assert "Only admins may use it." not in (await house.ask("/help write")).text
    assert "Only you see the answer" in (await house.ask("/help privacy")).text


async def test_a_teams_own_form_is_among_those_of_write(tmp_path: Path) -> None:
    form = (BUNDLED / "email.toml").read_text(encoding="utf-8").replace('en = "email"', 'en = "memo to all"', 1)
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms" / "memo.toml").write_text(form, encoding="utf-8")
    async with open_house(tmp_path, settings=chat_settings(DATA_FOLDER=str(tmp_path))) as house:
        told = (await house.ask("/help write")).text

    assert "`memo`" in told
    assert "`release-notes`" in told


async def test_values_that_are_proposed_are_named(house: House) -> None:
    assert "`poet`" in (await house.ask("/help persona")).text
    assert "`水彩`" in (await house.ask("/help image", by=LIN)).text


async def test_what_there_is_no_help_on_is_refused_with_what_there_is(house: House) -> None:
    refused = await house.ask("/help dance")

    assert refused.status is TurnStatus.REFUSED
    assert "here, write" in refused.text


@in_both
async def test_without_a_topic_each_command_that_one_may_use_has_a_line(house: House, person: Person) -> None:
    overview = (await house.ask("/help", by=person)).text

    for command in COMMANDS:
        listed = f"- `/{command.name}`" in overview
        assert listed is (command.who is Who.EVERYONE and command.name != "help")
    assert len(overview) < 2000


async def test_admins_see_their_commands_too(admins: House) -> None:
    overview = (await admins.ask("/help")).text

    assert all(f"- `/{command.name}`" in overview for command in COMMANDS if command.name != "help")


async def test_topics_are_proposed_with_what_they_are(house: House) -> None:
    proposed = await house.core.reading.complete("help", "topic", "", "en")

    assert [each.value for each in proposed] == ["here", *(command.name for command in COMMANDS)]
    assert proposed[0].label.en == "here: what holds in this place"


async def test_help_here_shows_everyone_what_holds_in_the_place(admins: House) -> None:
    await admins.ask("/settings idle 2h", place=CHANNEL)
    await admins.ask("/settings house-style Say “we”.", place=CHANNEL)
    await admins.ask("/persona editor for:here", place=CHANNEL)
    await admins.ask("/privacy learning-on", place=CHANNEL)
    await admins.ask("/privacy opt-out", by=BEN)
    await admins.ask("/digest every:daily timezone:Asia/Shanghai 9:00", place=CHANNEL)
    await admins.ask("Hello", place=CHANNEL)

    told = (await admins.ask("/help here", by=BEN, place=THREAD)).text

    for words in (
        "| `idle` | 2 h |",
        "> Say “we”.",
        "`editor`, set for this place",
        "**Learning:** on.",
        "You have opted out",
        "the next one comes 2026-11-23 09:00 (Asia/Shanghai)",
        "release `scripted@00000000`",
    ):
        assert words in told


async def test_help_here_before_anyone_chose_anything(house: House) -> None:
    told = (await house.ask("/help here", by=LIN, place=CHANNEL)).text

    assert "| `house-style` | 无 | 主机 |" in told
    assert "`assistant`" in told
    assert "**学习：** 关。" in told
    assert "这里没有定期摘要" in told


@pytest.mark.parametrize(
    ("rate", "en", "zh"),
    [
        ("20/minute", "20 requests a minute", "每分钟 20 次"),
        ("500/day", "500 requests a day", "每天 500 次"),
        ("10 per 5 minutes", "10 requests in 5 minutes", "每 5 分钟 10 次"),
        ("90/90 second", "90 requests in 90 seconds", "每 90 秒 90 次"),
    ],
)
async def test_budgets_are_told_in_words(tmp_path: Path, rate: str, en: str, zh: str) -> None:
    async with open_house(tmp_path, settings=chat_settings(PERSON_BUDGET=rate)) as house:
        assert f"{en} for each person" in (await house.ask("/help here")).text
        assert f"每人{zh}" in (await house.ask("/help here", by=LIN)).text
