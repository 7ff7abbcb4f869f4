"""What people see of a text, signs and spaces left out: the measure of whether a rendering lost anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adapters.rendering.parsing import parse
from adapters.rendering.tree import Block, Blocks, Fence, Heading, Inlines, List, Paragraph, Quote, Rule, Table, words

Leaf = Paragraph | Heading | Fence | Table | Rule


def seen(*parts: str) -> str:
    """The visible characters of Markdown texts. A table that follows one with the same header goes on with it."""
    leaves = [leaf for part in parts for block in parse(part) for leaf in _leaves(block)]
    header = None
    text = ""
    for leaf in leaves:
        if isinstance(leaf, Table):
            rows = leaf.rows if leaf.header == header else (leaf.header, *leaf.rows)
            text += "".join(map(_row, rows))
            header = leaf.header
        else:
            text += _words(leaf)
            header = None
    return "".join(text.split())


def _leaves(block: Block) -> Iterator[Leaf]:
    match block:
        case Quote(children):
            yield from _all_leaves([children])
        case List(items):
            yield from _all_leaves(items)
        case _:
            yield block


def _all_leaves(groups: Iterable[Blocks]) -> Iterator[Leaf]:
    for group in groups:
        for block in group:
            yield from _leaves(block)


def _words(leaf: Paragraph | Heading | Fence | Rule) -> str:
    match leaf:
        case Paragraph(children) | Heading(_, children):
            return words(children)
        case Fence(_, text):
            return text
    return ""


def _row(cells: tuple[Inlines, ...]) -> str:
    return " ".join(map(words, cells))
