"""A text without signs is read without markdown-it, and comes to the same."""

from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from adapters.rendering.parsing import parse
from adapters.rendering.tree import Paragraph, Text

_PLAIN = st.text(st.sampled_from("abzAZ09 éß中文あ,.;:!?'\"()%$，。；：！？、（）“”‘’…—–-"), min_size=1, max_size=30)


@settings(deadline=None, derandomize=True)
@given(_PLAIN)
def test_a_plain_line_is_read_as_the_same_line_with_a_sign_after_it(text: str) -> None:
    assume(text[0].isalpha() and text[-1] != " ")

    assert parse(text) == (Paragraph((Text(text),)),)
    assert parse(f"{text}&amp;") == (Paragraph((Text(f"{text}&"),)),)
