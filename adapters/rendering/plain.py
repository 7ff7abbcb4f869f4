"""Markdown as plain text: for pipes, alternative texts, notifications and previews. An address follows its words."""

from __future__ import annotations

from adapters.rendering.parsing import parse
from adapters.rendering.splitting import split_as
from adapters.rendering.tables import aligned, as_list, has_links
from adapters.rendering.tree import Blocks, Link, Table
from adapters.rendering.writing import Writer


def render(markdown: str) -> str:
    """The text without signs."""
    return write(parse(markdown))


def messages(markdown: str, limit: int) -> list[str]:
    """The text in parts of at most `limit` characters."""
    return split_as(write, markdown, limit)


def write(blocks: Blocks) -> str:
    """The blocks as plain text."""
    return _PLAIN.write(blocks)


class _Plain(Writer):
    def link(self, link: Link) -> str:
        inner = self.inline(link.children)
        address = link.href.removeprefix("mailto:")
        return inner if inner in (link.href, address) else f"{inner} ({address})".lstrip()

    def image(self, src: str, alt: str) -> str:
        return f"{alt} ({src})" if alt else src

    def table(self, table: Table) -> str:
        if table.rows and has_links(table):
            return self.list(as_list(table), 0)
        return aligned(table)


_PLAIN = _Plain()
