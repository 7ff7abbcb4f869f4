"""`/help`: what the bot can do, in the asker's language, from the command table."""

from __future__ import annotations

from bot.chat.jobs import Job, Services
from bot.chat.options import options_of
from bot.chat.permissions import is_admin
from bot.domain.commands import COMMANDS, HELP, Command, Option, Who
from bot.domain.conversation import Turn, TurnStatus
from bot.domain.lines import say


async def help_(job: Job, services: Services) -> Turn:
    """List the commands that the asker may use, and how to rate and steer answers."""
    options_of(job.question, HELP)
    admin = await is_admin(job.asker, job.place, services)
    commands = [command for command in COMMANDS if admin or command.who is Who.EVERYONE]
    rows = [_row(command, job.locale) for command in commands]
    intro = say("help.intro", job.locale, name=services.settings.bot_name)
    text = "\n\n".join([intro, "\n".join(rows), say("help.outro", job.locale)])
    return job.answer.ended(TurnStatus.COMPLETE, text)


def _row(command: Command, locale: str) -> str:
    options = " ".join(_usage(option) for option in command.options)
    usage = f"/{command.name} {options}".strip()
    return f"- `{usage}`: {command.help.in_locale(locale)}"


def _usage(option: Option) -> str:
    """`about` in brackets when it may be left out; choices spelled out while they are few."""
    few = option.choices and len(option.choices) <= 6
    value = "|".join(choice.value for choice in option.choices) if few else "…"
    word = (value if few else option.name) if option.main else f"{option.name}:{value}"
    return word if option.required else f"[{word}]"
