"""Two ways in which an answer's messages reach people: as messages of a channel, and as an interaction's response.

A channel's message is created with a nonce that Discord enforces, so that one sent twice is one. An interaction's token
works for a quarter of an hour; then `Expired` is raised, and the answer goes on in a channel.
"""

from __future__ import annotations

import hashlib
import io
from datetime import datetime, timedelta
from pathlib import Path, PurePath
from typing import Any, Protocol

import discord

from adapters.discord.buttons import view_of
from adapters.discord.desk import Call
from adapters.discord.layout import Part
from adapters.discord.sending import LONG, ONCE, Archived, Expired, Unrepliable, persist
from adapters.discord.translating import ref_of
from bot.domain.conversation import Turn
from bot.domain.messages import MessageRef, Picture
from bot.errors import DeliveryError

NOBODY = discord.AllowedMentions.none()
# A reply may notify the person it replies to, and nobody that it names.
ASKER = discord.AllowedMentions(everyone=False, users=False, roles=False, replied_user=True)

# In place of a message's number: the line under a question that says that its answer came directly.
POINTER = -1

# Messages looked through for one that may have been sent before a crash, and how far Discord's clock may be behind.
_LOOKED_THROUGH = 100
_SKEW = timedelta(seconds=30)


class Carrier(Protocol):
    """Brings one answer's messages to people. Every method raises what `sending.persist` does."""

    @property
    def bucket(self) -> str:
        """What the pace of its states is shared in."""
        ...

    async def create(self, number: int, part: Part, *, again: int = 0, patience: float = LONG) -> MessageRef:
        """Post a message; `again` counts how often this one was gone and is posted anew."""
        ...

    async def edit(self, ref: MessageRef, part: Part, before: Part | None = None, *, patience: float = LONG) -> None:
        """Let a message be as `part` says; `before` is what it said so far, None where nobody knows."""
        ...

    async def remove(self, ref: MessageRef) -> None:
        """Delete a message."""
        ...


class ChannelCarrier:
    """Messages of a channel, thread or direct channel; the first one replies to what it answers."""

    def __init__(
        self,
        client: discord.Client,
        channel: int,
        turn: Turn,
        *,
        locale: str,
        data_folder: Path,
        answers: MessageRef | None = None,
    ) -> None:
        self._client = client
        self._channel = client.get_partial_messageable(channel)
        self._turn = turn
        self._locale = locale
        self._data_folder = data_folder
        self._answers = answers

    @property
    def bucket(self) -> str:
        return str(self._channel.id)

    async def create(self, number: int, part: Part, *, again: int = 0, patience: float = LONG) -> MessageRef:
        async def send() -> discord.Message:
            more: dict[str, Any] = {}
            if self._answers is not None and number <= 0:
                more["reference"] = _reference(self._answers)
            view = view_of(part.pressable, self._locale)
            if view is not None:
                more["view"] = view
            if part.pictures or part.preview:
                more["files"] = _files(part, self._data_folder)
            nonce = _nonce(self._turn.id, number, again)
            allowed = NOBODY if number == POINTER else ASKER
            return await self._channel.send(part.content, nonce=nonce, allowed_mentions=allowed, **more)

        try:
            message = await persist(send, patience)
        except Unrepliable:
            self._answers = None
            message = await persist(send, patience)
        return ref_of(self._channel.id, message.id)

    async def edit(self, ref: MessageRef, part: Part, before: Part | None = None, *, patience: float = LONG) -> None:
        message = self._channel.get_partial_message(int(ref.message))

        async def change() -> None:
            await message.edit(**_state(part, before, self._locale, self._data_folder))

        try:
            await persist(change, patience)
        except Archived:
            await self._unarchive()
            await persist(change, patience)

    async def _unarchive(self) -> None:
        """Take the thread out of the archive, as a new message there would."""
        await persist(lambda: self._client.http.edit_channel(self._channel.id, archived=False))

    async def remove(self, ref: MessageRef) -> None:
        await persist(self._channel.get_partial_message(int(ref.message)).delete)

    async def type(self) -> None:
        """Show that the bot is typing, for ten seconds."""

        async def once() -> None:
            await self._channel.typing()

        await persist(once, ONCE)

    async def find(self, number: int, known: set[str], event_id: str) -> MessageRef | None:
        """A message of this answer that a crash kept from being noted; None when it never arrived.

        A response that still says “thinking …” is removed: its token went with the process.

        Raises:
            DeliveryError: the channel's history cannot be read, so nobody knows.
        """

        async def look() -> MessageRef | None:
            is_readable = False
            async for message in self._channel.history(limit=_LOOKED_THROUGH, after=self._begin):
                is_readable = True
                if message.author != self._client.user or str(message.id) in known:
                    continue
                if self._is_part(number, message):
                    return ref_of(self._channel.id, message.id)
                if number == 0 and _responds_to(message, event_id):
                    if not message.flags.loading:
                        return ref_of(self._channel.id, message.id)
                    await message.delete()
            if not is_readable:
                # Not even the question: Discord gives an empty history to those who may not read it.
                raise DeliveryError("the channel's history cannot be read", retryable=False)
            return None

        return await persist(look)

    @property
    def _begin(self) -> discord.Object | datetime:
        """Before the first message of this answer, and before the one that it answers."""
        if self._answers is not None:
            return discord.Object(int(self._answers.message) - 1)
        return self._turn.created_at - _SKEW

    def _is_part(self, number: int, message: discord.Message) -> bool:
        if message.nonce == _nonce(self._turn.id, number, 0):
            return True
        reference = message.reference
        if number > 0 or reference is None or self._answers is None:
            return False
        return self._answers == ref_of(reference.channel_id, reference.message_id or 0)


class InteractionCarrier:
    """An interaction's own response, and follow-ups: for one person only where it was so acknowledged."""

    def __init__(self, call: Call, *, locale: str, data_folder: Path) -> None:
        self._call = call
        self._interaction = call.interaction
        self._locale = locale
        self._data_folder = data_folder

    @property
    def bucket(self) -> str:
        return f"interaction {self._interaction.id}"

    async def create(self, number: int, part: Part, *, again: int = 0, patience: float = LONG) -> MessageRef:
        """The first message takes the place of “thinking …”, the others follow it."""
        await self._acknowledged()
        if number == 0 and not again:
            return await self._edit_original(part, patience)

        async def follow() -> discord.WebhookMessage:
            more = {name: value for name, value in self._state(part).items() if value is not None}
            more["files"] = more.pop("attachments")
            return await self._interaction.followup.send(wait=True, ephemeral=self._call.private, **more)

        sent = await persist(follow, patience)
        return ref_of(sent.channel.id, sent.id)

    async def edit(self, ref: MessageRef, part: Part, before: Part | None = None, *, patience: float = LONG) -> None:
        await self._acknowledged()
        message = int(ref.message)
        await persist(lambda: self._interaction.followup.edit_message(message, **self._state(part, before)), patience)

    async def remove(self, ref: MessageRef) -> None:
        await self._acknowledged()
        await persist(lambda: self._interaction.followup.delete_message(int(ref.message)))

    async def _edit_original(self, part: Part, patience: float) -> MessageRef:
        edited = await persist(lambda: self._interaction.edit_original_response(**self._state(part)), patience)
        return ref_of(edited.channel.id, edited.id)

    def _state(self, part: Part, before: Part | None = None) -> dict[str, Any]:
        return _state(part, before, self._locale, self._data_folder)

    async def _acknowledged(self) -> None:
        await self._call.acknowledged.wait()
        if self._call.expired or self._interaction.is_expired():
            raise Expired


def _state(part: Part, before: Part | None, locale: str, data_folder: Path) -> dict[str, Any]:
    """A message's content, buttons and files, for an edit; the files only where they are others than before."""
    state = {"content": part.content, "view": view_of(part.pressable, locale), "allowed_mentions": NOBODY}
    if before is not None and (before.pictures, before.preview) == (part.pictures, part.preview):
        return state
    return state | {"attachments": _files(part, data_folder)}


def _files(part: Part, data_folder: Path) -> list[discord.File]:
    """The files for one request, which closes them.

    Raises:
        DeliveryError: a picture is not in the data folder any more.
    """
    if part.preview is not None:
        return [discord.File(io.BytesIO(part.preview), filename="preview.png")]
    try:
        return [
            discord.File(data_folder / picture.path, filename=_file_name(picture), description=picture.alt[:1024])
            for picture in part.pictures
        ]
    except OSError as error:
        raise DeliveryError(f"a picture cannot be read: {error.strerror}", retryable=False) from error


def _file_name(picture: Picture) -> str:
    """Discord shows a file by the kind that its name tells."""
    return f"{picture.id}{PurePath(picture.path).suffix}"


def _reference(answers: MessageRef) -> discord.MessageReference:
    """A reply to a message; where that was deleted, the answer stands without it."""
    return discord.MessageReference(
        message_id=int(answers.message), channel_id=int(answers.channel), fail_if_not_exists=False
    )


def _responds_to(message: discord.Message, event_id: str) -> bool:
    """Whether a message is an interaction's response."""
    metadata = message.interaction_metadata
    return metadata is not None and str(metadata.id) == event_id


def _nonce(turn_id: str, number: int, again: int) -> str:
    """The same for the same message of the same answer, in the 25 characters that Discord takes."""
    return hashlib.blake2s(f"{turn_id} {number} {again}".encode(), digest_size=12).hexdigest()
