"""What the adapter's parts share while the process lives, whichever connection is up."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine, Hashable
from dataclasses import dataclass, field
from typing import Any

import discord

from adapters.discord.pacing import Pacer, Turns
from bot.chat.dispatch import Core
from bot.domain.messages import MessageRef
from bot.domain.places import Person, Place
from bot.domain.ratings import Reactions
from bot.ports import Clock
from bot.settings import DiscordSettings

# The origin of what the bot says unasked, and how much of that may stand among the latest turns of a place.
NOTICE = "notice"
_NOTICES = 10

# How many of the latest turns of a place are looked through for one by somebody.
_LOOKED_THROUGH = 30

# How many people's languages and deleted questions are remembered.
_REMEMBERED = 10_000


class Remembered(OrderedDict[Hashable, str]):
    """Something about the latest ids, the oldest forgotten."""

    def __setitem__(self, key: Hashable, value: str) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        if len(self) > _REMEMBERED:
            self.popitem(last=False)


@dataclass(slots=True)
class Call:
    """An interaction whose answer is being made.

    Where `shows_answer`, the interaction's own response becomes the answer; else the answer is a message of its own
    that refers to `pressed`. `acknowledged` is set once Discord was told, or, as `expired` says, could not be told.
    """

    interaction: discord.Interaction[discord.Client]
    private: bool
    shows_answer: bool
    pressed: MessageRef | None = None
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)
    expired: bool = False


@dataclass(slots=True)
class Desk:
    """Core, settings and what is known of people and calls right now; nothing here must survive the process.

    `turns` paces all requests. `connected` is set once a first login led to a session.
    """

    core: Core
    settings: DiscordSettings
    clock: Clock
    reactions: Reactions
    pacer: Pacer
    turns: Turns
    connected: asyncio.Event
    calls: dict[str, Call] = field(default_factory=dict)
    locales: Remembered = field(default_factory=Remembered)
    deleted: Remembered = field(default_factory=Remembered)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @classmethod
    def of(cls, core: Core, settings: DiscordSettings, clock: Clock, rate: str, connected: asyncio.Event) -> Desk:
        """A desk with nothing on it yet."""
        reactions = Reactions.of(settings.good_reactions, settings.bad_reactions)
        return cls(core, settings, clock, reactions, Pacer(clock), Turns(rate), connected)

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Begin something that nobody waits for; what is under way when the platform closes is cancelled."""
        task = asyncio.create_task(work, name=name)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task


async def said(place: Place, viewer: Person, desk: Desk, *, most: int) -> int:
    """How much was said in a place between people and the bot, counted up to `most`; notices are no talk."""
    views = await desk.core.reading.turns(place, viewer, limit=most + _NOTICES)
    return min(most, sum(view.turn.origin != NOTICE for view in views))


async def last_locale(place: Place, person: Person, desk: Desk) -> str:
    """The language in which a person last spoke in a place, as far as its latest turns tell; else empty."""
    views = await desk.core.reading.turns(place, person, limit=_LOOKED_THROUGH)
    return next((view.turn.locale for view in reversed(views) if view.turn.author == person.key), "")
