"""Pictures as files in the thread, with their words for those who cannot see them.

Slack's answer to an upload does not say which message carries the file; it is looked for, so that a reaction on that
message finds the answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

import structlog

from adapters.slack.errors import SlackRefused, as_ours
from adapters.slack.places import ref_of
from adapters.slack.posting import Label, Poster, Spot
from bot.domain.messages import MessageRef, Picture
from bot.errors import DeliveryError

log = structlog.get_logger(__name__)

_ALT_LIMIT = 1000
_TITLE_LIMIT = 100
_LOOKS_S = (0.1, 0.2, 0.4, 0.8, 1.6, 3.0)


class Pictures:
    """Uploads from the data folder."""

    def __init__(self, poster: Poster, data_folder: Path) -> None:
        self._poster = poster
        self._folder = data_folder

    async def send(self, pictures: Sequence[Picture], spot: Spot, label: Label) -> MessageRef:
        """Upload an answer's pictures as one message, once.

        Raises:
            DeliveryError: it is not there.
        """
        files = await asyncio.to_thread(self._files, pictures)
        return await self._poster.once(lambda _: self._upload(files, spot), lambda: self.find(pictures, spot, label))

    async def find(self, pictures: Sequence[Picture], spot: Spot, label: Label) -> MessageRef | None:
        """The message that carries the pictures, if it was sent.

        Raises:
            DeliveryError: the place cannot be searched.
        """
        wanted = _file_name(pictures[0])
        async for message in self._poster.recent(spot, label.since):
            if any(file.get("name") == wanted for file in message.get("files") or ()):
                return ref_of(spot.channel, message["ts"])
        return None

    def _files(self, pictures: Sequence[Picture]) -> list[dict[str, Any]]:
        try:
            return [
                {
                    "content": (self._folder / picture.path).read_bytes(),
                    "filename": _file_name(picture),
                    "title": picture.alt[:_TITLE_LIMIT],
                    "alt_txt": picture.alt[:_ALT_LIMIT],
                }
                for picture in pictures
            ]
        except OSError as error:
            raise DeliveryError(f"a picture's file cannot be read: {error.strerror}", retryable=False) from error

    async def _upload(self, files: list[dict[str, Any]], spot: Spot) -> MessageRef:
        with as_ours("files.completeUploadExternal"):
            told = await self._poster.client.files_upload_v2(
                channel=spot.channel, thread_ts=spot.thread or None, file_uploads=files
            )
        file = str(told["files"][0]["id"])
        ts = await self._carrier(file, spot.channel)
        # Without its message a reaction on the picture is not credited; everything else is there.
        return ref_of(spot.channel, ts or file)

    async def _carrier(self, file: str, channel: str) -> str:
        """The time stamp of the message that carries a file; empty when Slack does not tell in time."""
        for pause in _LOOKS_S:
            await asyncio.sleep(pause)
            try:
                with as_ours("files.info"):
                    told = (await self._poster.client.files_info(file=file))["file"]
            except SlackRefused as error:
                log.warning("file not found", file=file, error=str(error))
                return ""
            except DeliveryError:
                continue
            ts = _shared_at(told.get("shares") or {}, channel)
            if ts:
                return ts
        log.warning("file has no message", file=file)
        return ""


def _shared_at(shares: dict[str, Any], channel: str) -> str:
    for kind in ("public", "private"):
        for share in (shares.get(kind) or {}).get(channel, ()):
            return str(share["ts"])
    return ""


def _file_name(picture: Picture) -> str:
    """Slack shows a file by the kind that its name tells."""
    return f"picture-{picture.id}{PurePath(picture.path).suffix}"
