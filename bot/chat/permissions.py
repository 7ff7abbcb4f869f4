"""Who is an admin, asked at the time of the act."""

from __future__ import annotations

from bot.chat.jobs import Services
from bot.domain.places import Person, Place
from bot.errors import Refused


async def is_admin(person: Person, place: Place, services: Services) -> bool:
    """Whether the host named this person in ADMINS, or the platform's own roles make them an admin of the place."""
    if person.key in services.settings.admins:
        return True
    platform = services.platforms.get(person.platform)
    return platform is not None and await platform.is_admin(person, place)


async def check_admin(person: Person, place: Place, services: Services) -> None:
    """Let admins pass.

    Raises:
        Refused: the person is none.
    """
    if not await is_admin(person, place, services):
        raise Refused("command.admins_only")
