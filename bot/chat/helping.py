"""`/help`: what the bot can do, one command in full, or what holds in a place; from the command table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.chat.completing import proposals
from bot.chat.jobs import Job, Services
from bot.chat.options import options_of
from bot.chat.permissions import is_admin
from bot.chat.standing import standing
from bot.chat.styles import style_sheet
from bot.domain.command_types import Choice
from bot.domain.commands import COMMANDS, HELP, IMAGE, PERSONA, PRIVACY, Command, Option, OptionType, Who
from bot.domain.conversation import Turn, TurnStatus
from bot.domain.help_lines import EXAMPLES
from bot.domain.lines import is_chinese, say
from bot.errors import Refused

HERE = "here"

# What people do for themselves; the rest of everyone's commands asks for something.
_PERSONAL = (PERSONA, PRIVACY)

# Of an option that completes, so many values stand in its help.
_MOST_PROPOSALS = 12

# As good as any number, as for a seed.
_NO_BOUND = 1_000_000


async def help_(job: Job, services: Services) -> Turn:
    """Help on a topic, else the commands that the asker may use and how to steer answers."""
    topic = str(options_of(job.question, HELP).get("topic", "")).lstrip("/!").casefold()
    if topic == HERE:
        text = await standing(job, services)
    elif topic:
        text = await _in_full(_named(topic), job.locale, services)
    else:
        text = _overview(await is_admin(job.asker, job.place, services), job.locale, services)
    sheet = await style_sheet(services, job.locale) if topic == IMAGE.name else None
    return replace(job.answer, pictures=(sheet,) if sheet else ()).ended(TurnStatus.COMPLETE, text)


def _named(topic: str) -> Command:
    found = next((command for command in COMMANDS if command.name == topic), None)
    if found is None:
        topics = ", ".join([HERE, *(command.name for command in COMMANDS)])
        raise Refused("help.unknown_topic", topic=topic, topics=topics)
    return found


def _overview(for_admin: bool, locale: str, services: Services) -> str:
    everyone = [command for command in COMMANDS if command.who is Who.EVERYONE and command is not HELP]
    groups = {
        "help.asking": [command for command in everyone if command not in _PERSONAL],
        "help.yours": [command for command in everyone if command in _PERSONAL],
        "help.admins": [command for command in COMMANDS if command.who is Who.ADMINS and for_admin],
    }
    parts = [say("help.intro", locale, name=services.settings.bot_name)]
    for title, commands in groups.items():
        rows = [say("help.option", locale, name=f"/{each.name}", what=each.help.in_locale(locale)) for each in commands]
        parts.append("\n\n".join([say(title, locale), "\n".join(rows)]) if rows else "")
    return "\n\n".join(part for part in (*parts, say("help.more", locale), say("help.outro", locale)) if part)


# --- one command ----------------------------------------------------------------------------------------------------


async def _in_full(command: Command, locale: str, services: Services) -> str:
    parts = [say("help.title", locale, name=command.name, what=command.help.in_locale(locale)), _kind(command, locale)]
    if command.options:
        rows = [await _option(command, option, locale, services) for option in command.options]
        parts += [say("help.options", locale), "\n".join(rows)]
    if command.main is not None and len(command.options) > 1:
        parts.append(say("help.typing", locale, main=command.main.name))
    examples = [f"- `{line.in_locale(locale)}`" for line in EXAMPLES[command.name]]
    parts += [say("help.examples", locale), "\n".join(examples)]
    return "\n\n".join(part for part in parts if part)


def _kind(command: Command, locale: str) -> str:
    """Who may call it, who sees the answer, and whether it reads files."""
    said = {
        "help.only_admins": command.who is Who.ADMINS,
        "help.is_private": command.private,
        "help.reads_files": command.reads_files,
    }
    gap = "" if is_chinese(locale) else " "
    return gap.join(say(line, locale) for line, holds in said.items() if holds)


async def _option(command: Command, option: Option, locale: str, services: Services) -> str:
    line = "help.needed" if option.required else "help.option"
    row = say(line, locale, name=option.name, what=option.help.in_locale(locale))
    if option.choices:
        # Where they complete, a team may have added its own.
        known = await proposals(command.name, option.name, "", locale, services) if option.completes else option.choices
        values = _listed([_choice(each, locale) for each in known], locale)
        return row + say("help.choices", locale, values=values)
    if option.completes:
        known = await proposals(command.name, option.name, "", locale, services)
        values = _listed([f"`{each.value}`" for each in known[:_MOST_PROPOSALS]], locale)
        return row + (say("help.proposals", locale, values=values) if values else "")
    is_number = option.type in (OptionType.INTEGER, OptionType.NUMBER)
    if is_number and option.high < _NO_BOUND and str(option.high) not in row:
        return row + say("help.range", locale, low=option.low, high=option.high)
    return row


def _choice(choice: Choice, locale: str) -> str:
    """A value, with what it is where the value does not say so itself."""
    label = choice.label.in_locale(locale)
    if label.casefold() == choice.value.replace("-", " "):
        return f"`{choice.value}`"
    return say("help.choice", locale, value=choice.value, label=label)


def _listed(values: Sequence[str], locale: str) -> str:
    return ("、" if is_chinese(locale) else ", ").join(values)
