"""Markdown in Discord's dialect."""

from __future__ import annotations

import pytest

from adapters.rendering.discord import messages, render

Z = "\u200b"


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("# One\n\n## Two\n\n### Three", "# One\n\n## Two\n\n### Three"),
        ("#### Four", "**Four**"),
        ("##### A **bold** title", "**A bold title**"),
        ("**注意：**请看", "**注意：**请看"),
        ("*a* **b** ~~c~~ `d`", "*a* **b** ~~c~~ `d`"),
        ("***both***", "***both***"),
        ("_a **b**_", "_a **b**_"),
        ("a***b***c", "a***b***c"),
        ("**a**_b_", f"**a**{Z}*b*"),
        ("snake_case and 2 * 3", r"snake\_case and 2 \* 3"),
        ("||not hidden||", r"\||not hidden\||"),
        ("1\\. not a list", r"1\. not a list"),
        ("\\# no title", r"\# no title"),
        ("\\> no quote", r"\> no quote"),
        ("-# not small", r"\-# not small"),
        ("> a\n> > b", "> a\n>\n> b"),
        ("- a\n  - b\n    1. c", "- a\n  - b\n    1. c"),
        ("7. a\n8. b", "7. a\n8. b"),
        ("- [x] done", r"- \[x] done"),
        ("---", "⎯" * 12),
        ("```py hl\nx\n```", "```py\nx\n```"),
        ("````\n```\n````", f"```\n`{Z}`{Z}`\n```"),
        ("``a`b``", "`` a`b ``"),
        ("<b>no tag</b>", r"\<b>no tag\</b>"),
        ("<t:1:R> <:smile:1> <#1>", r"\<t:1:R> \<:smile:1> \<#1>"),
    ],
)
def test_signs_are_discords_own(markdown: str, shown: str) -> None:
    assert render(markdown) == shown


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("@everyone", f"@{Z}everyone"),
        ("hi @here!", f"hi @{Z}here!"),
        ("<@80351110224678912>", rf"\<@{Z}80351110224678912>"),
        ("<@!80351110224678912>", rf"\<@{Z}!80351110224678912>"),
        ("<@&80351110224678912>", rf"\<@{Z}&80351110224678912>"),
        ("`@everyone`", f"`@{Z}everyone`"),
        ("```\n@here\n```", f"```\n@{Z}here\n```"),
        ("[@everyone](https://a.b)", f"[@{Z}everyone](https://a.b)"),
        ("&#64;everyone", f"@{Z}everyone"),
        ("ana@example.com", "ana@example.com"),
        ("**writer@61404faf**", "**writer@61404faf**"),
        ("\\<&#64;80351110224678912>", rf"\<@{Z}80351110224678912>"),
    ],
)
def test_nobody_is_pinged(markdown: str, shown: str) -> None:
    assert render(markdown) == shown


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("[words](https://a.b/c_d)", "[words](https://a.b/c_d)"),
        ("[words](https://a.b/c_(d))", "[words](https://a.b/c_%28d%29)"),
        ("https://a.b/c_d_e", "https://a.b/c_d_e"),
        ("请看https://a.b/c的说明", "请看https://a.b/c的说明"),
        ("[words](mailto:a@b.c)", "words (mailto:a@b.c)"),
        ("[words](/local)", "words (/local)"),
        ("[https://bank.com](https://evil.com)", "https://bank.com (https://evil.com)"),
        ("[bank.com](https://evil.com)", "bank.com (https://evil.com)"),
        ("[click](javascript:alert)", r"\[click](javascript:alert)"),
        ("![a cat](https://a.b/cat.png)", "[a cat](https://a.b/cat.png)"),
        ("![](https://a.b/cat.png)", "https://a.b/cat.png"),
    ],
)
def test_links_lead_where_they_say(markdown: str, shown: str) -> None:
    assert render(markdown) == shown


def test_a_table_lines_up_in_a_fixed_width_font() -> None:
    table = "| 名字 | n |\n|---|--:|\n| 中文 | 1 |\n| abc | **22** |"

    assert render(table) == "```\n名字 │  n\n─────┼───\n中文 │  1\nabc  │ 22\n```"


def test_a_wide_table_becomes_a_list() -> None:
    wide = "x" * 40

    assert render(f"| a | b |\n|---|---|\n| {wide} | {wide} |") == f"- **a:** {wide}\n  **b:** {wide}"


def test_a_table_with_links_becomes_a_list_in_which_they_lead_there() -> None:
    table = "| who | where |\n|---|---|\n| Ana | **[notes](https://a.example/1)** |\n| Ben | https://b.example |"

    assert render(table) == (
        "- **who:** Ana\n  **where:** **[notes](https://a.example/1)**\n- **who:** Ben\n  **where:** https://b.example"
    )


def test_a_message_holds_two_thousand_characters_with_their_escapes() -> None:
    parts = messages("snake_case_name " * 500)

    assert all(len(part) <= 2000 for part in parts)
    assert " ".join(parts).split() == [r"snake\_case\_name"] * 500


def test_nothing_to_show_makes_no_message() -> None:
    assert messages("") == []
    assert messages("#") == []
