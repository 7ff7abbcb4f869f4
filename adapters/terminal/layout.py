"""Markdown as lines for a terminal, coloured, by rich.

rich draws tokens; they are prepared here so that nothing is hidden or reordered: every line end is one, an address
stands behind its words (few terminals show hidden links), code has neither frame nor padding, so that it can be copied.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

from markdown_it.token import Token
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown, MarkdownElement
from rich.segment import Segment, Segments
from rich.syntax import Syntax
from rich.text import Text
from rich.theme import Theme

from adapters.rendering.parsing import tokens

MARK = "› "

_THEME = Theme({"markdown.u": "underline", "markdown.fence": "dim"})


def question(text: str) -> str:
    """What a person wrote, as it stood at the prompt; the terminal itself breaks long lines, as it did there."""
    return f"\x1b[1m{MARK}\x1b[22m" + text.replace("\n", "\n" + " " * len(MARK))


class Layout:
    """Draws Markdown and small lines for a terminal of these colours."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = dict(environ)

    def markdown(self, text: str, columns: int) -> str:
        """The text as lines with ANSI colours, each at most `columns` wide, without the end of the last."""
        return self._drawn(_Page(text), columns)

    def small(self, text: str, columns: int) -> str:
        """A line of ours beside the conversation."""
        return self._drawn(Text(text, style="dim"), columns)

    def _drawn(self, renderable: Markdown | Text, columns: int) -> str:
        file = io.StringIO()
        console = Console(
            file=file,
            force_terminal=True,
            width=columns,
            theme=_THEME,
            highlight=False,
            legacy_windows=False,
            _environ=self._environ,
        )
        for number, line in enumerate(console.render_lines(renderable, pad=False)):
            console.print(Segments([*_lead(number), *_stripped(line)]), end="", crop=False, soft_wrap=True)
        return file.getvalue()


def _lead(number: int) -> list[Segment]:
    return [Segment.line()] if number else []


def _stripped(line: Iterable[Segment]) -> list[Segment]:
    """The line without the spaces that rich fills it up with; copied text should have none."""
    kept = list(line)
    while kept:
        text = kept[-1].text.rstrip()
        if text:
            return [*kept[:-1], kept[-1]._replace(text=text)]
        kept.pop()
    return kept


class _Code(CodeBlock):
    """Code between its fences, as it was written."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        fence = console.get_style("markdown.fence")
        language = "" if self.lexer_name == "text" else self.lexer_name
        yield Text(f"```{language}", style=fence)
        code = str(self.text).removesuffix("\n")
        yield Syntax(code, self.lexer_name, theme="ansi_dark", background_color="default", word_wrap=True)
        yield Text("```", style=fence)


class _Title(Heading):
    """A title at the left, where the text is."""

    LEVEL_ALIGN: ClassVar[dict[str, JustifyMethod]] = dict.fromkeys(Heading.LEVEL_ALIGN, "left")


class _Page(Markdown):
    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "fence": _Code,
        "code_block": _Code,
        "heading_open": _Title,
    }
    inlines = Markdown.inlines | {"u"}

    def __init__(self, text: str) -> None:
        super().__init__("")
        self.parsed = list(map(_prepared, tokens(text)))


def _prepared(token: Token) -> Token:
    if token.children:
        token.children = list(_inline(token.children))
    return token


def _inline(children: Iterable[Token]) -> Iterator[Token]:
    address, words = "", ""
    for token in children:
        match token.type:
            case "softbreak":
                yield Token("hardbreak", "br", 0)
            case "link_open":
                address, words = str(token.attrs.get("href", "")), ""
                yield Token("u_open", "u", 1)
            case "link_close":
                yield Token("u_close", "u", -1)
                if words and token.markup not in ("linkify", "autolink"):
                    yield _text(f" ({address})")
            case "image":
                yield _text(f"{token.content} ({token.attrs.get('src', '')})".lstrip())
            case _:
                words += token.content
                yield token


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)
