"""What is kept: one transaction and its repositories, and the data folder's files. Implemented in `storage/`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.conversation import Conversation, Delivery, Spoken, Turn
from bot.domain.keeping import Bucket, Erased, Kept, ReleaseVotes, Totals
from bot.domain.messages import Ask, MessageRef
from bot.domain.places import Place, Platform
from bot.domain.preferences import Preference, PreferenceName
from bot.domain.ratings import Rating, Suggestion
from bot.domain.releases import Release, Run
from bot.domain.training import TrainingMetric
from bot.ports.clock import NewId


@dataclass(frozen=True, slots=True)
class InboxItem:
    """An accepted event that is not answered yet, and the two turns that it made."""

    id: str
    ask: Ask
    question_id: str
    answer_id: str
    accepted_at: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What an event meets as it comes in: whether it is known already, the place's conversation, what was said last.

    `chosen`: in a plain channel, what was chosen for it and by the person.
    """

    is_known: bool
    conversation: Conversation | None
    latest: Spoken | None
    chosen: Sequence[Preference] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """What is looked up for an answer: the branch that a turn ends, the `most` turns nearest to it, and the choices of
    these owners."""

    turn_id: str
    most: int
    owners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """What a look shows: the branch, from the root on, and all that its owners chose."""

    path: Sequence[Turn]
    chosen: Sequence[Preference]


class Inbox(Protocol):
    """Accepted events by identity, so that one delivered twice is one."""

    async def standings(self, asks: Sequence[Ask]) -> Sequence[Standing]:
        """What each event meets, in one look for all; `latest` leaves out asides, as `Turns.latest` does."""
        ...

    async def add(self, item: InboxItem, *, owner: str = "", until: datetime | None = None) -> bool:
        """Keep an event; False when its platform and `event_id` are known already (nothing is written then).

        With an owner it is claimed in the same breath, which counts as its first attempt.
        """
        ...

    async def claim(self, item_id: str, owner: str, now: datetime, until: datetime) -> bool:
        """Take an unanswered event for this process; False when another holds it. Counts an attempt."""
        ...

    async def renew(self, owner: str, until: datetime) -> None:
        """Hold all claims of this process for longer."""
        ...

    async def release(self, owner: str) -> int:
        """Drop the claims that a former process of this name left; how many."""
        ...

    async def pending(self, platforms: Sequence[Platform], now: datetime) -> Sequence[InboxItem]:
        """Unanswered events of these platforms that nobody holds (or not any longer), oldest first."""
        ...

    async def latest(self, platform: Platform) -> datetime | None:
        """When the latest event of a platform was accepted."""
        ...

    async def finish(self, item_id: str, finished_at: datetime) -> None:
        """The event is answered; its content is dropped, its identity stays."""
        ...


class Turns(Protocol):
    """Conversations and their trees. Only `get` brings the stored prompt along: each holds a whole window."""

    async def conversation_of(self, place: Place, new_id: NewId, now: datetime) -> Conversation:
        """The place's conversation, made when there is none yet (safe when two make it at once)."""
        ...

    async def begin(self, conversation: Conversation) -> None:
        """Keep the conversation of a place in which, as this transaction has seen, there is none."""
        ...

    async def conversation(self, conversation_id: str) -> Conversation | None: ...

    async def find_conversation(self, place: Place) -> Conversation | None:
        """The place's conversation if anything was ever said to the bot there."""
        ...

    async def conversations(self, platform: Platform) -> Sequence[Conversation]:
        """All conversations of a platform, the one with the latest turn first."""
        ...

    async def add(self, *turns: Turn) -> None: ...

    async def get(self, turn_id: str) -> Turn | None: ...

    async def update(self, turn: Turn) -> None:
        """Replace a turn by its next state. A FORGOTTEN turn stays as it is."""
        ...

    async def heard(self, looks: Sequence[Look]) -> Sequence[Heard]:
        """What each of these looks shows, in one look for all."""
        ...

    async def latest(self, conversation_id: str) -> Turn | None:
        """The turn spoken last, asides left out."""
        ...

    async def children(self, turn_id: str) -> Sequence[Turn]:
        """The turns that answer this one, oldest first."""
        ...

    async def in_conversation(
        self, conversation_id: str, *, before: str | None = None, limit: int = 200
    ) -> Sequence[Turn]:
        """The latest turns (asides too), oldest first; with `before` those older than that turn id."""
        ...


class Deliveries(Protocol):
    """Which platform messages carry which turns. A question's own message is part 0 of its turn."""

    async def put(self, delivery: Delivery) -> None:
        """Record or replace a turn's part."""
        ...

    async def of_turn(self, turn_id: str) -> Sequence[Delivery]:
        """In order of part."""
        ...

    async def turn_of(self, ref: MessageRef) -> str | None:
        """The id of the turn that a platform message carries."""
        ...


class Ratings(Protocol):
    """Verdicts and suggestions."""

    async def put(self, rating: Rating) -> None:
        """Keep a verdict, instead of the person's earlier one on the turn unless that is the later."""
        ...

    async def withdraw(self, turn_id: str, person: str) -> bool:
        """Remove a person's verdict; whether there was one."""
        ...

    async def of_turns(self, turn_ids: Sequence[str]) -> Sequence[Rating]: ...

    async def suggest(self, suggestion: Suggestion) -> None: ...

    async def suggestions_of(self, turn_ids: Sequence[str]) -> Sequence[Suggestion]:
        """Oldest first."""
        ...


class Releases(Protocol):
    """Releases and the runs that made them."""

    async def put(self, release: Release) -> None:
        """Keep a release, or replace the one of its name."""
        ...

    async def all(self) -> Sequence[Release]:
        """Newest first."""
        ...

    async def put_run(self, run: Run) -> None: ...

    async def runs(self, *, limit: int = 20) -> Sequence[Run]:
        """Newest first."""
        ...

    async def put_metrics(self, run_id: str, metrics: Sequence[TrainingMetric]) -> None:
        """Keep points of a run's curves; a point of the same name and step is replaced."""
        ...

    async def metrics(self, run_id: str) -> Sequence[TrainingMetric]:
        """A run's curves, by name and step."""
        ...


@dataclass(frozen=True, slots=True)
class RatedTurn:
    """An answer that earned votes or better answers: the turn with its prompt, who asked for it, and where.

    `people` are the keys of all whose words stand in its branch, with the names they were shown by; `beside` the
    answers that the same question got before this one, with their prompts, oldest first.
    """

    turn: Turn
    place: Place
    asker: str
    people: Mapping[str, tuple[str, ...]]
    beside: tuple[Turn, ...]
    ratings: tuple[Rating, ...]
    suggestions: tuple[Suggestion, ...]


class Feedback(Protocol):
    """What people made of answers, for learning."""

    async def rated_turns(self, *, pictures: bool = False, after: str = "", limit: int = 200) -> Sequence[RatedTurn]:
        """Written answers (or pictures instead) with votes or suggestions, in the order of their ids, those after
        `after`."""
        ...

    async def votes_since(self, moment: datetime) -> int:
        """How many verdicts were given since then."""
        ...


class Preferences(Protocol):
    """Choices of people and places."""

    async def put(self, preference: Preference) -> None: ...

    async def get(self, owner: str, name: PreferenceName) -> Preference | None: ...

    async def of_name(self, name: PreferenceName) -> Sequence[Preference]:
        """Everyone's choices of this name."""
        ...

    async def of_owners(self, *owners: str) -> Sequence[Preference]:
        """All choices of these owners, in one statement."""
        ...

    async def remove(self, owner: str, name: PreferenceName) -> None: ...


class Erasure(Protocol):
    """Retention and the right to be forgotten."""

    async def kept_of(self, person: str) -> Kept: ...

    async def forget(self, person: str) -> Erased:
        """Erase a person: texts, names and files of their turns and of the answers to them (the turns stay,
        FORGOTTEN, so that the tree holds), every stored prompt path of the conversations they took part in, their
        ratings, suggestions, preferences, usage and unanswered inbox events."""
        ...

    async def expire(self, before: datetime, *, limit: int = 500) -> Erased:
        """Delete whole trees of turns whose latest turn is older, with ratings, deliveries and inbox identities; at
        most about `limit` turns in one transaction."""
        ...


class Statistics(Protocol):
    """Reads for the dashboard."""

    async def buckets(self, since: datetime, step_seconds: int) -> Sequence[Bucket]:
        """Every stretch of `step_seconds` since then, oldest first, empty ones included."""
        ...

    async def votes_by_release(self) -> Sequence[ReleaseVotes]: ...

    async def totals(self) -> Totals: ...

    async def usage_of(self, person: str, since: datetime) -> Mapping[str, int]:
        """Requests, prompt_tokens and completion_tokens of one person since then."""
        ...


class Files(Protocol):
    """Files of the data folder: pictures, and later weights."""

    async def keep(self, name: str, data: bytes) -> str:
        """Write a file whole or not at all, under a name such as `images/01.png`; its path inside the data folder.

        Raises:
            StorageError: it cannot be written.
        """
        ...

    async def read(self, path: str) -> bytes:
        """The bytes of a file by the path that `keep` gave.

        Raises:
            StorageError: it cannot be read.
        """
        ...

    async def remove(self, paths: Sequence[str]) -> None:
        """Delete files by the path that `keep` gave; missing ones are nothing to do."""
        ...

    async def size(self) -> int:
        """Bytes of all files in the data folder."""
        ...


class UnitOfWork(Protocol):
    """One transaction. It commits when the block ends without an error, and rolls back when it raises.

    Raises:
        StorageError: at any point, in place of the database library's errors (full disk, locked, unreadable).
    """

    inbox: Inbox
    turns: Turns
    deliveries: Deliveries
    ratings: Ratings
    releases: Releases
    feedback: Feedback
    preferences: Preferences
    erasure: Erasure
    statistics: Statistics


class UnitOfWorkFactory(Protocol):
    """Opens transactions; each task opens its own."""

    def __call__(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """To read and write (on SQLite BEGIN IMMEDIATE). Keep it short; never await a model or a network in it."""
        ...

    def accepting(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """To take an event in: as a call, but ahead of others that wait to write. A platform waits for it."""
        ...

    def reading(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """To read only; never waits for a writer."""
        ...
