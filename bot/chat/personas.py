"""`/persona`: how the bot speaks to a person, or in a place: a persona of the library, and words of their own.

What a person chooses acts on answers to that person alone. The host's own instructions come before it, and no persona
turns off what the bot checks by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from bot.chat.jobs import Job, Services
from bot.chat.options import options_of
from bot.chat.permissions import check_admin
from bot.chat.prompting import check_system_message
from bot.domain.commands import PERSONA
from bot.domain.conversation import Turn, TurnStatus
from bot.domain.lines import say
from bot.domain.personas import Persona
from bot.domain.place_settings import resolved
from bot.domain.preferences import Preference, PreferenceName
from bot.errors import Refused

OFF = "off"

# Not a person: what holds in a place for those who chose nothing.
_EVERYONE = ""


async def persona(job: Job, services: Services) -> Turn:
    """Choose for oneself or for the place, or show what is in force, from where, and what there is to choose."""
    options = {name: str(value) for name, value in options_of(job.question, PERSONA).items()}
    # A team's new file counts from the next call on.
    await asyncio.to_thread(services.personas.reread)
    choices = _choices(options.get("name", ""), options.get("instructions", ""), services)
    is_for_place = options.get("for") == "here"
    if choices and is_for_place:
        await check_admin(job.asker, job.place, services)
    owner, person = (job.place.channel_key, _EVERYONE) if is_for_place else (job.asker.key, job.asker.key)
    now = [Preference(owner, name, value, job.asker.key, services.clock.now()) for name, value in choices.items()]
    async with services.units.reading() as uow:
        before = await uow.preferences.of_owners(job.place.channel_key, job.asker.key)
    chosen = [each for each in before if each.owner != owner or each.name not in choices]
    chosen += [each for each in now if each.value]
    if any(choices.values()):
        here = resolved(chosen, job.place, person, services.settings.idle_minutes)
        await check_system_message(here, job.locale, services)
    await keep(now, services)
    state = in_force(chosen, person, job, services)
    if choices:
        parts = [say("persona.set_here" if is_for_place else "persona.set_me", job.locale), state]
    else:
        parts = [state, _library(job.locale, services), say("persona.how", job.locale)]
    return job.answer.ended(TurnStatus.COMPLETE, "\n\n".join(parts))


def _choices(name: str, instructions: str, services: Services) -> Mapping[PreferenceName, str]:
    """What is to be set, "" for what is to be dropped; `off` alone drops both."""
    choices: dict[PreferenceName, str] = {}
    if name.casefold() == OFF:
        choices = {PreferenceName.PERSONA: "", PreferenceName.INSTRUCTIONS: ""}
    elif name:
        choices[PreferenceName.PERSONA] = _known(name, services).name
    if instructions:
        choices[PreferenceName.INSTRUCTIONS] = "" if instructions.casefold() == OFF else instructions
    return choices


def _known(name: str, services: Services) -> Persona:
    found = services.personas.get(name)
    if found is None:
        known = ", ".join(f"`{each.name}`" for each in services.personas.all())
        raise Refused("persona.unknown", name=name, known=known)
    return found


async def keep(choices: Sequence[Preference], services: Services) -> None:
    """Keep what was chosen; a choice without a value is dropped."""
    if not choices:
        return
    async with services.units() as uow:
        for each in choices:
            if each.value:
                await uow.preferences.put(each)
            else:
                await uow.preferences.remove(each.owner, each.name)


def in_force(chosen: Sequence[Preference], person: str, job: Job, services: Services) -> str:
    """What is in force for a person here, or for everyone, and from where."""
    here = resolved(chosen, job.place, person, services.settings.idle_minutes)
    own = {each.name for each in chosen if each.owner == person}

    def source(name: PreferenceName) -> str:
        return say("persona.from_me" if name in own else "persona.from_here", job.locale)

    rows = [_persona_row(here.persona, source(PreferenceName.PERSONA), job.locale, services)]
    if here.instructions:
        words, whence = quote(here.instructions), source(PreferenceName.INSTRUCTIONS)
        rows.append(say("persona.instructions_row", job.locale, source=whence, words=words))
    else:
        rows.append(say("persona.no_instructions_row", job.locale))
    title = say("persona.in_force" if person else "persona.in_force_here", job.locale)
    host = say("persona.host_first", job.locale) if services.settings.instructions else ""
    return "\n\n".join(part for part in (title, "\n".join(rows), host) if part)


def _persona_row(name: str, source: str, locale: str, services: Services) -> str:
    found = services.personas.get(name) if name else None
    if name and found is None:
        return say("persona.gone_row", locale, name=name, source=source)
    if found is None:
        if services.settings.instructions:
            return say("persona.host_row", locale)
        found, source = services.personas.default, say("persona.from_default", locale)
    described = found.description.in_locale(locale)
    return say("persona.row", locale, name=found.name, source=source, description=described)


def _library(locale: str, services: Services) -> str:
    rows = [f"- `{each.name}`: {each.description.in_locale(locale)}" for each in services.personas.all()]
    return say("persona.known", locale) + "\n\n" + "\n".join(rows)


def quote(words: str) -> str:
    """People's words as a quotation in an answer."""
    return "\n".join(f"> {line}" for line in words.splitlines())
