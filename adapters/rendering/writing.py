"""Laying a tree out as text: what all dialects share. Each dialect says how its own signs look.

A dialect overrides the small methods; `write` and the walk over blocks stay. Where two pieces of a line stand side by
side, `joint` may put something between them, because most chat dialects read signs differently beside a letter.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from adapters.rendering.tree import (
    Block,
    Blocks,
    Break,
    Code,
    Fence,
    Heading,
    Image,
    Inline,
    Inlines,
    Link,
    List,
    Paragraph,
    Quote,
    Rule,
    Style,
    Styled,
    Table,
    Text,
)

Piece = tuple[Inline, str]


class Writer(ABC):
    """Plain words; the dialects are its children."""

    def write(self, blocks: Blocks) -> str:
        """The blocks as text, without line ends around it."""
        return "\n\n".join(filter(None, map(self.block, blocks)))

    def block(self, block: Block) -> str:
        """One block as lines."""
        match block:
            case Paragraph(children):
                return self.paragraph(children)
            case Heading(level, children):
                return self.heading(level, children)
            case Fence(info, text):
                return self.fence(info, text)
            case Quote(children):
                return self.quote(children)
            case List():
                return self.list(block, 0)
            case Table():
                return self.table(block)
            case Rule():
                return self.rule()

    def inline(self, inlines: Inlines) -> str:
        """Words and their signs, on one line or several."""
        pieces = [(inline, self.piece(inline)) for inline in inlines]
        return self.join([piece for piece in pieces if piece[1]])

    def join(self, pieces: Sequence[Piece]) -> str:
        """The pieces of a line, with what has to stand between them."""
        written = ""
        before: Piece | None = None
        for piece in pieces:
            written += (self.joint(before, piece) if before else "") + piece[1]
            before = piece
        return written

    def piece(self, inline: Inline) -> str:
        """One inline."""
        match inline:
            case Text(text):
                return self.text(text)
            case Code(text):
                return self.code(text)
            case Break():
                return "\n"
            case Styled(style, children):
                return self.styled(style, self.inline(children))
            case Link():
                return self.link(inline)
            case Image(src, alt):
                return self.image(src, alt)

    def list(self, block: List, depth: int) -> str:
        """Items below each other, deeper ones indented."""
        gap = "\n" if block.tight else "\n\n"
        items = []
        for index, blocks in enumerate(block.items):
            marker = self.marker(block, index, depth)
            texts = [self.list(inner, depth + 1) if isinstance(inner, List) else self.block(inner) for inner in blocks]
            items.append(indented(marker + gap.join(filter(None, texts)), self.indent(marker)).rstrip())
        return gap.join(items)

    def indent(self, marker: str) -> str:
        """What stands before the further lines of an item."""
        return " " * len(marker)

    def marker(self, block: List, index: int, depth: int) -> str:
        """The mark before an item, with its space."""
        return "- " if block.start is None else f"{block.start + index}. "

    def joint(self, left: Piece, right: Piece) -> str:
        """What has to stand between two pieces of a line so that the dialect reads both."""
        return ""

    def paragraph(self, children: Inlines) -> str:
        """Words in lines."""
        return self.inline(children)

    def heading(self, level: int, children: Inlines) -> str:
        """A title."""
        return self.inline(children)

    def quote(self, children: Blocks) -> str:
        """What someone else said."""
        return prefixed(self.write(children), "> ")

    def text(self, text: str) -> str:
        """Words."""
        return text

    def code(self, text: str) -> str:
        """A span of code."""
        return text

    def styled(self, style: Style, inner: str) -> str:
        """Words in a style."""
        return inner

    def fence(self, info: str, text: str) -> str:
        """Preformatted lines."""
        return text

    def rule(self) -> str:
        """A line across."""
        return "———"

    @abstractmethod
    def link(self, link: Link) -> str:
        """Words that lead somewhere."""

    @abstractmethod
    def image(self, src: str, alt: str) -> str:
        """A picture somewhere else."""

    @abstractmethod
    def table(self, table: Table) -> str:
        """Rows and columns."""


def prefixed(text: str, prefix: str) -> str:
    """Every line with the prefix."""
    return "\n".join((prefix + line).rstrip() for line in text.split("\n"))


def indented(text: str, indent: str) -> str:
    """Every line but the first set in; empty ones stay empty."""
    first, *others = text.split("\n")
    return "\n".join([first, *(indent + line if line else line for line in others)])
