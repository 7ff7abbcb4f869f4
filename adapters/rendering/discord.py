"""Markdown in Discord's dialect (https://support.discord.com/hc/en-us/articles/210298617).

Discord knows three levels of headings, one of quotes, no tables, no rules across and no pictures by address; it shows
custom emoji, times, channels and mentions for signs in angle brackets, and pings for some of them. A zero-width space
after the @ keeps generated text from pinging anyone, as `discord.utils.escape_mentions` does; `AllowedMentions.none()`
stands behind it. A message holds 2,000 characters, counted as code points.
"""

from __future__ import annotations

import re

from adapters.rendering.parsing import parse
from adapters.rendering.splitting import split_as
from adapters.rendering.tables import aligned, as_list, has_links, table_width
from adapters.rendering.tree import Blocks, Inlines, Link, Style, Styled, Table, Text, unquoted, without
from adapters.rendering.writing import Piece, Writer, prefixed

LIMIT = 2000
# Wider tables wrap in Discord's column of text, and then nothing lines up: they become lists.
TABLE_COLUMNS = 64

_ZERO_WIDTH = "\u200b"
# A number pings behind "<@" only; at a text's start that sign may stand in the piece before.
_PING = re.compile(r"@(?=everyone|here)|(?:^|(?<=<))@(?=[!&]?\d)")
_SIGNS = re.compile(r"[\\*_~`\[]|<(?=[@#:/\w])|\|(?=\|)")
_LINE_START = re.compile(r"^(\d+(?=\.\s))?(#{1,3}\s|-#\s|[-+]\s|>|\.)", re.MULTILINE)
_MARKS = {Style.EMPHASIS: "*", Style.STRONG: "**", Style.STRIKE: "~~"}
_LIKE_ADDRESS = re.compile(r"https?:|www\.|\w\.(com|org|net|io|dev|app|cn|gg|me)\b", re.IGNORECASE)
_IN_ADDRESS = {" ": "%20", "(": "%28", ")": "%29", "<": "%3C", ">": "%3E"}


def render(markdown: str) -> str:
    """The whole text in Discord's dialect, of any length."""
    return write(parse(markdown))


def messages(markdown: str, limit: int = LIMIT) -> list[str]:
    """The text as the contents of one message after the other."""
    return split_as(write, markdown, limit)


def write(blocks: Blocks) -> str:
    """The blocks in Discord's dialect."""
    return _DISCORD.write(blocks)


class _Discord(Writer):
    def paragraph(self, children: Inlines) -> str:
        return _LINE_START.sub(r"\1\\\2", self.inline(children))

    def heading(self, level: int, children: Inlines) -> str:
        if level > 3:
            children = (Styled(Style.STRONG, without(children, Style.STRONG)),)
        inner = self.inline(children).replace("\n", " ")
        return f"{'#' * level} {inner}" if inner and level <= 3 else inner

    def quote(self, children: Blocks) -> str:
        return prefixed(self.write(unquoted(children)), "> ")

    def text(self, text: str) -> str:
        return _unpinged(_SIGNS.sub(r"\\\g<0>", text))

    def code(self, text: str) -> str:
        safe = _unpinged(text).replace("``", f"`{_ZERO_WIDTH}`")
        return f"`` {safe} ``" if "`" in safe else f"`{safe}`"

    def styled(self, style: Style, inner: str) -> str:
        mark = _MARKS[style]
        if style is Style.EMPHASIS and inner.startswith("*") != inner.endswith("*"):
            # Three stars at one end and one at the other would be paired wrongly.
            mark = "_"
        return f"{mark}{inner}{mark}" if inner.strip() else inner

    def joint(self, left: Piece, right: Piece) -> str:
        """Two runs of the same sign side by side would be read as one."""
        styled = isinstance(left[0], Styled) or isinstance(right[0], Styled)
        return _ZERO_WIDTH if styled and left[1][-1] == right[1][0] and left[1][-1] in "*_~" else ""

    def link(self, link: Link) -> str:
        """Only http addresses can be links; words that look like another address are no mask for it."""
        address = "".join(_IN_ADDRESS.get(character, character) for character in _unpinged(link.href))
        inner = self.inline(link.children).replace("\n", " ")
        if not link.href.startswith(("http://", "https://")):
            return f"{inner} ({self.text(link.href)})".lstrip()
        if link.is_bare or not inner.strip():
            return address
        return f"{inner} ({address})" if _LIKE_ADDRESS.search(inner) else f"[{inner}]({address})"

    def image(self, src: str, alt: str) -> str:
        return self.link(Link(src, (Text(alt),) if alt else ()))

    def fence(self, info: str, text: str) -> str:
        language = re.match(r"[\w+#.-]*", info)
        safe = _unpinged(text).replace("```", _ZERO_WIDTH.join("```"))
        return f"```{language.group() if language else ''}\n{safe or ' '}\n```"

    def table(self, table: Table) -> str:
        if table.rows and (has_links(table) or table_width(table) > TABLE_COLUMNS):
            return self.list(as_list(table), 0)
        return self.fence("", aligned(table))

    def rule(self) -> str:
        return "⎯" * 12


def _unpinged(text: str) -> str:
    return _PING.sub("@" + _ZERO_WIDTH, text)


_DISCORD = _Discord()
