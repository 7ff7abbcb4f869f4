"""Cutting one block in two so that the first piece fits; `splitting` decides when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import accumulate

from adapters.rendering.breaking import break_line
from adapters.rendering.characters import graphemes
from adapters.rendering.searching import largest
from adapters.rendering.tables import as_list
from adapters.rendering.tree import (
    Block,
    Blocks,
    Break,
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
    Styled,
    Table,
    Text,
    words,
)

Cut = tuple[Block | None, Blocks]
Fits = Callable[[Block], bool]


def cut(block: Block, fits: Fits, *, forced: bool) -> Cut:
    """A first piece that fits, and the rest. No piece (None) where the block has no good place to be cut.

    Forced, any place between two characters is good, and there is no piece only when not one character fits.
    """
    match block:
        case Paragraph(children):
            head, tail = break_line(children, lambda some: fits(Paragraph(some)), forced=forced)
            return Paragraph(head) if head else None, (Paragraph(tail),) if tail else ()
        case Heading(level, children):
            head, tail = break_line(children, lambda some: fits(Heading(level, some)), forced=forced)
            return Heading(level, head) if head else None, (Heading(level, tail),) if tail else ()
        case Fence():
            return _cut_fence(block, fits, forced)
        case Quote(children):
            some, others = _cut_blocks(children, lambda some: fits(Quote(some)), forced)
            return Quote(some) if some else None, (Quote(others),) if others else ()
        case List():
            return _cut_list(block, fits, forced)
        case Table(header, rows, align):
            count = largest(len(rows), lambda count: count == 0 or fits(Table(header, rows[:count], align)))
            return replace(block, rows=rows[:count]) if count else None, (replace(block, rows=rows[count:]),)
        case Rule():
            return None, (block,)


def _cut_fence(block: Fence, fits: Fits, forced: bool) -> Cut:
    lines = block.text.split("\n")
    count = largest(len(lines), lambda count: count == 0 or fits(replace(block, text="\n".join(lines[:count]))))
    if count:
        # An empty line not far before the end of the part is the better place.
        count = next((index for index in range(count, count * 2 // 3, -1) if not lines[index - 1].strip()), count)
        head, tail = "\n".join(lines[:count]), "\n".join(lines[count:])
        return replace(block, text=head), (replace(block, text=tail),)
    if not forced:
        return None, (block,)
    size = _fitting_start(block, lines[0], fits)
    if size == 0:
        return None, (block,)
    return replace(block, text=block.text[:size]), (replace(block, text=block.text[size:]),)


def _fitting_start(block: Fence, line: str, fits: Fits) -> int:
    """Code points of the longest start of a line that fits, in whole characters if even one fits."""
    ends = list(accumulate(map(len, graphemes(line))))
    count = largest(len(ends), lambda count: count == 0 or fits(replace(block, text=line[: ends[count - 1]])))
    if count:
        return ends[count - 1]
    return largest(len(line), lambda size: size == 0 or fits(replace(block, text=line[:size])))


def _cut_list(block: List, fits: Fits, forced: bool) -> Cut:
    """Between items; through the first only when it is too long for any part. Its rest then stands outside the list."""
    items = block.items
    count = largest(len(items), lambda count: count == 0 or fits(replace(block, items=items[:count])))
    if count:
        return replace(block, items=items[:count]), (_from_item(block, count),)
    if not forced or not items:
        return None, (block,)
    head, tail = _cut_blocks(items[0], lambda some: fits(replace(block, items=(some,))), forced)
    others = (_from_item(block, 1),) if len(items) > 1 else ()
    return replace(block, items=(head,)) if head else None, (*tail, *others)


def _from_item(block: List, index: int) -> List:
    start = None if block.start is None else block.start + index
    return replace(block, items=block.items[index:], start=start)


def _cut_blocks(blocks: Blocks, fits: Callable[[Blocks], bool], forced: bool) -> tuple[Blocks, Blocks]:
    count = largest(len(blocks), lambda count: count == 0 or fits(blocks[:count]))
    whole, others = blocks[:count], blocks[count:]
    if not others:
        return whole, ()
    head, tail = cut(others[0], lambda piece: fits((*whole, piece)), forced=forced and not whole)
    return ((*whole, head), (*tail, *others[1:])) if head is not None else (whole, others)


def plainer(block: Block) -> Blocks:
    """The same words with fewer signs around them, for a block of which not one character fits.

    Raises:
        ValueError: there is nothing left to leave out.
    """
    match block:
        case Quote(children):
            return children
        case List(items) if items:
            return (*items[0], _from_item(block, 1)) if len(items) > 1 else items[0]
        case Table(header, rows):
            return (as_list(block) if rows else Paragraph(_row(header)),)
        case Heading(_, children):
            return (Paragraph(children),)
        case Fence(info, text) if info:
            return (Fence("", text),)
        case Paragraph(children) if any(not isinstance(child, Text | Break) for child in children):
            return (Paragraph(tuple(part for child in children for part in _plainer(child))),)
    raise ValueError("a part has no room for a single character")


def _row(cells: tuple[Inlines, ...]) -> Inlines:
    return tuple(part for cell in cells for part in (*cell, Text(" ")))


def _plainer(inline: Inline) -> Inlines:
    match inline:
        case Text() | Break():
            return (inline,)
        case Link(href, children) if not inline.is_bare:
            return (Text(f"{words(children)} ({href})"),)
        case Image(src, alt):
            return (Text(f"{alt} ({src})"),)
        case Styled(_, children):
            return tuple(part for child in children for part in _plainer(child))
    return (Text(words((inline,))),)
