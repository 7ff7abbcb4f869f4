"""`/settings`: what holds in a place, who set it when, and changing it. Only for the place's admins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.chat.jobs import Job, Services
from bot.chat.moments import zone_named
from bot.chat.options import options_of
from bot.chat.personas import OFF, keep, quote
from bot.chat.prompting import check_system_message
from bot.chat.summary.reports import Reader, at
from bot.domain.commands import SETTINGS_COMMAND
from bot.domain.conversation import Turn, TurnStatus
from bot.domain.lines import say
from bot.domain.place_settings import MOST_MEMORY, SETTINGS, PlaceSettings, resolved
from bot.domain.preferences import Preference, PreferenceName
from bot.errors import Refused
from bot.ports import UnitOfWork

RESET = "reset"

# Where the names of admins are looked for: those who spoke to the bot here lately.
_LATELY = 200


async def settings(job: Job, services: Services) -> Turn:
    """Change one setting, put back one or all, or show them."""
    options = options_of(job.question, SETTINGS_COMMAND)
    changes = _changes(str(options.get("name", "")), str(options.get("value", "")), job.locale)
    if style := changes.get(PreferenceName.HOUSE_STYLE):
        await _check_style(style, job, services)
    owner, by, now = job.place.channel_key, job.asker.key, services.clock.now()
    await keep([Preference(owner, name, value, by, now) for name, value in changes.items()], services)
    async with services.units.reading() as uow:
        table = await settings_table(job, services, uow)
    parts = [say("settings.changed", job.locale), table] if changes else [table, _how(job.locale)]
    return job.answer.ended(TurnStatus.COMPLETE, "\n\n".join(parts))


def _changes(name: str, value: str, locale: str) -> Mapping[PreferenceName, str]:
    """What is to be set, "" for what goes back to the host's.

    Raises:
        Refused: there is no such setting, no value, or a wrong one.
    """
    known = ", ".join(SETTINGS)
    if not name:
        if value:
            raise Refused("settings.which", known=known)
        return {}
    if name == RESET:
        if value and value not in SETTINGS:
            raise Refused("settings.bad_reset", value=value, known=known)
        return {setting.preference: "" for setting in SETTINGS.values() if value in ("", setting.name)}
    if not value:
        raise Refused("settings.no_value", name=name, how=say(f"settings.how_{name}", locale, high=MOST_MEMORY))
    setting = SETTINGS[name]
    if setting.preference is PreferenceName.HOUSE_STYLE and value.casefold() == OFF:
        return {setting.preference: ""}
    return {setting.preference: setting.read(value)}


async def _check_style(style: str, job: Job, services: Services) -> None:
    """Refuse a house style that leaves the model no room beside the place's persona and instructions."""
    async with services.units.reading() as uow:
        chosen = await uow.preferences.of_owners(job.place.channel_key)
    here = resolved(chosen, job.place, "", services.settings.idle_minutes)
    await check_system_message(replace(here, house_style=style), job.locale, services)


async def settings_table(job: Job, services: Services, uow: UnitOfWork) -> str:
    """What holds here, each with who set it and when, as a table; the house style in full below."""
    owner = job.place.channel_key
    chosen = {each.name: each for each in await uow.preferences.of_owners(owner)}
    here = resolved(chosen.values(), job.place, "", services.settings.idle_minutes)
    names = await _names(list(chosen.values()), job, uow)
    head = say("settings.head", job.locale)
    rows = [f"| {head} |", "| --- | --- | --- |"]
    for setting in SETTINGS.values():
        value = _shown(setting.name, here, job.locale)
        rows.append(f"| `{setting.name}` | {value} | {_set_by(chosen.get(setting.preference), names, job)} |")
    style = quote(here.house_style) if here.house_style else ""
    return "\n\n".join(part for part in (say("settings.title", job.locale), "\n".join(rows), style) if part)


def _shown(name: str, here: PlaceSettings, locale: str) -> str:
    match name:
        case "house-style" if here.house_style:
            return say("settings.chosen", locale, count=len(here.house_style))
        case "house-style":
            return say("settings.none", locale)
        case "idle" if here.idle_minutes and here.idle_minutes % 60 == 0:
            return say("settings.hours", locale, count=here.idle_minutes // 60)
        case "idle":
            return say("settings.minutes", locale, count=here.idle_minutes)
        case "memory" if here.memory == MOST_MEMORY:
            return say("settings.all", locale)
        case "memory":
            return say("settings.messages", locale, count=here.memory)
    return say("settings.on" if here.greets_threads else "settings.off", locale)


def _set_by(choice: Preference | None, names: Mapping[str, str], job: Job) -> str:
    if choice is None:
        return say("settings.by_host", job.locale)
    who = names.get(choice.set_by) or say("settings.an_admin", job.locale)
    when = at(choice.set_at, Reader(job.locale, zone_named(job.asker.timezone)))
    return say("settings.by", job.locale, who=who.replace("|", "/"), when=when)


async def _names(chosen: Sequence[Preference], job: Job, uow: UnitOfWork) -> Mapping[str, str]:
    """The names of those who set something, as far as they spoke to the bot here lately."""
    names = {job.asker.key: say("settings.you", job.locale)}
    if any(choice.set_by not in names for choice in chosen):
        turns = await uow.turns.in_conversation(job.question.conversation_id, limit=_LATELY)
        names = {turn.author: turn.author_name for turn in turns if not turn.is_by_bot} | names
    return names


def _how(locale: str) -> str:
    rows = [f"- {say(f'settings.how_{name}', locale, high=MOST_MEMORY)}" for name in (*SETTINGS, RESET)]
    return "\n".join([*rows, f"- {say('settings.persona', locale)}"])
