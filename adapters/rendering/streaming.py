"""Mending the end of an answer that is still being written, so that half a sign does not show as a sign.

Only the last block is touched: an unclosed style or span of code is closed, half a link shows its words, and marks that
may yet become anything (a lone `-`, `**` before its word) wait. An unclosed fence needs no help, Markdown runs it to
the end. The finished text is never mended: what a model wrote is then shown as it is.
"""

from __future__ import annotations

import re

from adapters.rendering.parsing import tokens

_HALF_LINK = re.compile(r"(!?)\[([^\[\]\n]*)\]\([^()\s]*$")
_LONE_MARKS = re.compile(r"(^|\n)[ \t]*([-=*+#>`~_]+|\d+[.)])[ \t]*$")
_OPENING_MARKS = re.compile(r"(^|\s)(\*{1,3}|_{1,3}|~{1,2}|`{1,2})$")
_DELIMITER = re.compile(r"\\.|(`+)|(\*\*|__|~~|\*|_)", re.DOTALL)


def complete(markdown: str) -> str:
    """The text so far with what is open at its end closed."""
    start = last_block(markdown)
    block = markdown[start:]
    if not block.strip() or tokens(block)[-1].type in ("fence", "code_block"):
        return markdown
    block = _LONE_MARKS.sub(r"\1", block)
    block = _HALF_LINK.sub(lambda half: "" if half[1] else half[2], block)
    block = _OPENING_MARKS.sub(r"\1", block)
    return markdown[:start] + _closed(block)


def last_block(markdown: str) -> int:
    """Where the last top-level block begins; all before it will not change any more, whatever follows."""
    starts = [token.map[0] for token in tokens(markdown) if token.level == 0 and token.map]
    lines = markdown.splitlines(keepends=True)
    return sum(map(len, lines[: starts[-1]])) if starts else 0


def _closed(block: str) -> str:
    """The block with its open spans closed, innermost first."""
    open_marks: list[str] = []
    position = 0
    while found := _DELIMITER.search(block, position):
        position = found.end()
        if ticks := found[1]:
            end = re.compile(rf"(?<!`){ticks}(?!`)").search(block, position)
            if end is None:
                return block + ticks if block[position:].strip("` \n") else block[: found.start()].rstrip()
            position = end.end()
        elif mark := found[2]:
            before, after = block[found.start() - 1 : found.start()], block[position : position + 1]
            if mark in open_marks and before.strip():
                del open_marks[open_marks.index(mark) :]
            elif after.strip() and not (mark[0] == "_" and before.isalnum()):
                open_marks.append(mark)
    if not open_marks:
        return block
    text = block.rstrip()
    # Half of a closing mark is there already.
    if open_marks[-1] in ("**", "~~", "__") and text.endswith(open_marks[-1][0]) and not text.endswith(open_marks[-1]):
        text = text[:-1]
    return text + "".join(reversed(open_marks))
