"""Greeting whoever opens a thread, where a place's admins turned that on.

A greeting is a notice whose identity is its thread, so that it is said once, however often the platform tells of it.
"""

from __future__ import annotations

from bot.chat.jobs import Services
from bot.chat.place_settings import settings_of
from bot.domain.lines import say
from bot.domain.messages import Notice, ThreadOpened
from bot.domain.place_settings import PlaceSettings
from bot.domain.places import Person, PlaceKind


async def greeting(opened: ThreadOpened, services: Services) -> Notice | None:
    """What to say in a new thread, in the language of who opened it; None where nobody is greeted.

    Raises:
        StorageError: the place's settings cannot be read.
    """
    if opened.by.is_bot:
        return None
    async with services.units.reading() as uow:
        here = await settings_of(opened.place, opened.by, services, uow)
    if not here.greets_threads:
        return None
    me = Person(opened.place.platform, "inkling", services.settings.bot_name, opened.by.locale, is_bot=True)
    words = _words(opened, here, services)
    return Notice(f"greeting/{opened.place.key}", opened.place, me, words, services.clock.now())


def _words(opened: ThreadOpened, here: PlaceSettings, services: Services) -> str:
    who = opened.by
    line = "greeting.hello_direct" if opened.place.kind is PlaceKind.DIRECT else "greeting.hello"
    hello = say(line, who.locale, who=who.name, name=services.settings.bot_name)
    persona = services.personas.get(here.persona)
    speaks = ""
    if persona is not None and persona is not services.personas.default:
        described = persona.description.in_locale(who.locale)
        speaks = say("greeting.persona", who.locale, persona=persona.name, description=described)
    return " ".join(part for part in (hello, speaks, say("greeting.help", who.locale)) if part)
