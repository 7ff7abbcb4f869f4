"""`FakePlatform`: a chat platform of the tests', an equal citizen behind `bot.ports.ChatPlatform`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field

from bot.chat.dispatch import Core
from bot.domain.conversation import DeliveryState
from bot.domain.messages import Answer, Attachment, HistoryMessage, MessageRef
from bot.domain.places import Person, Place, Platform, owning_place
from bot.errors import DeliveryError
from bot.ports import FoundPlace, ReplyTarget
from tests.patience import PATIENCE_S


@dataclass
class FakeReply:
    """One answer as the platform's people saw it come about."""

    platform: FakePlatform
    target: ReplyTarget
    positions: list[int] = field(default_factory=list)
    states: list[tuple[str, str]] = field(default_factory=list)
    previews: list[bytes] = field(default_factory=list)
    answer: Answer | None = None

    async def waiting(self, position: int) -> None:
        self.positions.append(position)
        self.platform.changed.set()

    async def show(self, text: str, note: str = "", preview: bytes | None = None) -> None:
        self.states.append((text, note))
        self.previews.extend([preview] if preview else [])
        self.platform.changed.set()

    async def finish(self, answer: Answer) -> None:
        if self.platform.failures:
            raise self.platform.failures.pop(0)
        sent = [part for part in self.target.log.parts if part.state is DeliveryState.SENT]
        if not sent:
            await self.target.log.sending(0)
            await self.target.log.sent(0, MessageRef(self.platform.name, self.target.place.channel, self.ref))
            self.platform.sent.append(answer.text)
        self.answer = answer
        self.platform.finished.append(self)
        self.platform.changed.set()

    @property
    def ref(self) -> str:
        return f"m-{self.target.turn.id}"


@dataclass
class FakePlatform:
    """Records what it is asked to show. `sent` are the messages that it created; `failures` are raised by `finish`."""

    name: Platform = Platform.DISCORD
    pace: float = 0.0
    admins: set[str] = field(default_factory=set)
    files: dict[str, bytes] = field(default_factory=dict)
    past: list[HistoryMessage] = field(default_factory=list)
    past_of: dict[str, list[HistoryMessage]] = field(default_factory=dict)
    channels: dict[str, FoundPlace] = field(default_factory=dict)
    has_direct: bool = True
    barred: set[str] = field(default_factory=set)
    failures: list[DeliveryError] = field(default_factory=list)
    replies: list[FakeReply] = field(default_factory=list)
    finished: list[FakeReply] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    discarded: list[Attachment] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self, core: Core) -> None: ...

    async def stop_listening(self) -> None: ...

    async def close(self) -> None: ...

    async def open_reply(self, target: ReplyTarget) -> FakeReply:
        self.replies.append(FakeReply(self, target))
        self.changed.set()
        return self.replies[-1]

    async def fetch(self, attachment: Attachment) -> bytes:
        return self.files[attachment.locator]

    async def discard(self, attachments: Sequence[Attachment]) -> None:
        self.discarded.extend(attachments)

    async def history(self, place: Place, *, limit: int) -> AsyncGenerator[HistoryMessage, None]:
        past = self.past_of.get(place.key, self.past)
        for message in past[:limit]:
            yield message

    async def find_place(self, name: str, near: Place, reader: Person) -> FoundPlace | None:
        found = self.channels.get(name)
        return found if found and reader.key not in self.barred else None

    async def direct_place(self, person: Person, near: Place) -> Place | None:
        return owning_place(self.name, "", f"dm-{person.id}", direct=True) if self.has_direct else None

    async def is_admin(self, person: Person, place: Place) -> bool:
        return person.key in self.admins

    async def until(self, met: Callable[[], bool]) -> None:
        """Wait until something shown meets a condition."""
        async with asyncio.timeout(PATIENCE_S):
            while not met():
                self.changed.clear()
                await self.changed.wait()

    async def answers(self, count: int = 1) -> list[Answer]:
        """The first `count` answers, when they have arrived, in the order of arrival."""
        await self.until(lambda: len(self.finished) >= count)
        return [reply.answer for reply in self.finished[:count] if reply.answer is not None]
