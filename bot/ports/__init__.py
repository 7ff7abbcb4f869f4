"""What the core needs of the world, as Protocols; `bot/app.py` plugs the implementations in."""

from __future__ import annotations

from bot.ports.clock import Clock, NewId
from bot.ports.generation import Engine, Painter, ReleaseHost, TextGenerator, Trainer, TrainingRecords
from bot.ports.platforms import ChatPlatform, DeliveryLog, FoundPlace, Reply, ReplyTarget
from bot.ports.storage import (
    Deliveries,
    Erasure,
    Feedback,
    Files,
    Heard,
    Inbox,
    InboxItem,
    Look,
    Preferences,
    RatedTurn,
    Ratings,
    Releases,
    Standing,
    Statistics,
    Turns,
    UnitOfWork,
    UnitOfWorkFactory,
)

__all__ = [
    "ChatPlatform",
    "Clock",
    "Deliveries",
    "DeliveryLog",
    "Engine",
    "Erasure",
    "Feedback",
    "Files",
    "FoundPlace",
    "Heard",
    "Inbox",
    "InboxItem",
    "Look",
    "NewId",
    "Painter",
    "Preferences",
    "RatedTurn",
    "Ratings",
    "ReleaseHost",
    "Releases",
    "Reply",
    "ReplyTarget",
    "Standing",
    "Statistics",
    "TextGenerator",
    "Trainer",
    "TrainingRecords",
    "Turns",
    "UnitOfWork",
    "UnitOfWorkFactory",
]
