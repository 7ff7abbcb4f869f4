"""Markdown as HTML for the page: parsed with raw HTML off, code highlighted, and the outcome sanitised.

A text becomes a list of blocks (paragraph, list, fence ...), so that an answer that grows is rendered and sent from its
last unsettled block on, not anew from its beginning. What a block looks like is the style sheet's.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

# Longer code is shown without colours: a lexer may take seconds for it.
HIGHLIGHT_LIMIT = 20_000

# Link detection is quadratic in the length of an unbroken run of ASCII; no address is as long as this.
_LONG_RUN = re.compile(r"[!-~]{2000}")

_THREAD = threading.local()

_TAGS = {
    *("p", "br", "strong", "em", "s", "a", "code", "pre", "span", "figure", "figcaption", "blockquote", "hr"),
    *("ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td", "div"),
}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "span": {"class"},
    "figure": {"class"},
    "ol": {"start"},
    "div": {"class"},
    "th": {"class"},
    "td": {"class"},
}


@dataclass(frozen=True, slots=True)
class Patch:
    """The blocks of an answer from number `start` on; earlier ones stay as they were."""

    start: int
    blocks: tuple[str, ...]


class GrowingHtml:
    """An answer that grows: each `update` renders only what may still change."""

    def __init__(self) -> None:
        self.blocks: tuple[str, ...] = ()
        self._settled_text = ""
        self._settled = 0

    def update(self, text: str) -> Patch:
        """The blocks that differ from those of the last update."""
        if not text.startswith(self._settled_text):
            self._settled_text, self._settled = "", 0
        start = self._settled
        tail = text[len(self._settled_text) :]
        groups = _parse(tail, by_person=False)
        fresh = tuple(group.html for group in groups)
        self.blocks = self.blocks[:start] + fresh
        if len(groups) > 1:
            self._settled += len(groups) - 1
            self._settled_text += _lines_before(tail, groups[-1].line)
        return Patch(start, fresh)


@lru_cache(maxsize=1024)
def answer_blocks(text: str) -> tuple[str, ...]:
    """An answer's Markdown as safe HTML blocks."""
    return tuple(group.html for group in _parse(text, by_person=False))


@lru_cache(maxsize=1024)
def message_blocks(text: str) -> tuple[str, ...]:
    """A person's message as safe HTML blocks; line ends stay as they were typed."""
    return tuple(group.html for group in _parse(text, by_person=True))


@dataclass(frozen=True, slots=True)
class _Group:
    line: int
    html: str


def _parse(text: str, *, by_person: bool) -> list[_Group]:
    parser = _parser(by_person, _LONG_RUN.search(text) is None)
    env: EnvType = {}
    groups: list[_Group] = []
    pending: list[Token] = []
    for token in parser.parse(text, env):
        if style := token.attrs.pop("style", ""):
            # A table cell's side. The page's policy allows no style in the markup.
            token.attrs["class"] = str(style).replace("text-align:", "align-")
        pending.append(token)
        if token.level == 0 and token.nesting <= 0:
            line = pending[0].map[0] if pending[0].map else 0
            groups.append(_Group(line, _safe(parser.renderer.render(pending, parser.options, env))))
            pending = []
    return groups


def _lines_before(text: str, line: int) -> str:
    position = 0
    for _ in range(line):
        position = text.index("\n", position) + 1
    return text[:position]


def _safe(html: str) -> str:
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def _parser(by_person: bool, linkify: bool) -> MarkdownIt:
    """A parser of this thread's own: the link detection inside keeps state while it works."""
    parsers: dict[tuple[bool, bool], MarkdownIt] = _THREAD.__dict__.setdefault("parsers", {})
    if (by_person, linkify) not in parsers:
        parsers[by_person, linkify] = _new_parser(by_person, linkify)
    return parsers[by_person, linkify]


def _new_parser(by_person: bool, linkify: bool) -> MarkdownIt:
    # A line end is one, as in every chat: a verse is not run together.
    parser = MarkdownIt("gfm-like", {"html": False, "linkify": linkify, "breaks": True})
    if by_person:
        # People indent without meaning code.
        parser.disable("code")
    parser.add_render_rule("fence", _fence)
    parser.add_render_rule("code_block", _fence)
    parser.add_render_rule("image", _image)
    return parser


def _fence(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """A code block with its language named; the page adds a button that copies it."""
    language = (tokens[index].info.split() or [""])[0][:32]
    caption = f"<figcaption>{escape(language)}</figcaption>"
    return (
        f'<figure class="code">{caption}<pre><code>{_coloured(tokens[index].content, language)}</code></pre></figure>'
    )


def _image(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """A picture elsewhere becomes a link: loading it would tell a stranger what is being read."""
    token = tokens[index]
    alt = renderer.renderInlineAsText(token.children, options, env)
    source = str(token.attrs.get("src", ""))
    return f'<a href="{escape(source)}">{escape(alt or source)}</a>'


def _coloured(code: str, language: str) -> str:
    if not language or len(code) > HIGHLIGHT_LIMIT:
        return escape(code)
    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return escape(code)
    return highlight(code, lexer, HtmlFormatter(nowrap=True))
