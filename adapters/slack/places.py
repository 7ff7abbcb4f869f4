"""Where an event belongs: the one function from Slack's channel and thread to the place that owns the conversation."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.domain.messages import MessageRef
from bot.domain.places import Place, Platform, owning_place


def place_of(team: str, channel: str, thread: str = "") -> Place:
    """The place of something said in a thread, or (without one) of a command called in a channel.

    A message that begins no thread yet owns the one that its answer will begin: `thread` is its `thread_ts or ts`, in
    channels and in direct messages alike, and follow-ups then arrive there.
    """
    return owning_place(Platform.SLACK, team, channel, thread=thread, direct=is_direct(channel))


def is_direct(channel: str) -> bool:
    """Whether a channel is the bot's conversation with one person."""
    return channel.startswith("D")


def ref_of(channel: str, ts: str) -> MessageRef:
    """A message, which Slack names by its channel and time."""
    return MessageRef(Platform.SLACK, channel, ts)


def event_id_of(team: str, ref: MessageRef) -> str:
    """A message's identity: the same for an app_mention, its message twin, and what the history shows of it."""
    return f"{team}/{ref.channel}/{ref.message}"


def time_of(ts: str) -> datetime:
    """The moment that a time stamp names."""
    return datetime.fromtimestamp(float(ts), UTC)
