"""Markdown as a tree of frozen values: what remains of a text once its signs are read.

The tree knows nothing of how it was written or will be. Line ends inside a paragraph are `Break`, hard or soft: in a
chat, and in a poem, people mean the lines they write.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Style(Enum):
    """What can be done to words."""

    EMPHASIS = "emphasis"
    STRONG = "strong"
    STRIKE = "strike"


@dataclass(frozen=True, slots=True)
class Text:
    """Words as people see them, no signs in them."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """A span of code."""

    text: str


@dataclass(frozen=True, slots=True)
class Break:
    """The line ends here."""


@dataclass(frozen=True, slots=True)
class Styled:
    """Words in a style."""

    style: Style
    children: Inlines


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead somewhere. A bare address is a link whose words are the address."""

    href: str
    children: Inlines

    @property
    def is_bare(self) -> bool:
        """Whether the words are the address itself."""
        return self.children == (Text(self.href),)


@dataclass(frozen=True, slots=True)
class Image:
    """A picture somewhere else, and its words."""

    src: str
    alt: str


Inline = Text | Code | Break | Styled | Link | Image
Inlines = tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Words in lines."""

    children: Inlines


@dataclass(frozen=True, slots=True)
class Heading:
    """A title; `level` 1 to 6."""

    level: int
    children: Inlines


@dataclass(frozen=True, slots=True)
class Fence:
    """Preformatted lines; `info` is the word after the fence, a language mostly. No line end at the end of `text`."""

    info: str
    text: str


@dataclass(frozen=True, slots=True)
class Quote:
    """Blocks that someone else said."""

    children: Blocks


@dataclass(frozen=True, slots=True)
class List:
    """Items, numbered from `start` or (None) with bullets. A tight one has no empty lines between its items."""

    items: tuple[Blocks, ...]
    start: int | None = None
    tight: bool = True


class Align(Enum):
    """How a column stands."""

    LEFT = "left"
    CENTER = "center"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Table:
    """A header and rows, all of the same number of cells."""

    header: tuple[Inlines, ...]
    rows: tuple[tuple[Inlines, ...], ...]
    align: tuple[Align, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across."""


Block = Paragraph | Heading | Fence | Quote | List | Table | Rule
Blocks = tuple[Block, ...]


def words(inlines: Inlines) -> str:
    """The text alone, as people see it: no styles, no addresses; pictures by their words."""
    return "".join(map(_words_of, inlines))


def _words_of(inline: Inline) -> str:
    match inline:
        case Text(text) | Code(text) | Image(alt=text):
            return text
        case Break():
            return "\n"
        case Styled(children=children) | Link(children=children):
            return words(children)


def without(inlines: Inlines, style: Style) -> Inlines:
    """The inlines with everything that wears the style in plain."""
    freed: list[Inline] = []
    for inline in inlines:
        match inline:
            case Styled(worn, children):
                inner = without(children, style)
                freed += inner if worn is style else [Styled(worn, inner)]
            case Link(href, children):
                freed.append(Link(href, without(children, style)))
            case _:
                freed.append(inline)
    return tuple(freed)


def unquoted(blocks: Blocks) -> Blocks:
    """The blocks with what quotes hold in their place; the chat platforms show quotes one level deep."""
    nested = (unquoted(block.children) if isinstance(block, Quote) else (block,) for block in blocks)
    return tuple(block for group in nested for block in group)
