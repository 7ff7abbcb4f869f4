"""Markdown in Slack's mrkdwn."""

from __future__ import annotations

import pytest

from adapters.rendering.slack import messages, render

Z, J = "\u200b", "\u2060"


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("# Title", "*Title*"),
        ("## A **bold** title", "*A bold title*"),
        ("*a* **b** ~~c~~ `d`", "_a_ *b* ~c~ `d`"),
        ("a & b < c > d", "a &amp; b &lt; c &gt; d"),
        ("`a && b`", "`a &amp;&amp; b`"),
        ("```py\na < b\n```", "```\na &lt; b\n```"),
        ("- a\n  - b\n    - c\n- d", "• a\n    ◦ b\n        ▪ c\n• d"),
        ("3. a\n4. b", "3. a\n4. b"),
        ("> a\n> b", "> a\n> b"),
        ("\\> no quote", f"{J}&gt; no quote"),
        ("---", "———"),
        ("[words](https://a.b/c)", "<https://a.b/c|words>"),
        ("[a & **b**](https://a.b/?c=1&d=2)", "<https://a.b/?c=1&amp;d=2|a &amp; b>"),
        ("https://a.b/c", "<https://a.b/c>"),
        ("[mail](mailto:a@b.c)", "<mailto:a@b.c|mail>"),
        ("[words](/local)", "words (/local)"),
        ("![cat](https://a.b/cat.png)", "<https://a.b/cat.png|cat>"),
        ("| a | 中 |\n|---|---|\n| b | c |", "```\na │ 中\n──┼───\nb │ c\n```"),
    ],
)
def test_signs_are_slacks_own(markdown: str, shown: str) -> None:
    assert render(markdown) == shown


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("请**注意**这里", f"请{Z}*注意*{Z}这里"),
        ("**注意：**请看", f"*注意：*{Z}请看"),
        ("看`代码`。", f"看{Z}`代码`{Z}。"),
        ("a**b**c", f"a{Z}*b*{Z}c"),
        ("(**b**), *c*.", "(*b*), _c_."),
        ("**a***b*", f"*a*{Z}_b_"),
    ],
)
def test_signs_that_are_meant_stand_at_an_edge(markdown: str, shown: str) -> None:
    assert render(markdown) == shown


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("\\*not bold\\*", f"{J}*not bold*"),
        ("snake_case_name", "snake_case_name"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("a \\_b\\_ c", f"a {J}_b_ c"),
        ("``a`b``", "a`b"),
    ],
)
def test_signs_that_are_not_meant_have_no_edge(markdown: str, shown: str) -> None:
    assert render(markdown) == shown


@pytest.mark.parametrize(
    "markdown", ["<!channel>", "<@U123>", "`<!here>`", "```\n<@U1>\n```", "<!subteam^S1>", "&lt;!channel&gt;"]
)
def test_nobody_is_notified(markdown: str) -> None:
    assert "<" not in render(markdown)


def test_a_bare_at_channel_is_parted() -> None:
    assert render("@channel @here @everyone @ana") == f"@{Z}channel @{Z}here @{Z}everyone @ana"


def test_a_message_is_measured_with_its_escapes() -> None:
    parts = messages("a && b " * 2000)

    assert all(len(part) <= 4000 for part in parts)
    assert " ".join(parts).split() == ["a", "&amp;&amp;", "b"] * 2000


def test_a_table_with_links_becomes_a_list_in_which_they_lead_there() -> None:
    table = "| who | where |\n|---|---|\n| Ana | [notes](https://a.example/1) |"

    assert render(table) == "• *who:* Ana\n    *where:* <https://a.example/1|notes>"
