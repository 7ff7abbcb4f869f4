"""What the listeners share: the core, the way to Slack, and what both want to know of everything that people do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from adapters.slack.asides import Interactions
from adapters.slack.client import PacedClient
from adapters.slack.identity import Me
from adapters.slack.people import People
from adapters.slack.places import place_of
from adapters.slack.posting import Poster, Spot
from adapters.slack.tasks import Tasks
from bot.chat.dispatch import Core
from bot.domain.places import Person, Place
from bot.ports import Clock


@dataclass(frozen=True, slots=True)
class Desk:
    """One for each workspace."""

    core: Core
    client: PacedClient
    me: Me
    people: People
    poster: Poster
    interactions: Interactions
    clock: Clock
    tasks: Tasks

    def place(self, channel: str, thread: str = "") -> Place:
        """Where something was said or done."""
        return place_of(self.me.team, channel, thread)

    def take(self, body: dict[str, Any]) -> str:
        """Keep where a command, a shortcut or a press can be answered; the id of the event that it becomes."""
        event_id = f"{self.me.team}/trigger/{body['trigger_id']}"
        self.interactions.keep(event_id, body.get("response_url", ""))
        return event_id

    def respond(self, url: str, text: str) -> None:
        """Say something to the one who pressed or called, beside the acknowledgement."""
        self.tasks.spawn(self.poster.respond(url, text), "answer interaction")

    def tell(self, place: Place, person: Person, text: str) -> None:
        """Say something to one person in a place, beside everything else."""
        whisper = self.poster.whisper(Spot(place.channel, place.thread), person.id, text)
        self.tasks.spawn(whisper, f"tell {person.id}")
