"""Text files that people attach: fetched once, decoded, kept with the turn."""

from __future__ import annotations

from dataclasses import replace

from charset_normalizer import from_bytes

from bot.chat.addressing import clean
from bot.domain.conversation import Turn
from bot.domain.messages import Attachment
from bot.errors import Refused
from bot.ports import ChatPlatform

# Bytes of one file; more than any model of ours reads at once.
FILE_LIMIT = 1 << 20

_TEXT_ENDINGS = (".txt", ".md", ".csv", ".json", ".log", ".py", ".js", ".ts", ".html", ".xml", ".yaml", ".yml", ".toml")


async def read_attachments(turn: Turn, platform: ChatPlatform) -> Turn:
    """The turn with the text of its files.

    Raises:
        Refused: a file is too large, or is not text.
        DeliveryError: the platform does not give it.
    """
    read = [file if file.text is not None else await _read(file, platform) for file in turn.attachments]
    return replace(turn, attachments=tuple(read))


async def _read(file: Attachment, platform: ChatPlatform) -> Attachment:
    if file.size > FILE_LIMIT:
        raise Refused("attachment.too_large", name=file.name, limit=FILE_LIMIT // 1024)
    if not (file.media_type.startswith("text/") or file.name.lower().endswith(_TEXT_ENDINGS)):
        raise Refused("attachment.not_text", name=file.name)
    return replace(file, text=_decode(file.name, await platform.fetch(file)))


def _decode(name: str, data: bytes) -> str:
    try:
        return clean(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        guess = from_bytes(data).best()
    if guess is None:
        raise Refused("attachment.not_text", name=name)
    return clean(str(guess))
