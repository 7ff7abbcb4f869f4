"""What a use case is given: the services of the house, and the job in hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.chat.admission import Admission
from bot.chat.persona_library import PersonaLibrary
from bot.chat.picture_policy import PicturePolicy
from bot.chat.serving import ServedReleases
from bot.chat.showing import LiveReply, StoredDeliveries
from bot.chat.training import Training
from bot.domain.conversation import Turn
from bot.domain.generation import PainterTraits
from bot.domain.messages import Ask
from bot.domain.places import Person, Place, Platform
from bot.ports import (
    ChatPlatform,
    Clock,
    Files,
    Heard,
    InboxItem,
    Look,
    NewId,
    Painter,
    Reply,
    TextGenerator,
    TrainingRecords,
    UnitOfWorkFactory,
)
from bot.settings import ChatSettings, LearningSettings


@dataclass(frozen=True, slots=True)
class Services:
    """The ports, plugged in by `bot.app`."""

    settings: ChatSettings
    units: UnitOfWorkFactory
    files: Files
    generator: TextGenerator
    releases: ServedReleases
    training: Training
    learning: LearningSettings
    records: TrainingRecords
    painter: Painter | None
    policy: PicturePolicy
    personas: PersonaLibrary
    platforms: Mapping[Platform, ChatPlatform]
    admission: Admission
    clock: Clock
    new_id: NewId

    @property
    def traits(self) -> PainterTraits | None:
        """What the painter can do, as far as it is known."""
        return self.painter.health().traits if self.painter else None


@dataclass(slots=True)
class Job:
    """One answer under way. `text` is what has been written so far, kept here so that a stop loses nothing.

    `look` looks up what the answer is made from. `making` is the task that makes it, while it does and may be cancelled
    for a stop.
    """

    item: InboxItem
    place: Place
    question: Turn
    answer: Turn
    platform: ChatPlatform
    reply: Reply
    live: LiveReply
    log: StoredDeliveries
    look: Callable[[Look], Awaitable[Heard]]
    started: float
    text: str = ""
    stopped: bool = False
    making: asyncio.Task[Any] | None = None

    @property
    def ask(self) -> Ask:
        """The event being answered."""
        return self.item.ask

    @property
    def goes_on(self) -> bool:
        """Whether the answer goes on with another of the bot's, by Continue or by making such an answer anew."""
        return self.question.is_by_bot and self.question.id != self.answer.id

    @property
    def asker(self) -> Person:
        """Who asked; the answer's own lines are in their language."""
        return self.item.ask.by

    @property
    def locale(self) -> str:
        """The asker's locale."""
        return self.item.ask.by.locale
