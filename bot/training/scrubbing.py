"""Examples without secrets and personal data: each value gives way to a placeholder such as `<EMAIL_1>`.

One value has one placeholder throughout an example, so that an answer which repeats its prompt still does. What is
private is found by `bot.training.private_data`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from bot.domain.generation import PromptMessage
from bot.domain.training import Example
from bot.training.private_data import Private, Span, find

PLACEHOLDER = re.compile(rf"<(?:{'|'.join(Private)})_\d+>")


def scrub_example(example: Example, names: Iterable[str] = ()) -> Example:
    """The example without private values; `names` are those by which people in it were shown."""
    scrubber = Scrubber(tuple(names))
    return replace(
        example,
        prompt=tuple(PromptMessage(each.role, scrubber.scrub(each.content)) for each in example.prompt),
        answer=scrubber.scrub(example.answer),
        rejected=scrubber.scrub(example.rejected),
    )


def holds_own_private_data(example: Example) -> bool:
    """Whether a scrubbed target holds a placeholder that its prompt does not: a model would learn to say it."""
    known = {mark for message in example.prompt for mark in PLACEHOLDER.findall(message.content)}
    return not known.issuperset(PLACEHOLDER.findall(example.answer))


@dataclass
class Scrubber:
    """Scrubs the texts of one example, and remembers which value got which placeholder."""

    names: Sequence[str] = ()
    _placeholders: dict[tuple[Private, str], str] = field(default_factory=dict)

    def scrub(self, text: str) -> str:
        """The text with a placeholder for each private value."""
        parts, end = [], 0
        for span in self._spans(text):
            parts += [text[end : span.start], self._placeholder(span.kind, text[span.start : span.end])]
            end = span.end
        return "".join([*parts, text[end:]])

    def _spans(self, text: str) -> list[Span]:
        found = list(find(text))
        for name in sorted(self.names, key=len, reverse=True):
            for match in _pattern_of(name).finditer(text):
                if not any(match.start() < other.end and other.start < match.end() for other in found):
                    found.append(Span(*match.span(), Private.PERSON))
        return sorted(found, key=lambda span: span.start)

    def _placeholder(self, kind: Private, value: str) -> str:
        key = kind, re.sub(r"[\s().-]", "", value).casefold()
        number = sum(known is kind for known, _ in self._placeholders) + 1
        return self._placeholders.setdefault(key, f"<{kind}_{number}>")


def _pattern_of(name: str) -> re.Pattern[str]:
    """Where a person's name stands: as the speaker's before each of their messages; in a sentence too, if it looks
    like a name there."""
    word = re.escape(name)
    speaker = rf"(?:^|(?<=\n)){word}(?=: )"
    looks_like_name = len(name) >= 2 and (not name.isascii() or (len(name) >= 3 and name != name.lower()))
    in_words = rf"(?<![A-Za-z0-9]){word}(?![A-Za-z0-9])" if name.isascii() else word
    return re.compile(f"{speaker}|{in_words}" if looks_like_name else speaker)
