"""Where talk happens, and who talks there.

`owning_place` is the one function that maps an event to the place that owns its conversation; nothing else decides
who shares memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Platform(StrEnum):
    """A chat platform that an adapter speaks."""

    DISCORD = "discord"
    SLACK = "slack"
    WEB = "web"
    TERMINAL = "terminal"

    @property
    def is_local(self) -> bool:
        """Whether the platform runs on the host's own machine, free of a vendor's rules on training."""
        return self in (Platform.WEB, Platform.TERMINAL)


class PlaceKind(StrEnum):
    """How a place shares memory: everyone in a channel or thread, or two in a direct conversation."""

    CHANNEL = "channel"
    THREAD = "thread"
    DIRECT = "direct"


@dataclass(frozen=True, slots=True)
class Place:
    """The owner of one conversation: platform, workspace (guild, team), channel and thread (empty outside one)."""

    platform: Platform
    workspace: str
    channel: str
    thread: str = ""
    kind: PlaceKind = PlaceKind.CHANNEL

    @property
    def key(self) -> str:
        """The place as one string, equal for equal places: `slack/T1/C2/1718.5`."""
        return "/".join((self.platform, self.workspace, self.channel, self.thread))

    @property
    def channel_key(self) -> str:
        """The key of the channel that the place is, or is a thread of: the owner of what a thread inherits."""
        return "/".join((self.platform, self.workspace, self.channel, ""))


def owning_place(platform: Platform, workspace: str, channel: str, *, thread: str = "", direct: bool = False) -> Place:
    """The place that owns the conversation of an event seen in this channel and thread.

    A thread owns its own conversation, in a direct channel too (Slack's agent DMs make a thread of every message).
    """
    if thread:
        return Place(platform, workspace, channel, thread, PlaceKind.THREAD)
    return Place(platform, workspace, channel, "", PlaceKind.DIRECT if direct else PlaceKind.CHANNEL)


@dataclass(frozen=True, slots=True)
class Person:
    """Someone on a platform: the platform's id, the name people see, and the locale they read ("en", "zh-CN").

    `timezone` is the IANA name of the zone they live by ("Europe/Berlin"), empty where the platform does not tell.
    """

    platform: Platform
    id: str
    name: str
    locale: str = "en"
    is_bot: bool = False
    timezone: str = ""

    @property
    def key(self) -> str:
        """The person as one string, equal for equal people: `discord/80351110224678912`."""
        return f"{self.platform}/{self.id}"
