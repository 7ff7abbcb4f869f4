"""What arrives from a platform and what goes back, as values.

Adapters build these from payloads and hand them to `bot.chat`. An event's `event_id` is the platform's own identity
for it, so that an event delivered twice is one event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from bot.domain.places import Person, Place, Platform
from bot.domain.ratings import RatingSource, Verdict


@dataclass(frozen=True, slots=True)
class MessageRef:
    """How a platform names one of its messages."""

    platform: Platform
    channel: str
    message: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a message. `locator` is what the platform needs to fetch it; `size` counts bytes.

    `text` is what the core has read of it; None until then, and for what is not text.
    """

    name: str
    media_type: str
    size: int
    locator: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A person wrote. `mentions_bot` is the platform's word; whether the bot answers is the core's decision.

    An `edited` message is one that was seen before, as it reads now.
    """

    event_id: str
    place: Place
    ref: MessageRef
    by: Person
    text: str
    at: datetime
    mentions_bot: bool = False
    reply_to: MessageRef | None = None
    attachments: tuple[Attachment, ...] = ()
    edited: bool = False
    kind: Literal["message"] = "message"


OptionValue = str | int | float | bool


@dataclass(frozen=True, slots=True)
class CommandCall:
    """A person called a command of `bot.domain.commands` by name, with the options as the platform typed them.

    `message` is the one that a context menu was opened on; `ref` the command's own message, where there is one.
    """

    event_id: str
    place: Place
    by: Person
    name: str
    at: datetime
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    ref: MessageRef | None = None
    message: MessageRef | None = None
    attachments: tuple[Attachment, ...] = ()
    kind: Literal["command"] = "command"


@dataclass(frozen=True, slots=True)
class RegenerateReply:
    """A person asks for another answer beside the one that this message carries."""

    event_id: str
    place: Place
    message: MessageRef
    by: Person
    at: datetime
    kind: Literal["regenerate"] = "regenerate"


@dataclass(frozen=True, slots=True)
class ContinueReply:
    """A person asks the bot to go on where the answer that this message carries ended."""

    event_id: str
    place: Place
    message: MessageRef
    by: Person
    at: datetime
    kind: Literal["continue"] = "continue"


class Change(StrEnum):
    """How an answer can be made anew from what it is: a text's wording or language, a picture's details or motion."""

    SHORTER = "shorter"
    LONGER = "longer"
    FORMAL = "formal"
    FRIENDLY = "friendly"
    ENGLISH = "english"
    CHINESE = "chinese"
    VARY = "vary"
    ANIMATE = "animate"


@dataclass(frozen=True, slots=True)
class ReviseReply:
    """A person asks for an answer made from the one that this message carries, beside it."""

    event_id: str
    place: Place
    message: MessageRef
    by: Person
    at: datetime
    change: Change
    kind: Literal["revise"] = "revise"


@dataclass(frozen=True, slots=True)
class PickPicture:
    """A person picks one of the pictures that this message carries; `number` counts from 1."""

    event_id: str
    place: Place
    message: MessageRef
    by: Person
    at: datetime
    number: int
    kind: Literal["pick"] = "pick"


@dataclass(frozen=True, slots=True)
class ShareReply:
    """A person posts the answer that this message carries for all in its place, as a message without buttons."""

    event_id: str
    place: Place
    message: MessageRef
    by: Person
    at: datetime
    kind: Literal["share"] = "share"


@dataclass(frozen=True, slots=True)
class ThreadOpened:
    """A person began a thread, in which the bot may greet; `by` is who began it."""

    event_id: str
    place: Place
    by: Person
    at: datetime


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to show: its file in the data folder, what it shows in words, and the parameters that made it."""

    id: str
    path: str
    alt: str
    parameters: Mapping[str, str | int | float]

    @property
    def media_type(self) -> str:
        """By the file's name: PNG, or GIF for one that moves."""
        return "image/gif" if self.path.endswith(".gif") else "image/png"


@dataclass(frozen=True, slots=True)
class Notice:
    """The bot speaks unasked: `by` is the bot itself. It passes the inbox so that it is said, and said once."""

    event_id: str
    place: Place
    by: Person
    text: str
    at: datetime
    pictures: tuple[Picture, ...] = ()
    kind: Literal["notice"] = "notice"


OnAnswer = RegenerateReply | ContinueReply | ReviseReply | PickPicture | ShareReply
"""What a person does with an answer and gets another turn for."""

Ask = IncomingMessage | CommandCall | OnAnswer | Notice
"""Everything that is answered, and so passes the inbox."""


@dataclass(frozen=True, slots=True)
class RateReply:
    """A person rates the answer that this message carries; `verdict` None withdraws (`only` this one, where given)."""

    message: MessageRef
    by: Person
    verdict: Verdict | None
    source: RatingSource
    at: datetime
    reason: str = ""
    only: Verdict | None = None


@dataclass(frozen=True, slots=True)
class SuggestAnswer:
    """A person writes what the answer should have been."""

    message: MessageRef
    by: Person
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StopReply:
    """A person stops the answer that this message carries, or (None) whatever is being answered for them here."""

    place: Place
    by: Person
    message: MessageRef | None = None


@dataclass(frozen=True, slots=True)
class DeleteMessage:
    """A question was deleted on its platform; its answer is cancelled."""

    message: MessageRef


class Control(StrEnum):
    """What a person can press under an answer."""

    RATE = "rate"
    SUGGEST = "suggest"
    REGENERATE = "regenerate"
    CONTINUE = "continue"
    PICK = "pick"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class Answer:
    """The last state of an answer: Markdown, a small note beneath it, pictures, and what can be pressed.

    `changes` are those that can be ordered of it, in the order to be offered. `private`: only the asker sees it.
    """

    text: str
    note: str = ""
    pictures: tuple[Picture, ...] = ()
    controls: frozenset[Control] = frozenset()
    changes: tuple[Change, ...] = ()
    private: bool = False


@dataclass(frozen=True, slots=True)
class HistoryMessage:
    """A message read from a place's history. It is never stored.

    `by_bot`: this bot wrote it; `automated`: another bot or a webhook did. `link` is the platform's own address of the
    message, `person` the key of who wrote it; both are empty where the platform does not tell.
    """

    ref: MessageRef
    author: str
    text: str
    at: datetime
    by_bot: bool = False
    automated: bool = False
    link: str = ""
    person: str = ""
