"""Whether a message is meant for the bot, and what of it is kept."""

from __future__ import annotations

import re

from bot.domain.commands import COMMANDS
from bot.domain.messages import IncomingMessage
from bot.domain.places import PlaceKind

# The longest message that is taken up at all; a longer text belongs in an attachment.
MESSAGE_LIMIT = 100_000

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
_COMMAND = re.compile(r"[/!]([A-Za-z][A-Za-z_-]*)(?=\s|$)")


def is_addressed_to_bot(message: IncomingMessage, *, takes_part: bool, answers_bot: bool) -> bool:
    """Whether the bot is spoken to.

    Args:
        takes_part: the bot has already been spoken to in this place.
        answers_bot: the message replies to one of the bot's.
    """
    if message.by.is_bot:
        return False
    if message.place.platform.is_local or message.place.kind is PlaceKind.DIRECT:
        return True
    if message.mentions_bot or answers_bot:
        return True
    return message.place.kind is PlaceKind.THREAD and takes_part


def clean(text: str) -> str:
    """A text without control characters and half surrogates, line ends as \\n, blank edges off."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _CONTROL.sub("", whole.replace("\r\n", "\n").replace("\r", "\n")).strip()


def looks_like_command(text: str) -> bool:
    """Whether a message is a command in words: `/name …`, or `!name …` for the names that exist."""
    match = _COMMAND.match(text)
    if match is None:
        return False
    return text[0] == "/" or match[1].lower() in {command.name for command in COMMANDS}
