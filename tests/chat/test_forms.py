from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from bot.chat.form_files import BUNDLED, CODE, TRANSLATION, read_forms
from bot.domain.commands import WRITE
from bot.domain.forms import Asked, parse_form
from bot.errors import Refused
from tests.houses import chat_settings, open_house

FILES = sorted(BUNDLED.glob("*.toml"))

# Of each form, what is asked without any wish, in both languages, and texts that pass its checks and that do not.
ASKED = {
    "free": ("{about}", "{about}"),
    "email": ("Write an email: {about}", "写一封邮件：{about}"),
    "announcement": ("Write an announcement: {about}", "写一个公告：{about}"),
    "story": ("Tell me a story about {about}.", "讲一个关于{about}的故事。"),
    "poem": ("Write a poem about {about}.", "写首小诗：{about}"),
    "classical-poem": (
        "Write a classical Chinese poem about {about}, in Chinese characters: "
        "four or eight verses of five or seven characters each.",
        "写一首关于{about}的古诗",
    ),
    "social-post": ("Write a short social media post about {about}.", "写一条关于{about}的社交媒体短文。"),
    "list": ("Make a list of {about}.", "列一个{about}的清单。"),
    "rewrite": ("Rewrite in plain language: {about}", "把这段话改写得更清楚：{about}"),
    "title": ("Suggest a short title for the following text.\n\n{about}", "给下面的文字起个标题：\n\n{about}"),
    "release-notes": ("Write release notes for {about}.", "写一份更新说明：{about}"),
    TRANSLATION: (
        "Translate the following text into German. Answer with the translation only.\n\n{about}",
        "把下面的文字翻译成German，只写译文。\n\n{about}",
    ),
    CODE: (
        "Write German code for the following task. Put the code into one fenced code block, "
        "and explain it in a sentence.\n\n{about}",
        "为下面的要求编写 German 代码。把代码放进一个围栏代码块，并用一句话说明。\n\n{about}",
    ),
}
CHECKED = {
    "free": ("Anything.", None),
    "email": ("Subject: Lunch\n\nHi", None),
    "announcement": ("We moved.", None),
    "story": ("Once.", None),
    "poem": ("The sea,\nthe sea.", None),
    "classical-poem": ("白日依山尽，黄河入海流。\n欲穷千里目，更上一层楼。", "白日依山尽。"),
    "social-post": ("We moved!", "x" * 501),
    "list": ("- a\n- b", "a, b"),
    "rewrite": ("Plain.", None),
    "title": ("The Fox", "The\nFox"),
    "release-notes": ("New:\n- a\n- b", "All is new."),
    TRANSLATION: ("Guten Morgen", "早上好"),
    CODE: ("```german\nx\n```", "x"),
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_form_that_comes_with_the_bot_asks_in_both_languages_and_checks_what_it_gets(file: Path) -> None:
    form = parse_form(file.stem, tomllib.loads(file.read_text(encoding="utf-8")))
    english, chinese = ASKED[form.name]
    right, wrong = CHECKED[form.name]

    assert form.request(Asked("tea", language="German"), "en") == english.format(about="tea")
    assert form.request(Asked("茶", language="German"), "zh") == chinese.format(about="茶")
    assert form.faults(form.rendered(right, "german"), "german") == []
    assert wrong is None or form.faults(form.rendered(wrong, "german"), "german")
    assert form.label.en != form.label.zh
    assert form.help.en != form.help.zh


def test_the_forms_that_are_proposed_are_those_that_come_with_the_bot(tmp_path: Path) -> None:
    option = WRITE.option("form")
    assert option is not None

    library = read_forms(tmp_path)

    proposed = {choice.value: choice.label for choice in option.choices}
    assert proposed == {form.name: form.label for form in library.for_writing}
    assert {*proposed, TRANSLATION, CODE} == set(ASKED) == set(CHECKED)


def _put(folder: Path, name: str, content: str) -> None:
    (folder / "forms").mkdir(exist_ok=True)
    (folder / "forms" / f"{name}.toml").write_text(content, encoding="utf-8")


def test_a_teams_own_form_is_there_at_once_and_may_replace_ours(tmp_path: Path) -> None:
    assert "haiku" not in read_forms(tmp_path).forms
    _put(tmp_path, "haiku", 'prompt = "Write a haiku: {about}"')
    _put(tmp_path, "email", 'prompt = "Mail: {about}"')

    library = read_forms(tmp_path)

    assert library.form("haiku").prompt.en == "Write a haiku: {about}"
    assert library.form("email").prompt.en == "Mail: {about}"
    _put(tmp_path, "haiku", 'prompt = "Another haiku: {about}"')
    assert read_forms(tmp_path).form("haiku").prompt.en == "Another haiku: {about}"


@pytest.mark.parametrize("content", ['prompt = "no place"', "prompt = ", "\xff"], ids=["wrong", "not TOML", "not text"])
def test_a_broken_file_is_named_and_stops_no_other(tmp_path: Path, content: str) -> None:
    _put(tmp_path, "haiku", 'prompt = "Write a haiku: {about}"')
    (tmp_path / "forms" / "email.toml").write_bytes(content.encode("latin-1"))

    library = read_forms(tmp_path)

    assert [problem.partition(":")[0] for problem in library.problems] == ["email.toml"]
    assert library.form("haiku")
    assert library.form("email").prompt.en == "Write an email{wishes}: {about}"


def test_a_form_is_found_by_its_name_and_its_label_in_both_languages(tmp_path: Path) -> None:
    library = read_forms(tmp_path)

    assert {library.form(name).name for name in ("Social post", "social-post", "社交媒体", " SOCIAL-POST ")} == {
        "social-post"
    }
    with pytest.raises(Refused) as refusal:
        library.form("translate")
    assert "release-notes" in str(refusal.value.values["forms"])


async def test_a_teams_form_writes_without_a_line_of_code(tmp_path: Path) -> None:
    _put(tmp_path, "haiku", 'prompt = "Write a haiku{wishes}: {about}"\n[checks]\nmax_lines = 3')

    async with open_house(tmp_path, settings=chat_settings(DATA_FOLDER=str(tmp_path))) as house:
        answer = await house.call("write", form="haiku", about="rain")

    assert answer.prompt is not None
    assert answer.prompt[-1].content == "Write a haiku: rain"


def test_the_readmes_form_is_one() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n# data/forms/(\S+)\.toml.*?\n(.*?)```", readme, re.DOTALL)

    form = parse_form(example[0], tomllib.loads(example[1]))

    assert form.request(Asked("fixed the login", tone="neutral"), "en") == (
        "Write a stand-up note (neutral): fixed the login"
    )
    assert form.faults("fixed the login")


async def test_forms_are_proposed_by_label_and_a_teams_own_with_them(tmp_path: Path) -> None:
    async with open_house(tmp_path, settings=chat_settings(DATA_FOLDER=str(tmp_path))) as house:
        _put(tmp_path, "haiku", 'prompt = "Write a haiku: {about}"\nlabel = { en = "haiku", zh = "俳句" }')
        reading = house.core.reading

        assert [each.value for each in await reading.complete("write", "form", "俳", "zh-CN")] == ["haiku"]
        assert len(await reading.complete("write", "form", "", "en")) == 12
        assert [each.value for each in await reading.complete("translate", "to", "日", "zh-CN")] == ["japanese"]
        assert "Rust" in [each.value for each in await reading.complete("code", "language", "r", "en")]
