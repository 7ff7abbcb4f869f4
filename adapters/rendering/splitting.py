"""Long Markdown in parts that fit a platform's messages.

The tree is cut, not the text, so a fence, a list, a quote or a style that is open where a part ends is closed there and
opened again in the next by itself. Cuts fall between blocks where they can, then between a block's lines, rows or
items, then in sentences, words and last characters; links and code are cut only when they alone are longer than a part.
Numbered lists go on counting, tables repeat their header. What a part costs is measured by the caller.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from adapters.rendering import markdown
from adapters.rendering.cutting import cut, plainer
from adapters.rendering.parsing import parse
from adapters.rendering.tree import Block, Blocks, Heading

SMALLEST_LIMIT = 50


def split(text: str, limit: int, measure: Callable[[str], int] = len) -> list[str]:
    """Markdown in parts of Markdown, each at most `limit` in the platform's own measure.

    A text that fits stays as it was written. An empty one has no parts.

    Raises:
        ValueError: the limit is below 50.
    """
    if text.strip() and measure(text) <= limit and limit >= SMALLEST_LIMIT:
        return [text]
    parts = split_blocks(parse(text), limit, lambda blocks: measure(markdown.write(blocks)))
    return [markdown.write(part) for part in parts]


def split_as(write: Callable[[Blocks], str], text: str, limit: int) -> list[str]:
    """Markdown in messages of a dialect, each at most `limit` characters as `write` writes them; none is empty.

    Raises:
        ValueError: the limit is below 50.
    """
    blocks = parse(text)
    whole = write(blocks)
    if len(whole) <= limit and limit >= SMALLEST_LIMIT:
        return [whole] if whole.strip() else []
    parts = split_blocks(blocks, limit, lambda part: len(write(part)))
    return [message for message in map(write, parts) if message.strip()]


def split_blocks(blocks: Blocks, limit: int, measure: Callable[[Blocks], int]) -> list[Blocks]:
    """The blocks in parts that each measure at most `limit`.

    Raises:
        ValueError: the limit is below 50, or the measure leaves no room for a single character.
    """
    if limit < SMALLEST_LIMIT:
        raise ValueError(f"a part must hold at least {SMALLEST_LIMIT}, not {limit}")

    def fits(candidate: Blocks) -> bool:
        return measure(candidate) <= limit

    parts: list[Blocks] = []
    current: Blocks = ()
    rest = deque(blocks)
    while rest:
        block = rest.popleft()
        if fits((*current, block)):
            current = (*current, block)
            continue
        whole, heading = _parted(current)
        if whole and fits((*heading, block)):
            parts.append(whole)
            current = (*heading, block)
            continue
        head, tail = cut(block, _after(current, fits), forced=not current)
        if head is not None:
            parts.append((*current, head))
            current = ()
            rest.extendleft(reversed(tail))
        elif current:
            rest.extendleft((block, *reversed(heading)) if whole else (block,))
            parts.append(whole or current)
            current = ()
        else:
            rest.extendleft(reversed(plainer(block)))
    return [*parts, current] if current else parts


def _after(before: Blocks, fits: Callable[[Blocks], bool]) -> Callable[[Block], bool]:
    return lambda piece: fits((*before, piece))


def _parted(blocks: Blocks) -> tuple[Blocks, Blocks]:
    """A part and the heading at its end, which should not stand there alone."""
    if blocks and isinstance(blocks[-1], Heading):
        return blocks[:-1], blocks[-1:]
    return blocks, ()
