"""What a window may send, as pydantic reads and checks it: acts (posted) and requests (on its socket)."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from adapters.web.channels import place_of
from bot.chat.addressing import clean
from bot.domain.messages import Change, OptionValue
from bot.domain.places import Person, Place, Platform
from bot.domain.ratings import Verdict


def _zone(name: str) -> str:
    """The time zone of this name; empty for one that is not known here, which is no reason to refuse what is said."""
    try:
        return ZoneInfo(name).key if name else ""
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ""


Id = Annotated[str, Field(pattern=r"^[\w.-]{1,64}$")]
Zone = Annotated[str, Field(max_length=64), AfterValidator(_zone)]
Channel = Annotated[str, Field(pattern=r"^[\w-]{1,64}$")]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class By(Part):
    """Who acts. On one's own machine people are who they say they are."""

    id: Id
    name: Annotated[str, Field(max_length=200)] = ""
    locale: Annotated[str, Field(max_length=35)] = "en"
    timezone: Zone = ""

    @property
    def person(self) -> Person:
        """The person as the core knows people."""
        name = clean(self.name)[:40] or self.id
        return Person(Platform.WEB, self.id, name, self.locale, timezone=self.timezone)


class Where(Part):
    """A channel, or a thread in it."""

    channel: Channel
    thread: Annotated[str, Field(pattern=r"^[\w-]{0,64}$")] = ""

    @property
    def place(self) -> Place:
        """The place that owns the talk there."""
        return place_of(self.channel, self.thread)


class File(Part):
    """An upload that comes along."""

    id: Id
    name: Annotated[str, Field(max_length=255)]


class _Act(Part):
    by: By
    place: Where


class Send(_Act):
    """Words, or a command in words. `reply_to` is a turn's id."""

    act: Literal["send"]
    event_id: Id
    text: str
    reply_to: Id | None = None
    attachments: Annotated[list[File], Field(max_length=10)] = []


class Call(_Act):
    """A command by its form."""

    act: Literal["command"]
    event_id: Id
    name: Annotated[str, Field(max_length=64)]
    options: dict[Annotated[str, Field(max_length=64)], OptionValue] = {}
    attachments: Annotated[list[File], Field(max_length=10)] = []


class Again(_Act):
    """Another answer beside one, more of one, or one posted for all."""

    act: Literal["regenerate", "continue", "share"]
    event_id: Id
    turn: Id


class Revise(_Act):
    """An answer made anew from one."""

    act: Literal["revise"]
    event_id: Id
    turn: Id
    change: Change


class Pick(_Act):
    """One picture of several; `number` counts from 1."""

    act: Literal["pick"]
    event_id: Id
    turn: Id
    number: Annotated[int, Field(ge=1, le=100)]


class Rate(_Act):
    """A verdict; None withdraws it."""

    act: Literal["rate"]
    turn: Id
    verdict: Verdict | None


class Suggest(_Act):
    """A better answer."""

    act: Literal["suggest"]
    turn: Id
    text: Annotated[str, Field(max_length=100_000)]


class Stop(_Act):
    """Stop an answer."""

    act: Literal["stop"]
    turn: Id


class InThread(Where):
    """A thread, and no channel."""

    thread: Annotated[str, Field(pattern=r"^[\w-]{1,64}$")]


class OpenThread(Part):
    """The thread that the place names was opened."""

    act: Literal["thread"]
    by: By
    place: InThread


class MakeChannel(Part):
    """A new channel."""

    act: Literal["channel"]
    by: By
    name: Annotated[str, Field(max_length=200)]


Act = Annotated[
    Send | Call | Again | Revise | Pick | Rate | Suggest | Stop | OpenThread | MakeChannel,
    Field(discriminator="act"),
]
ACTS: TypeAdapter[Act] = TypeAdapter(Act)


class Hello(Part):
    """The first words of a window: who sits there."""

    type: Literal["hello"]
    by: By


class Join(Part):
    """The window looks at a place from now on."""

    type: Literal["join"]
    place: Where


class Older(Part):
    """Turns before the oldest one that the window has."""

    type: Literal["older"]
    before: Id


class Places(Part):
    """What stands at the left."""

    type: Literal["places"]


REQUESTS: TypeAdapter[Hello | Join | Older | Places] = TypeAdapter(
    Annotated[Hello | Join | Older | Places, Field(discriminator="type")]
)
