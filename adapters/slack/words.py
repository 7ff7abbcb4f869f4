"""Words on their way in and out: Slack's marks become text, and text is kept from notifying anyone.

Rendering and splitting are `adapters.rendering`'s.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from html import unescape
from typing import Any

from adapters.rendering import slack as mrkdwn
from adapters.rendering.splitting import split

PART_BYTES = 9_000
"""UTF-8 bytes of Markdown in one message: a stream breaks at about 10 kB, a Markdown block at 12,000 characters."""

# Characters of the text that stands for blocks in notifications and searches; chat.update refuses more than 4,000.
_FALLBACK = 3_000
_UPDATE_LIMIT = 4_000

_MARKED = re.compile(r"<([^<>]+)>")
_USER = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")
# Zero-width spaces part what Slack reads as a mention, in Markdown and mrkdwn alike; nobody sees them.
_PING = re.compile(r"<(?=[!@#])|@(?=channel|here|everyone)")
_MAYBE_PING = re.compile(r"(<|@[a-z]{0,8})\Z")
_ZERO_WIDTH = "\u200b"


def people_in(text: str) -> set[str]:
    """The ids of the users that a text mentions."""
    return set(_USER.findall(text))


def read(text: str, names: Mapping[str, str], me: str = "") -> str:
    """What a person wrote, as they see it: mentions as names, links as addresses, no escapes.

    Mentions of the bot (`me`) around the text are left out, so that a command may follow one.
    """
    if me:
        mention = rf"<@{me}(?:\|[^<>]*)?>"
        text = re.sub(rf"\A(?:\s*{mention}[\s:,，：]*)+|(?:\s*{mention}\s*)+\Z", "", text)
    return unescape(_MARKED.sub(lambda found: _unmarked(found[1], names), text)).strip()


def written_in(message: Mapping[str, Any]) -> str:
    """A message's words as Slack keeps them: its Markdown, since the text beside that holds the beginning alone."""
    return _markdown_in(message) or message.get("text") or ""


def said_in(message: Mapping[str, Any], names: Mapping[str, str], me: str = "") -> str:
    """What a message says, as people see it. Markdown knows no escapes, and of Slack's marks only mentions."""
    markdown = _markdown_in(message)
    if not markdown:
        return read(message.get("text") or "", names, me)
    return _USER.sub(lambda found: f"@{names.get(found[1], found[1])}", markdown.replace(_ZERO_WIDTH, "")).strip()


def _markdown_in(message: Mapping[str, Any]) -> str:
    blocks = message.get("blocks") or ()
    return "\n".join(block.get("text", "") for block in blocks if block.get("type") == "markdown")


def _unmarked(inner: str, names: Mapping[str, str]) -> str:
    target, _, label = inner.partition("|")
    if target.startswith("@"):
        return f"@{names.get(target[1:]) or label or target[1:]}"
    if target.startswith("#"):
        return f"#{label or target[1:]}"
    if target.startswith("!"):
        return label or f"@{target[1:].partition('^')[0]}"
    address = target.removeprefix("mailto:")
    # Slack makes a link of a bare domain by itself.
    bare = not label or label in (address, address.removeprefix("http://").removeprefix("https://"))
    return (label or address) if bare else f"{label} ({address})"


def silent(markdown: str) -> str:
    """Markdown that notifies nobody."""
    return _PING.sub(lambda found: found[0] + _ZERO_WIDTH, markdown)


def settled(markdown: str) -> str:
    """A growing text as far as `silent` makes the same of it whatever follows."""
    return silent(_MAYBE_PING.sub("", markdown)).rstrip()


def fallback(markdown: str) -> str:
    """The mrkdwn that stands for a Markdown block where blocks are not shown; of a long one the beginning."""
    beginning = markdown if len(markdown) <= _FALLBACK else f"{markdown[:_FALLBACK]} …"
    return mrkdwn.render(beginning)[:_UPDATE_LIMIT]


async def parts_of(markdown: str) -> list[str]:
    """A text as the messages that carry it, one after the other."""
    if not markdown.strip():
        return []
    if _bytes(markdown) <= PART_BYTES:
        return [markdown]
    return await asyncio.to_thread(split, markdown, PART_BYTES, _bytes)


def _bytes(markdown: str) -> int:
    return len(silent(markdown).encode())
