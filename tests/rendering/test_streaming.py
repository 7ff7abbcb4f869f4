"""An answer that is still being written: every beginning of it must look sensible."""

from __future__ import annotations

import re

import pytest

from adapters.rendering.parsing import parse
from adapters.rendering.plain import render
from adapters.rendering.streaming import complete, last_block

ANSWER = """# 计划 Plan

先做**三件事**，then *the rest*:

1. Read `the docs`, see [this page](https://example.com/a_b)
2. 写 ~~很多~~ 代码
   - nested **bold `code`** words

| 名字 | n |
|------|--:|
| 中文 | 1 |

> quoted *words*

```python
print("**not bold**")
```

Done — 2 * 3 = 6, snake_case stays. 👍
"""


@pytest.mark.parametrize(
    ("prefix", "mended"),
    [
        ("some **bold", "some **bold**"),
        ("some **bold wor*", "some **bold wor**"),
        ("some **", "some "),
        ("some *it", "some *it*"),
        ("**a *b", "**a *b***"),
        ("~~gone", "~~gone~~"),
        ("`code", "`code`"),
        ("``a ` b", "``a ` b``"),
        ("see [the page](https://exa", "see the page"),
        ("see ![a cat](https://exa", "see "),
        ("a list:\n-", "a list:\n"),
        ("a list\n\n1.", "a list\n\n"),
        ("2 * 3", "2 * 3"),
        ("snake_case", "snake_case"),
        ("`a*b` and c", "`a*b` and c"),
        ("\\*plain", "\\*plain"),
        ("```py\na = '**", "```py\na = '**"),
        ("**done** text", "**done** text"),
        ("", ""),
    ],
)
def test_what_is_open_at_the_end_is_closed(prefix: str, mended: str) -> None:
    assert complete(prefix) == mended


def test_no_beginning_of_an_answer_shows_a_sign_of_emphasis() -> None:
    prose = ANSWER[: ANSWER.index("| 名字")]
    for end in range(len(prose)):
        shown = render(complete(prose[:end]))

        assert "**" not in shown, prose[:end]
        assert "~~" not in shown, prose[:end]
        assert "](" not in shown, prose[:end]


def test_every_beginning_shows_all_words_of_its_whole_lines() -> None:
    address, language = {"https", "example", "com", "a_b"}, {"python"}
    for end in range(len(ANSWER)):
        beginning = ANSWER[:end]
        words = set(re.findall(r"\w+", beginning.rpartition("\n")[0])) - address - language

        shown = render(complete(beginning))

        assert {word for word in words if word not in shown} == set(), beginning


def test_blocks_before_the_last_do_not_change_any_more() -> None:
    final = parse(ANSWER)
    for end in range(len(ANSWER)):
        settled = parse(ANSWER[: last_block(ANSWER[:end])])

        assert final[: len(settled)] == settled, ANSWER[:end]
