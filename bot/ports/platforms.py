"""One platform, as the core shows answers on it and asks it. Implemented in `adapters/`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bot.domain.conversation import Delivery, Turn
from bot.domain.messages import Answer, Attachment, HistoryMessage, MessageRef
from bot.domain.places import Person, Place, Platform

if TYPE_CHECKING:
    from bot.chat.dispatch import Core


class DeliveryLog(Protocol):
    """What was sent of one turn. A platform writes here around every message that it creates."""

    @property
    def parts(self) -> Sequence[Delivery]:
        """The deliveries known so far, also those of an earlier process, in order."""
        ...

    async def sending(self, part: int) -> None:
        """About to create the platform message of this part."""
        ...

    async def sent(self, part: int, ref: MessageRef) -> None:
        """The part arrived as this message."""
        ...


@dataclass(frozen=True, slots=True)
class ReplyTarget:
    """Where an answer goes: the open turn, whose place, who asked, the message answered, and the log of its sends.

    A `private` answer is shown to the asker only, where the platform can. `event_id` is that of the event answered, by
    which an adapter knows the interaction that it came with.
    """

    turn: Turn
    place: Place
    asker: Person
    question: MessageRef | None
    log: DeliveryLog
    private: bool = False
    event_id: str = ""


class Reply(Protocol):
    """One answer being shown. The core calls one method at a time, and `finish` once, last."""

    async def waiting(self, position: int) -> None:
        """The answer waits; `position` in line, 0 when it is being made but has no words yet."""
        ...

    async def show(self, text: str, note: str = "", preview: bytes | None = None) -> None:
        """The whole text so far as Markdown; `note` says what is under way (progress), `preview` is a picture so far.

        The platform may skip states, and previews where it cannot show them.
        """
        ...

    async def finish(self, answer: Answer) -> None:
        """The last state. It must arrive: the platform retries within its means.

        Raises:
            DeliveryError: it did not.
        """
        ...


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """A channel that a person named, and its name as people there know it."""

    name: str
    place: Place


class ChatPlatform(Protocol):
    """One platform's adapter."""

    @property
    def name(self) -> Platform: ...

    @property
    def pace(self) -> float:
        """Seconds between two `Reply.show`, at the least."""
        ...

    async def start(self, core: Core) -> None:
        """Begin to listen and hand events to the core. Returns when listening."""
        ...

    async def stop_listening(self) -> None:
        """Take no more events; answers in flight may still be shown."""
        ...

    async def close(self) -> None:
        """Let go of every connection."""
        ...

    async def open_reply(self, target: ReplyTarget) -> Reply:
        """Begin to show an answer, or take up again one that an earlier process began (see `target.log.parts`)."""
        ...

    async def fetch(self, attachment: Attachment) -> bytes:
        """The bytes of an attachment.

        Raises:
            DeliveryError: it cannot be had.
        """
        ...

    async def discard(self, attachments: Sequence[Attachment]) -> None:
        """Delete this adapter's own copies of files, if it keeps any; unknown ones are nothing to do."""
        ...

    def history(self, place: Place, *, limit: int) -> AsyncGenerator[HistoryMessage, None]:
        """The latest messages of a place that people see there, newest first, at most `limit`.

        Raises:
            DeliveryError: the place cannot be read.
        """
        ...

    async def find_place(self, name: str, near: Place, reader: Person) -> FoundPlace | None:
        """The channel that a person names ("#general", or a mention of the platform's), in the workspace of `near`.

        None where there is none of this name that this person may read, as the platform says at the time.

        Raises:
            DeliveryError: the platform does not say.
        """
        ...

    async def direct_place(self, person: Person, near: Place) -> Place | None:
        """The direct conversation with a person of the workspace of `near`, opened where needed; None: there is none.

        Raises:
            DeliveryError: it cannot be opened.
        """
        ...

    async def is_admin(self, person: Person, place: Place) -> bool:
        """Whether the platform's own roles make this person an admin here, asked at the time of the act."""
        ...
