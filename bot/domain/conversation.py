"""Turns, the tree they form, and the stretch of it that a model reads.

A turn is one message of a conversation, by a person or by the bot. The context of a reply is the path from the root to
the turn it answers; regenerating adds a sibling, and replying to an older answer branches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.generation import PromptMessage, Role, SamplingParams
from bot.domain.messages import Attachment, MessageRef, Picture
from bot.domain.places import Place, PlaceKind


class TurnStatus(StrEnum):
    """The life of a turn. A person's turn is COMPLETE from the start (or FORGOTTEN); the bot's begins WAITING."""

    WAITING = "waiting"
    COMPLETE = "complete"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    REFUSED = "refused"
    FORGOTTEN = "forgotten"

    @property
    def is_open(self) -> bool:
        """Whether the turn still awaits its last state."""
        return self is TurnStatus.WAITING

    @property
    def speaks(self) -> bool:
        """Whether the turn's text belongs in a later prompt."""
        return self in (TurnStatus.COMPLETE, TurnStatus.STOPPED, TurnStatus.INTERRUPTED)


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds from acceptance: until a slot was free, until the first piece, until the end. None: did not happen."""

    admitted: float | None = None
    first_piece: float | None = None
    finished: float | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation.

    `origin` names what made the turn: "chat" or a command's name. An `aside` is shown but never a parent and never in
    a prompt (help, settings, private summaries). `prompt` is the exact prompt path that a bot's turn was written from,
    `release` the model release that wrote it. `note` is the line shown beneath the text. `revises` is the turn that
    this one was made from, and `change` what was done with it (a `Change`, "pick" or "share").
    """

    id: str
    conversation_id: str
    parent_id: str | None
    role: Role
    author: str
    author_name: str
    text: str
    status: TurnStatus
    created_at: datetime
    origin: str = "chat"
    aside: bool = False
    private: bool = False
    note: str = ""
    locale: str = "en"
    release: str | None = None
    prompt: tuple[PromptMessage, ...] | None = None
    sampling: SamplingParams | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    timings: Timings = Timings()
    attachments: tuple[Attachment, ...] = ()
    pictures: tuple[Picture, ...] = ()
    revises: str | None = None
    change: str = ""

    @property
    def is_by_bot(self) -> bool:
        """Whether the bot speaks."""
        return self.role is Role.ASSISTANT

    def ended(self, status: TurnStatus, text: str, note: str = "") -> Turn:
        """This turn in its last state."""
        return replace(self, status=status, text=text, note=note)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A turn by its id, and when it was said."""

    id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Conversation:
    """The conversation of one place; its turns are a tree held by the storage."""

    id: str
    place: Place
    created_at: datetime


class DeliveryState(StrEnum):
    """A send about to happen, done, or given up."""

    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One platform message that carries a part of a turn, in the order of `part`.

    `ref` is None while the send is under way: after a crash nobody knows whether it arrived.
    """

    turn_id: str
    part: int
    state: DeliveryState
    ref: MessageRef | None = None


def window(costs: Sequence[int], budget: int) -> int:
    """How many messages of a talk to leave out, oldest first, so that the costs of the rest fit the budget.

    Args:
        costs: tokens of each message, oldest first.
        budget: tokens that the messages may take together.

    Raises:
        ValueError: the last message, the question itself, does not fit alone.
    """
    if not costs or costs[-1] > budget:
        raise ValueError("the last message does not fit the budget")
    spent = 0
    for index in range(len(costs) - 1, -1, -1):
        spent += costs[index]
        if spent > budget:
            return index + 1
    return 0


def continues_latest(place: Place, latest: Spoken | None, now: datetime, idle: timedelta) -> bool:
    """Whether a message without an explicit reply carries on from the place's latest turn.

    In a thread or a direct conversation always; in a plain channel within the idle window.
    """
    if latest is None:
        return False
    return place.kind is not PlaceKind.CHANNEL or now - latest.at <= idle
