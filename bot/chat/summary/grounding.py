"""Names and numbers of a generated summary that its source does not have: their sentences are left out.

A small model writes sentences of the right form about the wrong person or hour; a large one does so rarely. What is
checked is what can be checked without another model: numbers in digits and words, capitalised names, and the short
names of Chinese talk. What is paraphrased, or wrong in another way, passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_SENTENCE = re.compile(r".+?(?:[。！？]+[”’」）)]*|[.!?]+[\"'”’)]*(?=\s|$)|$)\s*", re.DOTALL)
_MARK = re.compile(r"\s*(?:[-*•]|\d+[.)])\s+")

_NUMBER_WORDS = {
    word: str(number)
    for number, word in enumerate("two three four five six seven eight nine ten eleven twelve".split(), start=2)  # noqa: SIM905
}
_HAN_DIGITS = {**{digit: number for number, digit in enumerate("零一二三四五六七八九十")}, "两": 2}
# The day in 周五十二点 is no digit of its hour.
_HAN_NUMBER = re.compile("(?<![周期拜])[一二两三四五六七八九十]{1,3}(?=[点时月号日天个人周块元票次小分])")

_HAN_DIGIT = re.compile("[一二两三四五六七八九十]{1,3}$")

# Capitalised for another reason than being a name.
_NO_NAMES = frozenset("i i'm i'll i've i'd ok tl dr tldr am pm eta fyi pr".split())  # noqa: SIM905
# What a sentence begins with when no person does, though one of the verbs below follows.
_SUBJECTS = frozenset(
    """
    all another anyone attendees both channel chat colleagues conversation discussion each either everybody everyone
    group he it lunch meeting members most neither no-one nobody none one others participants people photos pictures
    she some somebody someone speakers summary talk team that the there they this users we what which who work you
    """.split()  # noqa: SIM905
)
# What stands before a colon in a list and is no name.
_LABELS = frozenset(
    """
    action actions agenda agreement announcement answer budget cause change conclusion cost date deadline decided
    decision decisions details discussion event fix food game gift goal idea ideas impact issue issues item items
    link links location main meeting mood need next note notes offer open options outcome overview participants
    place plan plans point points price problem proposal purchase question questions reason release report request
    result results review schedule solution status step steps suggestion suggestions summary task tasks time to-do
    todo topic topics travel trip update updates vote votes winner
    """.split()  # noqa: SIM905
)
_AFTER_SUBJECT = frozenset(
    """
    added agreed agrees and announced answered asked asks booked bought brought called came can chose decided did
    does explained fixed found gave goes got had has helps is joined left likes made mentioned met moved needs
    offered ordered pays planned posted preferred promised proposed recommended reminded replied reported resigned
    said says sent shared starts suggested suggests takes thanked thinks told took volunteered wanted wants was went
    will won worked writes wrote
    """.split()  # noqa: SIM905
)
_VERB = re.compile(r"[a-z]{2,}(?:ed|[^siu]s)")
_HAN_SUBJECT = re.compile(
    "(?:^|(?<=[，。；、！？]))([\u4e00-\u9fff]{2,3}?)(?=说|提议|建议|负责|表示|认为|推荐|问|想|会|答应|同意|来订|来做)"
)
_HAN_NICKNAME = re.compile("(?<![大最太])[小老阿][\u4e00-\u9fff](?![\u4e00-\u9fff]?时)")
_HAN_NO_NAMES = frozenset(
    """
    大家 他们 她们 我们 有人 最后 后来 双方 团队 然后 所以 因此 随后 对方 其他 老师 老板 小组 小心 小时 小事
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Checked:
    """A text without the sentences that did not hold; how many those were, and what in them was nowhere to be found."""

    text: str
    dropped: int = 0
    unsupported: tuple[str, ...] = ()


class Source:
    """What a summary may draw on."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._text = "\n".join(texts)
        self._words = {_bare(word) for word in _WORD.findall(self._text)}
        self._numbers = {part for number in _NUMBER.findall(self._text) for part in _parts(number)}
        self._numbers |= {_NUMBER_WORDS[word] for word in self._words & _NUMBER_WORDS.keys()}
        self._numbers |= {str(_han_value(number)) for number in _HAN_NUMBER.findall(self._text)}

    def check(self, text: str) -> Checked:
        """The text without its unsupported sentences, line by line."""
        rows, dropped, unsupported = [], 0, list[str]()
        for row in text.split("\n"):
            kept = []
            mark = _MARK.match(row)
            body = row[mark.end() :] if mark else row
            for sentence in _SENTENCE.findall(body):
                missing = self.unsupported(sentence)
                unsupported += missing
                dropped += bool(missing)
                if not missing:
                    kept.append(sentence)
            if kept or not body.strip():
                rows.append((mark[0] if mark else "") + "".join(kept).rstrip())
        return Checked("\n".join(rows).strip(), dropped, tuple(dict.fromkeys(unsupported)))

    def unsupported(self, sentence: str) -> list[str]:
        """The numbers and names of a sentence that the source does not have."""
        return [claim for claim in _claims(sentence) if not self.has(claim)]

    def has(self, claim: str) -> bool:
        """Whether a number or a name stands in the source."""
        if _NUMBER.fullmatch(claim):
            return all(part in self._numbers for part in _parts(claim))
        if _HAN_DIGIT.match(claim):
            return str(_han_value(claim)) in self._numbers
        bare = _bare(claim)
        if bare in self._words or bare.removesuffix("s") in self._words or claim in self._text:
            return True
        return bare in _NUMBER_WORDS and _NUMBER_WORDS[bare] in self._numbers


def sentences(text: str) -> list[str]:
    """The sentences and list rows of a text, each as it stands there, marks of rows included."""
    found = []
    for row in text.split("\n"):
        if _MARK.match(row):
            found.append(row.strip())
        else:
            found += [sentence.strip() for sentence in _SENTENCE.findall(row) if sentence.strip()]
    return found


def names_and_numbers(text: str) -> list[str]:
    """What of a text can be checked against a source."""
    found = []
    for row in text.split("\n"):
        mark = _MARK.match(row)
        for sentence in _SENTENCE.findall(row[mark.end() :] if mark else row):
            found += _claims(sentence)
    return found


def _claims(sentence: str) -> list[str]:
    words = [word for word in _WORD.findall(sentence) if word.lower() in _NUMBER_WORDS]
    numbers = [*_NUMBER.findall(sentence), *words, *_HAN_NUMBER.findall(sentence)]
    return [*numbers, *(name for name in _names(sentence) if name not in words), *_han_names(sentence)]


def _parts(number: str) -> list[str]:
    """The whole numbers of a written number, without leading zeros: 1,200 is one, 06:30 and 1.3 are two."""
    joined = re.sub(r",(?=\d{3}(?!\d))", "", number)
    return [part.lstrip("0") or "0" for part in re.split("[.,:]", joined)]


def _bare(word: str) -> str:
    return re.sub(r"['’]s?$", "", word.casefold())


def _names(sentence: str) -> list[str]:
    """Capitalised words that are names: any but the first, and the first where a person's verb or a colon follows."""
    found = []
    words = list(_WORD.finditer(sentence))
    for index, match in enumerate(words):
        word = match[0].replace("’", "'")
        if not word[0].isupper() or word.lower() in _NO_NAMES:
            continue
        if index or _is_name(word, sentence[match.end() :]):
            found.append(match[0])
    return found


def _is_name(first: str, rest: str) -> bool:
    """Whether a sentence's first word is a person's name, by what follows it."""
    if rest.startswith((":", "：")):
        return first.lower() not in _LABELS
    if first.lower() in _SUBJECTS:
        return False
    verb = _WORD.match(rest.lstrip())
    if first.endswith("'s") or verb is None:
        return first.endswith("'s")
    return verb[0] in _AFTER_SUBJECT or _VERB.fullmatch(verb[0]) is not None


def _han_names(sentence: str) -> list[str]:
    found = [*_HAN_SUBJECT.findall(sentence), *_HAN_NICKNAME.findall(sentence)]
    return [name for name in found if name not in _HAN_NO_NAMES]


def _han_value(number: str) -> int:
    """The value of a Chinese number below a hundred: 三, 十二, 二十五."""
    tens, ten, ones = number.rpartition("十")
    if not ten:
        return _HAN_DIGITS[number[-1]]
    return 10 * (_HAN_DIGITS[tens[-1]] if tens else 1) + (_HAN_DIGITS[ones] if ones else 0)
