"""Tables where a platform has none: columns aligned for a fixed-width font, or a list.

A list is for what columns cannot hold: too much in a row, and links, which are none in a fixed-width font.
"""

from __future__ import annotations

from collections.abc import Sequence

from adapters.rendering.characters import width
from adapters.rendering.tree import (
    Align,
    Blocks,
    Break,
    Image,
    Inline,
    Inlines,
    Link,
    List,
    Paragraph,
    Style,
    Styled,
    Table,
    Text,
    without,
    words,
)


def aligned(table: Table) -> str:
    """The table in columns, measured as a fixed-width font shows them (a Chinese character takes two)."""
    rows = [[_cell(cell) for cell in row] for row in (table.header, *table.rows)]
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    lines = [_line(row, widths, table.align) for row in rows]
    return "\n".join([lines[0], "─┼─".join("─" * wide for wide in widths), *lines[1:]])


def table_width(table: Table) -> int:
    """Columns that `aligned` takes."""
    return max(map(width, aligned(table).split("\n")))


def has_links(table: Table) -> bool:
    """Whether a cell leads somewhere that its words do not tell."""
    return any(_leads_away(cell) for row in (table.header, *table.rows) for cell in row)


def _leads_away(cell: Inlines) -> bool:
    for inline in cell:
        match inline:
            case Image() | Link(is_bare=False):
                return True
            case Styled(children=children) if _leads_away(children):
                return True
    return False


def as_list(table: Table) -> List:
    """A bullet for each row, a line for each cell, each behind its column's name."""
    return List(tuple(_row(table.header, row) for row in table.rows))


def _cell(cell: Inlines) -> str:
    return " ".join(words(cell).split())


def _line(cells: Sequence[str], widths: Sequence[int], align: Sequence[Align]) -> str:
    return " │ ".join(map(_aligned, cells, widths, align)).rstrip()


def _aligned(text: str, wide: int, align: Align) -> str:
    space = wide - width(text)
    left = {Align.LEFT: 0, Align.CENTER: space // 2, Align.RIGHT: space}[align]
    return " " * left + text + " " * (space - left)


def _row(header: Sequence[Inlines], row: Sequence[Inlines]) -> Blocks:
    line: list[Inline] = []
    for name, cell in zip(header, row, strict=True):
        line += [Break()] if line else []
        line += [Styled(Style.STRONG, (*without(name, Style.STRONG), Text(":"))), Text(" "), *cell] if name else cell
    return (Paragraph(tuple(line)),)
