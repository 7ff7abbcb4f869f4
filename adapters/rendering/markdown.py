"""A tree as Markdown again, so that `parsing` reads the same tree from it.

Whether signs of emphasis are read depends on their neighbours in ways that no writer foresees (CommonMark has seventeen
rules for it). So a line is read back once written; if its words come out otherwise, it is written without styles.
"""

from __future__ import annotations

import re
from functools import lru_cache

from adapters.rendering.parsing import parse_inline
from adapters.rendering.tree import (
    Align,
    Blocks,
    Inlines,
    Link,
    List,
    Paragraph,
    Style,
    Table,
    without,
    words,
)
from adapters.rendering.writing import Writer, indented, prefixed

_SIGNS = re.compile(r"[\\`*\[\]<~|]|&(?=[#\w])|(?<!\w)_|_(?!\w)")
_LINE_START = re.compile(r"^(\d{1,9}(?=[.)](?:\s|$)))?(#{1,6}(?=\s|$)|[-+](?=\s|$|-)|=|>|[.)])", re.MULTILINE)
_CLOSING_HASHES = re.compile(r"(#+)$")
_MARKS = {Style.EMPHASIS: "*", Style.STRONG: "**", Style.STRIKE: "~~"}
_COLUMNS = {Align.LEFT: "---", Align.CENTER: ":-:", Align.RIGHT: "--:"}


def write(blocks: Blocks) -> str:
    """The blocks as Markdown."""
    return _MARKDOWN.write(blocks)


class _Markdown(Writer):
    def write(self, blocks: Blocks) -> str:
        written: list[str] = []
        alternate = False
        for index, block in enumerate(blocks):
            if not isinstance(block, List):
                written.append(self.block(block))
                continue
            # Two lists side by side would be one; the other mark parts them.
            before = blocks[index - 1] if index else None
            touches = isinstance(before, List) and (before.start is None) == (block.start is None)
            alternate = touches and not alternate
            written.append(self.list(block, int(alternate)))
        return "\n\n".join(filter(None, written))

    def list(self, block: List, depth: int) -> str:
        """Here `depth` 1 stands for the other mark; nested lists need no depth."""
        items = []
        for index, blocks in enumerate(block.items):
            marker = self.marker(block, index, depth)
            inner = self.write(blocks)
            if block.tight and _nests_simply(blocks):
                inner = inner.replace("\n\n", "\n", 1)
            items.append(indented(marker + inner, " " * len(marker)).rstrip())
        return ("\n" if block.tight else "\n\n").join(items)

    def marker(self, block: List, index: int, depth: int) -> str:
        if block.start is None:
            return "* " if depth else "- "
        return f"{min(block.start + index, 999_999_999)}{')' if depth else '.'} "

    def paragraph(self, children: Inlines) -> str:
        lines = (line.strip(" \t") for line in _line(children).split("\n"))
        return _LINE_START.sub(r"\1\\\2", "\n".join(lines))

    def heading(self, level: int, children: Inlines) -> str:
        inner = _CLOSING_HASHES.sub(r"\\\1", _line(children).replace("\n", " ").strip(" \t"))
        return f"{'#' * level} {inner}".rstrip()

    def quote(self, children: Blocks) -> str:
        return prefixed(self.write(children), "> ")

    def fence(self, info: str, text: str) -> str:
        sign = "~" if "`" in info else "`"
        longest = max((len(run) for run in re.findall(f"{sign}+", text)), default=0)
        fence = sign * max(3, longest + 1)
        return f"{fence}{info}\n{text}\n{fence}" if text else f"{fence}{info}\n{fence}"

    def rule(self) -> str:
        return "___"

    def table(self, table: Table) -> str:
        rows = [table.header, *table.rows]
        lines = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
        return "\n".join([lines[0], "| " + " | ".join(_COLUMNS[align] for align in table.align) + " |", *lines[1:]])

    def text(self, text: str) -> str:
        return _SIGNS.sub(r"\\\g<0>", text)

    def code(self, text: str) -> str:
        ticks = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
        padding = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) else ""
        return f"{ticks}{padding}{text}{padding}{ticks}"

    def styled(self, style: Style, inner: str) -> str:
        return f"{_MARKS[style]}{inner}{_MARKS[style]}"

    def link(self, link: Link) -> str:
        return f"<{link.href}>" if link.is_bare else f"[{self.inline(link.children)}](<{_address(link.href)}>)"

    def image(self, src: str, alt: str) -> str:
        return f"![{self.text(alt)}](<{_address(src)}>)"


def _nests_simply(blocks: Blocks) -> bool:
    """Whether an item is a paragraph and a list that may follow it without an empty line."""
    match blocks:
        case (Paragraph(), List(items, None | 1)):
            return bool(items[0])
    return False


def _address(href: str) -> str:
    return href.replace("\\", "%5C").replace("<", "%3C").replace(">", "%3E").replace("\n", "%0A")


def _cell(children: Inlines) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", _line(children)).replace("\n", " ")


@lru_cache(maxsize=4096)
def _line(children: Inlines) -> str:
    """The line with its styles, or without them where they would not be read as meant."""
    bare = children
    for style in Style:
        bare = without(bare, style)
    for candidate in (children, bare):
        written = _MARKDOWN.inline(candidate)
        if _seen(parse_inline(written)) == _seen(children):
            return written
    return _MARKDOWN.text(words(children))


def _seen(inlines: Inlines) -> str:
    return "".join(words(inlines).split())


_MARKDOWN = _Markdown()
