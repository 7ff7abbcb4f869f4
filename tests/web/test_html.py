from __future__ import annotations

import pytest

from adapters.web.html import GrowingHtml, answer_blocks, message_blocks

WHOLE = """# Plan

Some *words* and `code`.

1. one
2. two

```python
def f():

    return 1
```

| a | b |
|---|--:|
| 1 | 2 |

> quoted

Last line."""


def html(text: str) -> str:
    return "".join(answer_blocks(text))


def test_raw_html_is_text() -> None:
    assert "<script" not in html("<script>alert(1)</script> <img src=x onerror=alert(1)>")


@pytest.mark.parametrize("link", ["[x](javascript:alert(1))", "[x](data:text/html,hi)", "[x](vbscript:x)"])
def test_links_lead_to_pages_and_mail_only(link: str) -> None:
    assert "href" not in html(link)


def test_links_open_elsewhere_and_tell_nothing() -> None:
    assert html("https://example.org") == (
        '<p><a href="https://example.org" target="_blank" rel="noopener noreferrer nofollow">https://example.org</a></p>\n'
    )


def test_a_remote_picture_is_a_link_and_never_loaded() -> None:
    assert "<img" not in html("![a cat](https://example.org/cat.png)")
    assert ">a cat</a>" in html("![a cat](https://example.org/cat.png)")


def test_code_is_coloured_and_named() -> None:
    block = html("```python\nprint('<b>')\n```")

    assert '<figure class="code"><figcaption>python</figcaption>' in block
    assert '<span class="nb">print</span>' in block
    assert "<b>" not in block


def test_code_of_an_unknown_language_is_plain() -> None:
    assert "<code>x &lt; y\n</code>" in html("```no-such-language\nx < y\n```")


def test_no_style_stands_in_the_markup() -> None:
    assert 'style="' not in html(WHOLE)
    assert '<td class="align-right">2</td>' in html(WHOLE)


def test_a_persons_line_ends_stay() -> None:
    assert message_blocks("one\ntwo") == ("<p>one<br>\ntwo</p>\n",)


def test_a_persons_indented_text_is_no_code() -> None:
    assert "<pre" not in "".join(message_blocks("    indented"))


@pytest.mark.parametrize("step", [1, 3, 17])
def test_a_growing_answer_ends_as_the_whole_one(step: int) -> None:
    growing, shown = GrowingHtml(), []
    for end in [*range(1, len(WHOLE), step), len(WHOLE)]:
        patch = growing.update(WHOLE[:end])
        shown[patch.start :] = patch.blocks

    assert tuple(shown) == growing.blocks == answer_blocks(WHOLE)


def test_only_unsettled_blocks_are_sent_again() -> None:
    growing = GrowingHtml()
    growing.update("one\n\ntwo\n\nthree")

    patch = growing.update("one\n\ntwo\n\nthree and more")

    assert (patch.start, patch.blocks) == (2, ("<p>three and more</p>\n",))


def test_an_answer_that_begins_anew_is_shown_anew() -> None:
    growing = GrowingHtml()
    growing.update("one\n\ntwo\n\nthree")

    growing.update("other")

    assert growing.blocks == ("<p>other</p>\n",)


def test_a_run_too_long_for_an_address_is_not_searched_for_one() -> None:
    """Detection is quadratic there: this text takes eight seconds with it."""
    assert "<a" not in html("http://a" * 5000)


def test_a_verse_keeps_its_lines() -> None:
    assert answer_blocks("月亮升上屋顶，\n灯光合上眼睛。") == ("<p>月亮升上屋顶，<br>\n灯光合上眼睛。</p>\n",)
