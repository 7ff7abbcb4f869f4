"""Pictures as files in the thread, with their words for those who cannot see them and what made them.

Slack's answer to an upload does not say which message carries the file; it is looked for, so that a reaction on that
message finds the answer.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import structlog

from adapters.rendering import slack as mrkdwn
from adapters.slack.errors import SlackRefused, as_ours
from adapters.slack.places import ref_of
from adapters.slack.posting import Label, Poster, Spot
from adapters.slack.words import parameters
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

    async def send(self, picture: Picture, spot: Spot, label: Label) -> MessageRef:
        """Upload one picture, once.

        Raises:
            DeliveryError: it is not there.
        """
        try:
            data = await asyncio.to_thread((self._folder / picture.path).read_bytes)
        except OSError as error:
            raise DeliveryError(f"a picture's file cannot be read: {error.strerror}", retryable=False) from error
        return await self._poster.once(
            lambda: self._upload(picture, data, spot), lambda: self.find(picture, spot, label)
        )

    async def find(self, picture: Picture, spot: Spot, label: Label) -> MessageRef | None:
        """The message that carries a picture, if it was sent.

        Raises:
            DeliveryError: the place cannot be searched.
        """
        async for message in self._poster.recent(spot, label.since):
            if any(file.get("name") == _file_name(picture) for file in message.get("files") or ()):
                return ref_of(spot.channel, message["ts"])
        return None

    async def _upload(self, picture: Picture, data: bytes, spot: Spot) -> MessageRef:
        with as_ours("files.completeUploadExternal"):
            told = await self._poster.client.files_upload_v2(
                channel=spot.channel,
                thread_ts=spot.thread or None,
                content=data,
                filename=_file_name(picture),
                title=picture.alt[:_TITLE_LIMIT],
                alt_txt=picture.alt[:_ALT_LIMIT],
                initial_comment=mrkdwn.render(parameters(picture.parameters.items())),
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
    return f"picture-{picture.id}.png"
