"""The content of a text as terms, for comparing messages: words of spaced scripts, character pairs of Chinese.

Chinese is not cut into words: overlapping pairs of characters serve retrieval as well (Nie, Gao, Zhang and Zhou, "On
the use of words and n-grams for Chinese information retrieval", IRAL 2000).
"""

from __future__ import annotations

import re

_RUN = re.compile("[\u3040-\u30ff\u3400-\u9fff]+|[^\\W_]+(?:['’][^\\W_]+)?")
_HAN = re.compile("[\u3040-\u30ff\u3400-\u9fff]")

_COMMON = frozenset(
    """
    a about after again all also am an and any are as at be because been before being but by can could did do does
    doing don't done for from get go going good got had has have he her here hi him his how i i'd i'll i'm i've if
    in into is it it's its just know let like lol me more much my need no not now of off oh ok okay on one only or
    other our out over please really right say see she should so some something sorry sure than thank thanks that
    that's the their them then there these they thing think this those to today too up us very want was we we'll
    well were what when where which who why will with would yeah yep yes yet you you're your
    """.split()  # noqa: SIM905 (a list of a hundred quoted words reads worse)
)


def terms(text: str) -> list[str]:
    """The terms of a text in their order, common English words left out."""
    found = []
    for run in _RUN.findall(text):
        if _HAN.match(run):
            found += [run[i : i + 2] for i in range(len(run) - 1)] or [run]
        else:
            word = run.lower().replace("’", "'")
            if word not in _COMMON:
                found.append(word)
    return found
