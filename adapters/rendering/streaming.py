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
_DELIMITER = re.compile(r"\\.|(`+)|(\*\*|__|~~|\*|_)", re.DOTALL)


def complete(markdown: str) -> str:
    """The text so far with what is open at its end closed."""
    start = last_block(markdown)
    block = markdown[start:]
    if not block.strip() or tokens(block)[-1].type in ("fence", "code_block"):
        return markdown
    block = _LONE_MARKS.sub(r"\1", block)
    block = _HALF_LINK.sub(lambda half: "" if half[1] else half[2], block)
    return markdown[:start] + _closed(block)


def last_block(markdown: str) -> int:
    """Where the last top-level block begins; all before it will not change any more, whatever follows.

    Lines end with a line feed alone; see `characters.printable`.
    """
    starts = [token.map[0] for token in tokens(markdown) if token.level == 0 and token.map]
    return sum(len(line) + 1 for line in markdown.split("\n")[: starts[-1]]) if starts else 0


def _closed(block: str) -> str:
    """The block with its open spans closed, innermost first."""
    open_marks: list[str] = []
    position = 0
    while found := _DELIMITER.search(block, position):
        position = found.end()
        ticks, mark = found.groups()
        closing = re.compile(rf"(?<!`){ticks}(?!`)").search(block, position) if ticks else None
        if closing is not None:
            position = closing.end()
        elif mark in open_marks and not block[found.start() - 1].isspace():
            del open_marks[open_marks.index(mark) :]
        elif (ticks or mark) and not block[position:].strip("*_~` \n"):
            # Nothing stands behind it yet.
            block = block[: found.start()]
        elif ticks:
            open_marks.append(ticks)
            break
        elif mark and _opens(mark, block[: found.start()][-1:], block[position]):
            open_marks.append(mark)
    return block.rstrip() + "".join(reversed(open_marks)) if open_marks else block


def _opens(mark: str, before: str, after: str) -> bool:
    return not after.isspace() and not (mark[0] == "_" and before.isalnum())
