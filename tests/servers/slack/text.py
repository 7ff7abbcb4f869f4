"""How Slack treats text: what it makes of what people type, and whom a text would notify.

People's words arrive escaped, with links and mentions in angle brackets (docs.slack.dev, "Formatting message text").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import unescape
from typing import Any

from markdown_it import MarkdownIt

MENTION = re.compile(r"<(?:@[UW][A-Z0-9]+|#[CG][A-Z0-9]+|!(?:channel|here|everyone|subteam\^S[A-Z0-9]+))(?:\|[^>]*)?>")
LINK = re.compile(
    r"(?P<url>https?://[^\s<>]*[^\s<>.,;:!?)])"
    r"|(?<![\w.+-])(?P<mail>[\w.+-]{1,64}@[\w-]+\.[\w.-]*\w)"
    r"|(?<![\w.-])(?P<domain>(?:[a-zA-Z0-9-]{1,63}\.){1,8}(?:com|org|net|io|dev)\b(?:/[^\s<>]*[^\s<>.,;:!?)])?)"
)
PING = re.compile(r"<(?:!(channel|here|everyone)|!(subteam\^S[A-Z0-9]+)|@([UW][A-Z0-9]+))(?:\|[^>]*)?>")

# Code and escaped signs stay apart from text, so that only what Slack would read as a mention is looked at.
_markdown = MarkdownIt("commonmark", {"html": False}).disable("text_join")


def escape(text: str) -> str:
    """The three signs that Slack escapes."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def as_delivered(typed: str) -> str:
    """What an app gets of what a person typed: escaped, links marked, mentions kept."""
    parts = []
    last = 0
    for mention in MENTION.finditer(typed):
        parts += [_linked(typed[last : mention.start()]), mention[0]]
        last = mention.end()
    return "".join([*parts, _linked(typed[last:])])


def _linked(text: str) -> str:
    parts = []
    last = 0
    for found in LINK.finditer(text):
        parts.append(escape(text[last : found.start()]))
        shown = escape(found[0])
        if found["url"]:
            parts.append(f"<{shown}>")
        elif found["mail"]:
            parts.append(f"<mailto:{shown}|{shown}>")
        else:
            parts.append(f"<http://{shown}|{shown}>")
        last = found.end()
    return "".join([*parts, escape(text[last:])])


def as_read(mrkdwn: str) -> str:
    """What people read of mrkdwn; marks such as *bold* stay."""
    return unescape(mrkdwn)


def rich_text(delivered: str, block_id: str) -> dict[str, Any]:
    """The block that Slack's own clients send beside the text."""
    elements: list[dict[str, Any]] = []
    last = 0
    for found in re.finditer(r"<([^>]+)>", delivered):
        elements += _plain(delivered[last : found.start()])
        target, _, label = found[1].partition("|")
        if target.startswith("@"):
            elements.append({"type": "user", "user_id": target[1:]})
        elif target.startswith("#"):
            elements.append({"type": "channel", "channel_id": target[1:]})
        elif target.startswith("!"):
            elements.append({"type": "broadcast", "range": target[1:]})
        else:
            elements.append({"type": "link", "url": unescape(target), **({"text": unescape(label)} if label else {})})
        last = found.end()
    elements += _plain(delivered[last:])
    section = {"type": "rich_text_section", "elements": elements}
    return {"type": "rich_text", "block_id": block_id, "elements": [section]}


def _plain(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": unescape(text)}] if text else []


def pinged_by_mrkdwn(text: str) -> set[str]:
    """Whom mrkdwn notifies: "channel", "here", "everyone", "subteam^S…" or a user's id. Code notifies as well."""
    return {next(filter(None, found.groups())) for found in PING.finditer(text)}


def pinged_by_markdown(text: str) -> set[str]:
    """Whom standard Markdown notifies; code and escaped signs do not."""
    pinged: set[str] = set()
    for token in _markdown.parse(text):
        # An escaped sign is a token of its own and parts what stands around it.
        words = [child.content if child.type == "text" else "\0" for child in token.children or ()]
        pinged |= pinged_by_mrkdwn("".join(words))
    return pinged


def pinged_by_blocks(blocks: Iterable[Mapping[str, Any]]) -> set[str]:
    """Whom blocks notify, whatever holds their mrkdwn."""
    pinged: set[str] = set()
    for block in blocks:
        if block.get("type") == "markdown":
            pinged |= pinged_by_markdown(block["text"])
        else:
            pinged |= _pinged_within(block)
    return pinged


def _pinged_within(value: Any) -> set[str]:
    if isinstance(value, Mapping):
        if value.get("type") == "mrkdwn":
            return pinged_by_mrkdwn(value["text"])
        if value.get("type") == "user":
            return {value["user_id"]}
        if value.get("type") == "broadcast":
            return {value["range"]}
        return set().union(*map(_pinged_within, value.values()))
    if isinstance(value, list):
        return set().union(*map(_pinged_within, value))
    return set()


def read_of_blocks(blocks: Iterable[Mapping[str, Any]]) -> str:
    """The words of blocks that carry a message's content; notes (context) and buttons are left out."""
    return "\n".join(filter(None, map(_read_of_block, blocks)))


def notes_of_blocks(blocks: Iterable[Mapping[str, Any]]) -> str:
    """The small print: the texts of context blocks."""
    return "\n".join(
        _read_of_text(element)
        for block in blocks
        if block.get("type") == "context"
        for element in block.get("elements", ())
        if "text" in element
    )


def _read_of_block(block: Mapping[str, Any]) -> str:
    match block.get("type"):
        case "markdown":
            return str(block["text"])
        case "section":
            texts = [block["text"]] if "text" in block else []
            return "\n".join(_read_of_text(text) for text in [*texts, *block.get("fields", ())])
        case "header":
            return _read_of_text(block["text"])
        case "image":
            return str(block.get("alt_text", ""))
        case "rich_text":
            return _words_within(block["elements"])
    return ""


def _read_of_text(text: Mapping[str, Any]) -> str:
    return as_read(text["text"]) if text.get("type") == "mrkdwn" else str(text["text"])


def _words_within(value: Any) -> str:
    if isinstance(value, list):
        return "".join(map(_words_within, value))
    if isinstance(value, Mapping):
        return str(value.get("text") or value.get("url") or "") or _words_within(value.get("elements", []))
    return ""
