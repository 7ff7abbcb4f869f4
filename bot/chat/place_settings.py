"""What holds for a person in a place, read for every message: one statement in a transaction that is open already."""

from __future__ import annotations

from datetime import timedelta

from bot.chat.jobs import Services
from bot.domain.place_settings import PlaceSettings, resolved
from bot.domain.places import Person, Place, PlaceKind
from bot.ports import UnitOfWork


async def settings_of(place: Place, person: Person, services: Services, uow: UnitOfWork) -> PlaceSettings:
    """The person's own choices, else the place's, else the host's."""
    chosen = await uow.preferences.of_owners(*owners_in(place, person))
    return resolved(chosen, place, person.key, services.settings.idle_minutes)


def owners_in(place: Place, person: Person) -> tuple[str, str]:
    """Whose choices hold for a person in a place."""
    return place.channel_key, person.key


async def idle_window(place: Place, person: Person, services: Services, uow: UnitOfWork) -> timedelta:
    """How long talk in a place carries on without a reply; nothing is read where that does not count."""
    if place.kind is not PlaceKind.CHANNEL:
        return timedelta()
    here = await settings_of(place, person, services, uow)
    return timedelta(minutes=here.idle_minutes)
