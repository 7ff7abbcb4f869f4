"""Markdown into a tree: CommonMark with tables, strikethrough and bare addresses, and without HTML, which is text here.

Two rules of CommonMark are bent for Chinese, where words are not parted by spaces: emphasis may end after Chinese
punctuation or begin before it (`**注意：**请看`, as in https://github.com/tats-u/markdown-cjk-friendly), and a bare
address ends where Chinese begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, MutableMapping
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import isMdAsciiPunct, isPunctChar, isWhiteSpace
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline import StateInline, linkify
from markdown_it.rules_inline.state_inline import Scanned
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from adapters.rendering.characters import CJK, is_cjk, printable
from adapters.rendering.tree import (
    Align,
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
    without,
    words,
)

_STYLES = {"em": Style.EMPHASIS, "strong": Style.STRONG, "s": Style.STRIKE}


# A line that begins with a letter and holds no sign of Markdown's.
_PLAIN = re.compile(r"[^\W\d_](?:[^\W_]|[ ,.;:!?'\"()%$，。；：！？、（）“”‘’…—–-])*(?<! )")


def parse(markdown: str) -> Blocks:
    """The blocks of a Markdown text. Every text is Markdown; nothing is refused."""
    if _PLAIN.fullmatch(markdown):
        # Such answers are many, and reading them takes markdown-it many times as long.
        return (Paragraph((Text(markdown),)),)
    return _blocks(SyntaxTreeNode(tokens(markdown)).children)


def tokens(markdown: str) -> list[Token]:
    """The text as markdown-it's tokens, for those who lay out tokens themselves (rich). `map` holds source lines."""
    found = _parser().parse(printable(markdown))
    for token in found:
        _clean(token)
    return found


def parse_inline(markdown: str) -> Inlines:
    """The text as the content of one paragraph."""
    inline = SyntaxTreeNode(_parser().parseInline(markdown)).children[0]
    return _inlines(inline.children)


def _clean(token: Token) -> None:
    """Entities can name characters that nobody may print (`&#27;`) and line ends that are none."""
    if token.type == "text":
        token.content = printable(token.content).replace("\n", " ")
    for child in token.children or ():
        _clean(child)


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": True})
    parser.enable(["table", "strikethrough", "linkify"])
    parser.core.ruler.disable("linkify")
    parser.inline = _Inline()
    parser.inline.ruler.at("linkify", _linkify)
    parser.inline.ruler.disable("html_inline")
    return parser


class _Inline(ParserInline):
    def parse(self, src: str, md: MarkdownIt, env: MutableMapping[str, Any], tokens: list[Token]) -> list[Token]:
        state = _State(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens


class _State(StateInline):
    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: N802, N803 - markdown-it's names
        """Whether a run of * _ or ~ can open and close, Chinese neighbours counting as letters that break words."""
        end = start
        while end < self.posMax and self.src[end] == self.src[start]:
            end += 1
        before = self.src[start - 1] if start > 0 else " "
        after = self.src[end] if end < self.posMax else " "
        left = not _is_space(after) and (
            not _is_western_punctuation(after) or _is_space(before) or _is_punctuation(before) or is_cjk(before)
        )
        right = not _is_space(before) and (
            not _is_western_punctuation(before) or _is_space(after) or _is_punctuation(after) or is_cjk(after)
        )
        can_open = left and (canSplitWord or not right or _is_punctuation(before))
        can_close = right and (canSplitWord or not left or _is_punctuation(after))
        return Scanned(can_open, can_close, end - start)


def _is_space(character: str) -> bool:
    return bool(isWhiteSpace(ord(character)))


def _is_punctuation(character: str) -> bool:
    return bool(isMdAsciiPunct(ord(character)) or isPunctChar(character))


def _is_western_punctuation(character: str) -> bool:
    return _is_punctuation(character) and not is_cjk(character)


def _linkify(state: StateInline, silent: bool) -> bool:
    """markdown-it's rule for bare addresses, shown the line only up to where Chinese begins."""
    if not state.src.startswith("://", state.pos):
        return False
    whole, chinese = state.src, CJK.search(state.src, state.pos)
    if chinese is not None:
        state.src = whole[: chinese.start()]
    try:
        return linkify(state, silent)
    finally:
        state.src = whole


def _blocks(nodes: Iterable[SyntaxTreeNode]) -> Blocks:
    return tuple(block for node in nodes for block in _block(node))


def _block(node: SyntaxTreeNode) -> Blocks:
    block: Block
    match node.type:
        case "paragraph":
            block = Paragraph(_content(node))
        case "heading":
            block = Heading(int(node.tag[1:]), _content(node))
        case "fence" | "code_block":
            block = Fence(node.info.strip(), node.content.removesuffix("\n"))
        case "blockquote":
            block = Quote(_blocks(node.children))
        case "bullet_list" | "ordered_list":
            block = _list(node)
        case "table":
            block = _table(node)
        case "hr":
            block = Rule()
        case other:
            raise ValueError(f"an unknown block: {other}")
    return (block,)


def _content(node: SyntaxTreeNode) -> Inlines:
    return _inlines(node.children[0].children) if node.children else ()


def _list(node: SyntaxTreeNode) -> List:
    start = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
    items = tuple(_blocks(item.children) for item in node.children)
    tight = all(child.hidden for item in node.children for child in item.children if child.type == "paragraph")
    return List(items, start, tight)


def _table(node: SyntaxTreeNode) -> Table:
    rows = [row for part in node.children for row in part.children]
    cells = [tuple(_content(cell) for cell in row.children) for row in rows]
    align = tuple(_align(str(cell.attrs.get("style", ""))) for cell in rows[0].children)
    return Table(cells[0], tuple(cells[1:]), align)


def _align(style: str) -> Align:
    return next((align for align in Align if style == f"text-align:{align.value}"), Align.LEFT)


def _inlines(nodes: Iterable[SyntaxTreeNode]) -> Inlines:
    return tuple(_inline(node) for node in nodes if node.type != "text" or node.content)


def _inline(node: SyntaxTreeNode) -> Inline:
    match node.type:
        case "text":
            return Text(node.content)
        case "softbreak" | "hardbreak":
            return Break()
        case "code_inline":
            return Code(node.content)
        case "em" | "strong" | "s":
            style = _STYLES[node.type]
            return Styled(style, without(_inlines(node.children), style))
        case "link":
            children = _inlines(node.children)
            address = words(children)
            is_bare = node.markup in ("linkify", "autolink") and "://" in address
            return Link(address if is_bare else str(node.attrs["href"]), children)
        case "image":
            return Image(str(node.attrs["src"]), words(_inlines(node.children)).replace("\n", " "))
        case other:
            raise ValueError(f"an unknown inline: {other}")
