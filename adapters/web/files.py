"""Files that people attach, and pictures that the bot painted: kept in the data folder, reached by id only.

What may be read out of a text file is the core's decision; here a file is text, or one of four kinds of picture.
"""

from __future__ import annotations

import asyncio
import errno
import mimetypes
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from bot.domain.messages import Attachment, Picture
from bot.errors import DeliveryError, DiskFull, Refused, StorageError

UPLOAD_LIMIT = 1 << 20

_ID = re.compile(r"[0-9a-f]{32}\.(png|jpg|gif|webp|txt)")
_MEDIA_TYPES = {"png": "image/png", "jpg": "image/jpeg", "gif": "image/gif", "webp": "image/webp", "txt": "text/plain"}
_MAGIC = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg", b"GIF87a": "gif", b"GIF89a": "gif"}
_WIDE_TEXT = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Upload:
    """A stored file: its id (which ends with its kind) and its size in bytes."""

    id: str
    size: int

    @property
    def media_type(self) -> str:
        """The type that the file is served with, told from its bytes and not from its name."""
        return media_type(self.id)


def media_type(upload_id: str) -> str:
    """The type of an upload by its id."""
    return _MEDIA_TYPES[upload_id.rpartition(".")[2]]


class Files:
    """The uploads of a data folder, and the painted pictures that were shown."""

    def __init__(self, data_folder: Path) -> None:
        self._data = data_folder
        self._uploads = data_folder / "uploads"
        self._pictures: dict[str, str] = {}

    async def keep(self, data: bytes) -> Upload:
        """Store an upload.

        Raises:
            Refused: it is neither text nor a picture.
            StorageError: it cannot be written.
        """
        kind = _kind_of(data)
        if kind is None:
            raise Refused("error.upload_kind")
        upload = Upload(f"{uuid4().hex}.{kind}", len(data))
        await asyncio.to_thread(self._write, upload.id, data)
        return upload

    async def attachment(self, upload_id: str, name: str) -> Attachment | None:
        """An upload as it comes with a message; None when there is none of this id."""
        path = self.path_of(upload_id)
        if path is None:
            return None
        kind = media_type(upload_id)
        guessed = mimetypes.guess_type(name)[0] or ""
        size = await asyncio.to_thread(lambda: path.stat().st_size)
        return Attachment(
            name, guessed if kind.startswith("text/") and guessed.startswith("text/") else kind, size, upload_id
        )

    async def read(self, attachment: Attachment) -> bytes:
        """The bytes of an attachment.

        Raises:
            DeliveryError: the file is gone.
        """
        path = self.path_of(attachment.locator)
        if path is None:
            raise DeliveryError("the uploaded file is gone", retryable=False)
        try:
            return await asyncio.to_thread(path.read_bytes)
        except OSError as error:
            raise DeliveryError("the uploaded file cannot be read", retryable=False) from error

    async def discard(self, attachments: Iterable[Attachment]) -> None:
        """Delete uploads; those that are gone already are fine."""
        paths = [self._uploads / item.locator for item in attachments if _ID.fullmatch(item.locator)]
        for path in paths:
            await asyncio.to_thread(path.unlink, missing_ok=True)

    def path_of(self, upload_id: str) -> Path | None:
        """Where an upload lies; None for what is not the id of one."""
        path = self._uploads / upload_id
        return path if _ID.fullmatch(upload_id) and path.is_file() else None

    def show(self, pictures: Iterable[Picture]) -> None:
        """Let these pictures be asked for by their ids."""
        self._pictures.update((picture.id, picture.path) for picture in pictures)

    def picture_path(self, picture_id: str) -> Path | None:
        """Where a picture that was shown lies; never outside the data folder."""
        if picture_id not in self._pictures:
            return None
        root = self._data.resolve()
        path = (root / self._pictures[picture_id]).resolve()
        return path if path.is_relative_to(root) and path.is_file() else None

    def _write(self, upload_id: str, data: bytes) -> None:
        unfinished = self._uploads / f".{upload_id}.tmp"
        try:
            self._uploads.mkdir(parents=True, exist_ok=True)
            unfinished.write_bytes(data)
            unfinished.replace(self._uploads / upload_id)
        except OSError as error:
            with suppress(OSError):
                # What made writing fail may keep the rest from being removed; the first error is the one to tell.
                unfinished.unlink(missing_ok=True)
            raise _storage_error(error, self._uploads) from error


def _storage_error(error: OSError, folder: Path) -> StorageError:
    kind = DiskFull if error.errno in (errno.ENOSPC, errno.EDQUOT) else StorageError
    return kind(f"{folder} cannot be written: {error.strerror}")


def _kind_of(data: bytes) -> str | None:
    for magic, kind in _MAGIC.items():
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    # Text in any encoding; the core finds out which. Only UTF-16 has zero bytes, and says so.
    return "txt" if data.startswith(_WIDE_TEXT) or b"\0" not in data else None
