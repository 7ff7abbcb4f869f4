"""What holds for a person in a place, of what was chosen: read for every message, beside what else it needs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.chat.jobs import Services
from bot.domain.place_settings import PlaceSettings, resolved
from bot.domain.places import Person, Place
from bot.domain.preferences import Preference
from bot.ports import UnitOfWork


async def settings_of(place: Place, person: Person, services: Services, uow: UnitOfWork) -> PlaceSettings:
    """The person's own choices, else the place's, else the host's."""
    chosen = await uow.preferences.of_owners(*owners_in(place, person))
    return resolved(chosen, place, person.key, services.settings.idle_minutes)


def owners_in(place: Place, person: Person) -> tuple[str, str]:
    """Whose choices hold for a person in a place."""
    return place.channel_key, person.key


def idle_window(place: Place, person: Person, chosen: Sequence[Preference], services: Services) -> timedelta:
    """How long talk in a plain channel carries on without a reply, by what was chosen there."""
    here = resolved(chosen, place, person.key, services.settings.idle_minutes)
    return timedelta(minutes=here.idle_minutes)
