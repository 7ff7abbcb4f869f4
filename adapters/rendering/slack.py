"""Markdown in Slack's mrkdwn (https://docs.slack.dev/messaging/formatting-message-text).

Only & < and > are escaped in mrkdwn, and that also keeps `<!channel>` and `<@U1>` in generated text from notifying
anyone; a zero-width space parts @channel, @here and @everyone for senders with `link_names`. There is no escape for
* _ ~ and `: Slack reads them as signs only at the edge of a word. Two things follow:

- A sign that is meant needs an edge. Beside a letter, a Chinese character or Chinese punctuation it gets a zero-width
  space, which Slack takes for one and people do not see: 请<ZWSP>*注意*<ZWSP>这里.
- A sign that is not meant must have no edge: a word joiner (U+2060) before it is a letter to Slack and nothing to
  people.

A text of a message holds 4,000 characters when it is to be edited later (chat.update).
"""

from __future__ import annotations

import re

from adapters.rendering.parsing import parse
from adapters.rendering.splitting import split_as
from adapters.rendering.tables import aligned, as_list, has_links
from adapters.rendering.tree import (
    Blocks,
    Code,
    Inline,
    Inlines,
    Link,
    List,
    Style,
    Styled,
    Table,
    Text,
    unquoted,
    without,
    words,
)
from adapters.rendering.writing import Piece, Writer, prefixed

LIMIT = 4000

_ZERO_WIDTH = "\u200b"
_WORD_JOINER = "\u2060"
_BROADCAST = re.compile(r"@(?=channel|here|everyone)")
_SIGN = re.compile(r"(?<![\w*_~`])(?=[*_~`]+[^\s*_~`])")
_EDGE = re.compile(r"[\s.,;:!?()\[\]{}'\"/-]")
_QUOTE_START = re.compile(r"^(?=&gt;)", re.MULTILINE)
_MARKS = {Style.EMPHASIS: "_", Style.STRONG: "*", Style.STRIKE: "~"}
_BULLETS = "•◦▪"


def render(markdown: str) -> str:
    """The whole text in mrkdwn, of any length."""
    return write(parse(markdown))


def messages(markdown: str, limit: int = LIMIT) -> list[str]:
    """The text as the texts of one message after the other."""
    return split_as(write, markdown, limit)


def write(blocks: Blocks) -> str:
    """The blocks in mrkdwn."""
    return _SLACK.write(blocks)


class _Slack(Writer):
    def paragraph(self, children: Inlines) -> str:
        # A line that begins with an escaped > is taken for a quote all the same.
        return _QUOTE_START.sub(_WORD_JOINER, self.inline(children))

    def heading(self, level: int, children: Inlines) -> str:
        return self.inline((Styled(Style.STRONG, without(children, Style.STRONG)),)).replace("\n", " ")

    def quote(self, children: Blocks) -> str:
        return prefixed(self.write(unquoted(children)), "> ")

    def text(self, text: str) -> str:
        return _escaped(_SIGN.sub(_WORD_JOINER, text))

    def code(self, text: str) -> str:
        # There is no way to write a backtick in a span of code.
        return self.text(text) if "`" in text else f"`{_escaped(text)}`"

    def styled(self, style: Style, inner: str) -> str:
        mark = _MARKS[style]
        # A styled line end would leave both lines plain.
        return "\n".join(f"{mark}{line.strip()}{mark}" if line.strip() else line for line in inner.split("\n"))

    def joint(self, left: Piece, right: Piece) -> str:
        """Signs beside a letter are not read; an invisible space makes the edge they need."""
        after = _has_signs(left[0]) and not _EDGE.match(right[1][0])
        before = _has_signs(right[0]) and not _EDGE.match(left[1][-1])
        return _ZERO_WIDTH if after or before else ""

    def link(self, link: Link) -> str:
        address = _escaped(link.href).replace("|", "%7C").replace(" ", "%20")
        # Signs are not read in a link's words, so only the words go in.
        inner = " ".join(words(link.children).split())
        if not link.href.startswith(("http://", "https://", "mailto:")):
            return f"{_escaped(inner)} ({address})".lstrip()
        return f"<{address}>" if link.is_bare or not inner else f"<{address}|{_escaped(inner)}>"

    def image(self, src: str, alt: str) -> str:
        return self.link(Link(src, (Text(alt),) if alt else ()))

    def fence(self, info: str, text: str) -> str:
        safe = _escaped(text).replace("```", _ZERO_WIDTH.join("```"))
        return f"```\n{safe or ' '}\n```"

    def table(self, table: Table) -> str:
        if table.rows and has_links(table):
            return self.list(as_list(table), 0)
        return self.fence("", aligned(table))

    def indent(self, marker: str) -> str:
        return "    "

    def marker(self, block: List, index: int, depth: int) -> str:
        return f"{_BULLETS[depth % 3]} " if block.start is None else f"{block.start + index}. "


def _has_signs(inline: Inline) -> bool:
    return isinstance(inline, Styled | Code)


def _escaped(text: str) -> str:
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _BROADCAST.sub("@" + _ZERO_WIDTH, safe)


_SLACK = _Slack()
