from __future__ import annotations

import pytest

from bot.domain.form_checks import Check, read_check
from bot.domain.form_rendering import RENDERINGS
from bot.domain.forms import Asked, Form, parse_form
from bot.domain.lines import LINES

PROMPT = {"prompt": {"en": "Write a haiku{wishes}: {about}", "zh": "写一首俳句{wishes}：{about}"}}


def _form(**table: object) -> Form:
    return parse_form("haiku", {**PROMPT, **table})


# --- the request ----------------------------------------------------------------------------------------------------


def test_only_what_is_given_appears_in_the_request() -> None:
    asked = Asked("rain", tone="formal", audience="new colleagues", length=30)

    assert _form().request(Asked("rain"), "en") == "Write a haiku: rain"
    assert _form().request(asked, "en") == "Write a haiku (formal, for new colleagues, about 30 words): rain"
    assert _form().request(asked, "zh") == "写一首俳句（正式，写给new colleagues看，大约30字）：rain"


def test_a_prompt_without_a_place_for_wishes_is_followed_by_sentences() -> None:
    form = parse_form("free", {"prompt": "{about}"})

    assert form.request(Asked("Hello", "playful", length=20), "en") == (
        "Hello\n\nUse a playful tone. Write about 20 words."
    )
    assert form.request(Asked("你好", "playful"), "zh") == "你好\n\n语气要活泼。"


def test_a_part_in_brackets_stands_when_its_places_are_given() -> None:
    form = parse_form("note", {"prompt": "Write a note[ to {audience}][ in {tone} words] about {about}. [Sign it.]"})

    assert form.request(Asked("tea", audience="Ben"), "en") == "Write a note to Ben about tea. [Sign it.]"


def test_what_a_person_writes_is_never_read_as_a_place() -> None:
    assert _form().request(Asked("{tone} [for {audience}] {x}"), "en").endswith(": {tone} [for {audience}] {x}")


# --- the file -------------------------------------------------------------------------------------------------------


def test_a_form_of_one_prompt_alone_speaks_both_languages() -> None:
    form = parse_form("status-report", {"prompt": "Report: {about}"})

    assert (form.label.zh, form.prompt.zh) == ("status-report", "Report: {about}")


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({}, '"prompt" is missing'),
        ({"prompt": "Write."}, "must hold {about}"),
        ({"prompt": "Write[ about {about}]."}, "outside of square brackets"),
        ({"prompt": "{about} for {reader}"}, "no place {reader}"),
        ({"prompt": "{about} in {tone} words"}, "{tone} in square brackets"),
        ({"prompt": {"en": "{about}"}}, '"en" and for "zh"'),
        ({**PROMPT, "lenght": 30}, 'no "lenght" in a form'),
        ({**PROMPT, "length": 5}, "from 10 to 2000"),
        ({**PROMPT, "length": True}, "from 10 to 2000"),
        ({**PROMPT, "language": "french"}, "english, chinese"),
        ({**PROMPT, "creativity": "wild"}, "balanced, precise, creative"),
        ({**PROMPT, "by_lines": "yes"}, "true or false"),
        ({**PROMPT, "rendering": "html"}, "plain, title, code"),
        ({**PROMPT, "sampling": {"temperature": 9}}, "between 0 and 5"),
        ({**PROMPT, "sampling": {"heat": 1}}, 'no "heat" in [sampling]'),
        ({**PROMPT, "sampling": 1}, "begin it with [sampling]"),
        ({**PROMPT, "checks": {"rhymes": True}}, 'no check "rhymes"'),
        ({**PROMPT, "checks": {"max_words": 0}}, "a number from 1"),
        ({**PROMPT, "checks": {"one_line": 1}}, "must be true"),
        ({**PROMPT, "checks": {"lines_begin_with": "- "}}, "a list of texts"),
        ({**PROMPT, "checks": {"verses": []}}, "a list of numbers"),
    ],
)
def test_a_wrong_file_is_told_what_is_wrong(table: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        parse_form("haiku", table)

    assert words in str(error.value)


def test_a_files_name_is_the_forms_name() -> None:
    with pytest.raises(ValueError, match="lower-case letters"):
        parse_form("My Form", PROMPT)


# --- the checks -----------------------------------------------------------------------------------------------------

FENCED = "```python\nprint(1)\n```"


@pytest.mark.parametrize(
    ("name", "value", "right", "wrong"),
    [
        ("max_words", 3, "one two three", "one two three four"),
        ("max_characters", 5, "short", "longer"),
        ("max_lines", 1, "one\n\n", "one\n\ntwo"),
        ("one_line", True, "A title", "A title\nand more"),
        ("lines_begin_with", ["- "], "- one\n\n- two", "one\n- two"),
        ("lines_begin_with", ["1. "], "1. one\n2. two", "1. one\ntwo"),
        ("min_items", 2, "New:\n- one\n* two", "New:\n- one"),
        ("has_subject", True, "Subject: lunch\n\nHi", "Hi"),
        ("has_subject", True, "**主题：**午饭", "主题"),
        ("line_lengths", [5, 7], "白日依山尽，黄河入海流。", "白日依山尽，黄河流。"),
        ("line_lengths", [5, 7], "《登鹳雀楼》\n白日依山尽，\n黄河入海流。", "白日依山尽，千里黄河入海流。"),
        ("verses", [4, 8], "白日依山尽，黄河入海流。\n欲穷千里目，更上一层楼。", "白日依山尽，黄河入海流。"),
        ("fenced_code", True, FENCED, "print(1)"),
        ("parses", True, FENCED, "```python\nprint(1\n```"),
        ("parses", True, '```json\n{"a": 1}\n```', "```json\n{'a': 1}\n```"),
        ("parses", True, "```sql\nselect from\n```", "```py\n" + "(" * 5000 + "\n```"),
    ],
)
def test_a_check_finds_what_is_wrong(name: str, value: object, right: str, wrong: str) -> None:
    check = read_check(name, value)

    assert check.fault(right) is None
    fault = check.fault(wrong)
    assert fault is not None
    assert all(LINES[fault.line].in_locale(locale).format(**fault.values) for locale in ("en", "zh"))


@pytest.mark.parametrize(
    ("name", "language", "right", "wrong"),
    [
        ("fenced_code", "Python", "```py\nx = 1\n```", "```rust\nlet x = 1;\n```"),
        ("fenced_code", "c++", "```\nint x;\n```", "```java\nint x;\n```"),
        ("parses", "python", "```\nx = 1\n```", "```\nx =\n```"),
        ("in_language", "chinese", "早上好，大家好", "Good morning"),
        ("in_language", "english", "Good morning", "早上好"),
        ("in_language", "klingon", "nuqneH", "早上好"),
        ("in_language", "", "anything", ""),
    ],
)
def test_a_check_knows_the_language_asked_for(name: str, language: str, right: str, wrong: str) -> None:
    check = Check(name, True)

    assert check.fault(right, language) is None
    assert not wrong or check.fault(wrong, language) is not None


def test_a_form_names_all_its_faults() -> None:
    form = _form(checks={"max_words": 2, "one_line": True})

    assert [fault.line for fault in form.faults("one two\nthree")] == ["check.max_words", "check.one_line"]


# --- the rendering --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rendering", "written", "shown"),
    [
        ("plain", "as it is", "as it is"),
        ("title", 'Title: "The Fox"', "The Fox"),
        ("title", "**标题：**", "标题："),
        ("title", "《狐狸和葡萄》", "狐狸和葡萄"),
        ("title", "“Go” and “Stay”", "“Go” and “Stay”"),
        ("code", "Here:\n```\nx = 1\n```\nand\n```\ny\n```", "Here:\n```python\nx = 1\n```\nand\n```\ny\n```"),
        ("code", "```py\nx = 1", "```py\nx = 1\n```"),
        ("code", "no code", "no code"),
    ],
)
def test_what_was_written_is_brought_into_shape(rendering: str, written: str, shown: str) -> None:
    assert RENDERINGS[rendering](written, "Python") == shown
