"""What the bot says unasked, and where: the place in which an admin last dealt with training or releases."""

from __future__ import annotations

from collections.abc import Callable

from bot.chat.jobs import Services
from bot.domain.messages import Notice, Picture
from bot.domain.places import Person, Place
from bot.domain.preferences import Preference, PreferenceName

# The owner of what belongs to the whole bot.
_BOT = "bot"


async def prefer_notices_in(place: Place, by: Person, services: Services) -> None:
    """From now on notices for admins go to this place, in this admin's language."""
    async with services.units() as uow:
        conversation = await uow.turns.conversation_of(place, services.new_id, services.clock.now())
        chosen = f"{by.locale} {conversation.id}"
        await uow.preferences.put(Preference(_BOT, PreferenceName.NOTICES, chosen, by.key, services.clock.now()))


async def notice(words: Callable[[str], str], services: Services, pictures: tuple[Picture, ...] = ()) -> Notice | None:
    """A notice for the admins; None while no place is known for them.

    Args:
        words: what it says to a reader of a locale.
    """
    async with services.units.reading() as uow:
        chosen = await uow.preferences.get(_BOT, PreferenceName.NOTICES)
        locale, _, conversation_id = (chosen.value if chosen else "").partition(" ")
        conversation = await uow.turns.conversation(conversation_id) if conversation_id else None
    if conversation is None or conversation.place.platform not in services.platforms:
        return None
    place = conversation.place
    me = Person(place.platform, "inkling", services.settings.bot_name, locale, is_bot=True)
    return Notice(services.new_id(), place, me, words(locale), services.clock.now(), pictures)
