"""Where a line of words is best cut in two.

Places are ranked: at a line's end, after a sentence (English or Chinese), between words (between two Chinese characters
too, but not before their closing punctuation), anywhere between characters that people see. A place inside a link or a
span of code is the last choice, and inside a style the last but one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from adapters.rendering.characters import graphemes, is_cjk
from adapters.rendering.searching import largest
from adapters.rendering.tree import Break, Code, Image, Inline, Inlines, Link, Styled, Text

# A rough least number of characters that are worth a place in a part that has others before.
_WORTHWHILE = 20

_STOPS = frozenset(".!?…")
_CHINESE_STOPS = frozenset("。！？；…")
_CLOSING = frozenset("。，、；：！？…）》」』】〉”’)]}\"'")
_OPENING = frozenset("（《「『【〈“‘([{")


class _Place(IntEnum):
    LINE = 0
    SENTENCE = 1
    WORD = 2
    CHARACTER = 3


class _Inside(IntEnum):
    NOTHING = 0
    STYLE = 1
    ATOM = 2


@dataclass(frozen=True, slots=True)
class _Unit:
    """One character that people see; `style` and `atom` number the outermost style and link or code it stands in."""

    text: str
    style: int = 0
    atom: int = 0


# What is tried, in this order: the worst place, what it may lie inside, and the share of the room that must be filled.
_CHOICES = (
    (_Place.LINE, _Inside.NOTHING, 0.6),
    (_Place.SENTENCE, _Inside.NOTHING, 0.5),
    (_Place.WORD, _Inside.NOTHING, 0.3),
    (_Place.WORD, _Inside.STYLE, 0.3),
    (_Place.WORD, _Inside.NOTHING, 0.0),
    (_Place.WORD, _Inside.STYLE, 0.0),
    (_Place.CHARACTER, _Inside.STYLE, 0.0),
    (_Place.WORD, _Inside.ATOM, 0.3),
    (_Place.CHARACTER, _Inside.ATOM, 0.0),
)


def break_line(inlines: Inlines, fits: Callable[[Inlines], bool], *, forced: bool) -> tuple[Inlines, Inlines]:
    """The line in two, the first of which fits; an empty first where there is no good place (forced: none at all)."""
    units = _units(inlines)
    room = largest(len(units), lambda count: count == 0 or fits(_trimmed(_divide(inlines, count)[0])))
    if room == 0 and forced:
        return _break_character(inlines, fits)
    for worst, inside, filled in _CHOICES if forced else _CHOICES[:2]:
        least = max(1 if forced else _WORTHWHILE, int(room * filled))
        for at in range(min(room, len(units) - 1), least - 1, -1):
            if _place(units, at) <= worst and _inside(units, at) <= inside:
                head, tail = map(_trimmed, _divide(inlines, at))
                # A shorter start can cost more: signs that had no meaning get one where the line now ends.
                if head and fits(head):
                    return head, tail
    return (), inlines


def _units(inlines: Inlines, style: int = 0, atom: int = 0) -> list[_Unit]:
    units: list[_Unit] = []
    for number, inline in enumerate(inlines, 1):
        match inline:
            case Text(text):
                units += [_Unit(character, style, atom) for character in graphemes(text)]
            case Code(text):
                units += [_Unit(character, style, atom or number) for character in graphemes(text)]
            case Break():
                units.append(_Unit("\n", style, atom))
            case Image():
                units.append(_Unit("\ufffc", style, atom or number))
            case Styled(_, children):
                units += _units(children, style or number, atom)
            case Link(_, children):
                units += _units(children, style, atom or number)
    return units


def _place(units: Sequence[_Unit], at: int) -> _Place:
    before, after = units[at - 1].text, units[at].text
    if "\n" in (before, after):
        return _Place.LINE
    if before.isspace() and at > 1:
        return _Place.SENTENCE if _ends_sentence(units, at - 2) else _Place.WORD
    if after.isspace():
        return _Place.SENTENCE if _ends_sentence(units, at - 1) else _Place.WORD
    if after in _CLOSING or before in _OPENING:
        return _Place.CHARACTER
    if _ends_sentence(units, at - 1, _CHINESE_STOPS):
        return _Place.SENTENCE
    return _Place.WORD if is_cjk(before) or is_cjk(after) else _Place.CHARACTER


def _ends_sentence(units: Sequence[_Unit], at: int, stops: frozenset[str] = _STOPS | _CHINESE_STOPS) -> bool:
    while at > 0 and units[at].text in _CLOSING and units[at].text not in stops:
        at -= 1
    return units[at].text in stops


def _inside(units: Sequence[_Unit], at: int) -> _Inside:
    before, after = units[at - 1], units[at]
    if before.atom and before.atom == after.atom:
        return _Inside.ATOM
    return _Inside.STYLE if before.style and before.style == after.style else _Inside.NOTHING


def _divide(inlines: Inlines, at: int) -> tuple[Inlines, Inlines]:
    """The inlines before and after this many characters; what is cut through stands on both sides."""
    head: list[Inline] = []
    for index, inline in enumerate(inlines):
        size = _size(inline)
        if size <= at:
            head.append(inline)
            at -= size
            continue
        if at == 0:
            return tuple(head), inlines[index:]
        first, second = _divide_one(inline, at)
        return (*head, first), (second, *inlines[index + 1 :])
    return tuple(head), ()


def _size(inline: Inline) -> int:
    match inline:
        case Text(text) | Code(text):
            return len(graphemes(text))
        case Styled(children=children) | Link(children=children):
            return sum(map(_size, children))
    return 1


def _divide_one(inline: Inline, at: int) -> tuple[Inline, Inline]:
    match inline:
        case Text(text) | Code(text):
            seen = graphemes(text)
            return replace(inline, text="".join(seen[:at])), replace(inline, text="".join(seen[at:]))
        case Styled(children=children) | Link(children=children):
            first, second = _divide(children, at)
            return replace(inline, children=first), replace(inline, children=second)
    raise ValueError(f"{inline} is one character")


def _break_character(inlines: Inlines, fits: Callable[[Inlines], bool]) -> tuple[Inlines, Inlines]:
    """Through a single character that is too long for a part: a letter under thousands of marks."""
    first = inlines[0]
    if not isinstance(first, Text):
        return (), inlines
    count = largest(len(first.text), lambda count: count == 0 or fits((Text(first.text[:count]),)))
    rest = (Text(first.text[count:]), *inlines[1:])
    return ((Text(first.text[:count]),), rest) if count else ((), inlines)


def _trimmed(inlines: Inlines) -> Inlines:
    """Without line ends and spaces at both ends."""
    return _stripped(_stripped(inlines, first=False), first=True)


def _stripped(inlines: Inlines, *, first: bool) -> Inlines:
    while inlines:
        edge = inlines[0 if first else -1]
        kept: Inline | None = edge
        match edge:
            case Text(text):
                text = text.lstrip() if first else text.rstrip()
                kept = Text(text) if text else None
            case Break():
                kept = None
            case Styled(children=children) | Link(children=children):
                inner = _stripped(children, first=first)
                kept = replace(edge, children=inner) if inner else None
        if kept is not None:
            return (kept, *inlines[1:]) if first else (*inlines[:-1], kept)
        inlines = inlines[1:] if first else inlines[:-1]
    return ()
