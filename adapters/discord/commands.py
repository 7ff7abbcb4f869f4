"""The command table as Discord's application commands, registered when they differ from what Discord has.

Formats and limits: https://discord.com/developers/docs/interactions/application-commands
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import discord
import structlog
from discord.http import Route

from adapters.discord.lines import LINES
from adapters.discord.sending import persist
from bot.domain.commands import COMMANDS, Choice, Command, Option, OptionType, Who
from bot.domain.lines import Text

log = structlog.get_logger(__name__)

Payload = dict[str, Any]

# The option that takes a file, in the form of a command that reads files.
FILE_OPTION = "file"
SUMMARIZE_MENU = LINES["menu.summarize"]
REWRITE_MENU = LINES["menu.rewrite"]

_CHINESE = (discord.Locale.chinese, discord.Locale.taiwan_chinese)
_TYPES = {
    OptionType.TEXT: discord.AppCommandOptionType.string,
    OptionType.CHOICE: discord.AppCommandOptionType.string,
    OptionType.INTEGER: discord.AppCommandOptionType.integer,
    OptionType.NUMBER: discord.AppCommandOptionType.number,
}
_LONGEST_TEXT = 6000
_MOST_CHOICES = 25
# In servers and in the bot's direct channels; installed in servers.
_EVERYWHERE = {"contexts": [0, 1], "integration_types": [0]}
# What a member needs to see the command at all, unless the server's admins change it. The core checks again.
_ADMINS = discord.Permissions(manage_guild=True)


def payloads() -> list[Payload]:
    """All commands and message menus as Discord takes them."""
    menus = [_menu(SUMMARIZE_MENU), _menu(REWRITE_MENU)]
    return [*map(_command, COMMANDS), *menus]


async def sync(client: discord.Client) -> bool:
    """Register the commands if Discord has others; whether it had.

    Raises:
        DeliveryError: Discord refuses, or cannot be reached.
    """
    application = client.application_id
    assert application is not None
    if same(await registered(client), payloads()):
        return False
    await persist(lambda: client.http.bulk_upsert_global_commands(application, payload=payloads()))
    log.info("commands registered", count=len(payloads()))
    return True


async def registered(client: discord.Client) -> Sequence[Mapping[str, Any]]:
    """The commands that Discord has, with all their languages.

    Raises:
        DeliveryError: Discord refuses, or cannot be reached.
    """
    # The library's own fetch leaves the other languages out.
    route = Route("GET", "/applications/{application_id}/commands", application_id=client.application_id)
    found: Sequence[Mapping[str, Any]] = await persist(
        lambda: client.http.request(route, params={"with_localizations": "true"})
    )
    return found


def same(known: Sequence[Mapping[str, Any]], ours: Sequence[Mapping[str, Any]]) -> bool:
    """Whether two sets of commands say the same, whatever Discord adds to each."""

    def ordered(commands: Sequence[Mapping[str, Any]]) -> list[Any]:
        return sorted((_essence(command, _COMMAND_KEYS) for command in commands), key=lambda row: str(row["name"]))

    return ordered(known) == ordered(ours)


_COMMAND_KEYS = (
    "name",
    "name_localizations",
    "type",
    "description",
    "description_localizations",
    "options",
    "default_member_permissions",
    "contexts",
    "integration_types",
)
_OPTION_KEYS = (
    "name",
    "type",
    "description",
    "description_localizations",
    "required",
    "choices",
    "autocomplete",
    "min_value",
    "max_value",
    "min_length",
    "max_length",
)
_CHOICE_KEYS = ("name", "name_localizations", "value")


def _essence(row: Mapping[str, Any], keys: Sequence[str]) -> Payload:
    """What a row says, without what is left at its default."""
    essence = {key: row[key] for key in keys if row.get(key)}
    for key, inner in (("options", _OPTION_KEYS), ("choices", _CHOICE_KEYS)):
        if key in essence:
            essence[key] = [_essence(part, inner) for part in essence[key]]
    return essence


def _command(command: Command) -> Payload:
    # Discord wants the required options first.
    options = [_option(option) for option in sorted(command.options, key=lambda option: not option.required)]
    if command.reads_files:
        options.append({"name": FILE_OPTION, "type": 11, **_described(LINES["option.file"])})
    return {
        "name": command.name,
        "type": discord.AppCommandType.chat_input.value,
        **_described(command.help),
        "options": options,
        "default_member_permissions": str(_ADMINS.value) if command.who is Who.ADMINS else None,
        **_EVERYWHERE,
    }


def _option(option: Option) -> Payload:
    payload: Payload = {"name": option.name, "type": _TYPES[option.type].value, **_described(option.help)}
    payload["required"] = option.required
    if option.type is OptionType.CHOICE:
        payload["choices"] = [_choice(choice) for choice in option.choices[:_MOST_CHOICES]]
    elif option.type in (OptionType.INTEGER, OptionType.NUMBER):
        payload |= {"min_value": option.low, "max_value": option.high}
    else:
        payload |= {"max_length": min(option.high, _LONGEST_TEXT), "autocomplete": option.completes}
    return payload


def _choice(choice: Choice) -> Payload:
    return {"name": choice.label.en[:100], "name_localizations": _chinese(choice.label), "value": choice.value}


def _menu(name: Text) -> Payload:
    kind = discord.AppCommandType.message.value
    return {"name": name.en, "name_localizations": _chinese(name), "type": kind, **_EVERYWHERE}


def _described(text: Text) -> Payload:
    return {"description": text.en[:100], "description_localizations": _chinese(text)}


def _chinese(text: Text) -> dict[str, str]:
    return {locale.value: text.zh[:100] for locale in _CHINESE}
