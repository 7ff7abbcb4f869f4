"""What Discord accepts as application commands.

Source: https://discord.com/developers/docs/interactions/application-commands
"""

from __future__ import annotations

import re
from typing import Any

from tests.servers.discord.errors import ApiError, Form
from tests.servers.discord.model import Json

SLASH, USER_MENU, MESSAGE_MENU = 1, 2, 3
AT_MOST = {SLASH: 100, USER_MENU: 15, MESSAGE_MENU: 15}
SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, NUMBER = 1, 2, 3, 4, 5, 10
KINDS = tuple(range(1, 12))

# Lower case where the letter has one; words may hold other scripts, Devanagari and Thai.
_NAME = re.compile(r"^[-_'\w\u0900-\u097F\u0E00-\u0E7F]{1,32}$", re.UNICODE)

# fmt: off
LOCALES = (
    "bg", "cs", "da", "de", "el", "en-GB", "en-US", "es-419", "es-ES", "fi", "fr", "hi", "hr", "hu", "id", "it", "ja",
    "ko", "lt", "nl", "no", "pl", "pt-BR", "ro", "ru", "sv-SE", "th", "tr", "uk", "vi", "zh-CN", "zh-TW",
)
# fmt: on


def check_all(commands: Any) -> None:
    """A whole set, as a bulk overwrite brings it.

    Raises:
        ApiError: as Discord would answer.
    """
    form = Form()
    seen: set[tuple[int, str]] = set()
    for number, command in enumerate(commands):
        kind = command.get("type", SLASH)
        _check(form, f"{number}", command, kind)
        if (kind, str(command.get("name"))) in seen:
            text = "Application command names must be unique"
            form.wrong(f"{number}.name", "APPLICATION_COMMANDS_DUPLICATE_NAME", text)
        seen.add((kind, str(command.get("name"))))
    form.check()
    for kind, most in AT_MOST.items():
        if sum(command.get("type", SLASH) == kind for command in commands) > most:
            raise ApiError(400, 30032, f"Maximum number of application commands reached ({most})")


def _check(form: Form, path: str, command: Json, kind: int) -> None:
    if not form.one_of(f"{path}.type", kind, (SLASH, USER_MENU, MESSAGE_MENU)):
        return
    _check_name(form, f"{path}.name", command.get("name"), strict=kind == SLASH)
    _check_localized(form, path, command, strict=kind == SLASH, described=kind == SLASH)
    if kind != SLASH:
        if command.get("description"):
            text = "Context menu commands cannot have description"
            form.wrong(f"{path}.description", "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_FORBIDDEN", text)
        return
    if form.required(f"{path}.description", command.get("description")):
        form.length(f"{path}.description", command["description"], 1, 100)
    _check_options(form, path, command.get("options") or [])
    if len(_all_text(command)) > 8000:
        form.wrong(path, "APPLICATION_COMMAND_TOO_LARGE", "Command exceeds maximum size (8000)")


def _check_options(form: Form, path: str, options: list[Json]) -> None:
    if len(options) > 25:
        form.wrong(f"{path}.options", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    names: set[str] = set()
    optional_seen = False
    for number, option in enumerate(options):
        where = f"{path}.options.{number}"
        _check_option(form, where, option)
        if option.get("name") in names:
            text = "Option names in a command must be unique"
            form.wrong(f"{where}.name", "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", text)
        names.add(str(option.get("name")))
        if option.get("required") and optional_seen:
            text = "Required options must be placed before non-required options"
            form.wrong(where, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", text)
        optional_seen = optional_seen or not option.get("required", False)


def _check_option(form: Form, path: str, option: Json) -> None:
    if not form.one_of(f"{path}.type", option.get("type"), KINDS):
        return
    _check_name(form, f"{path}.name", option.get("name"), strict=True)
    _check_localized(form, path, option, strict=True, described=True)
    if form.required(f"{path}.description", option.get("description")):
        form.length(f"{path}.description", option["description"], 1, 100)
    kind = option["type"]
    if kind in (SUBCOMMAND, GROUP):
        _check_options(form, path, option.get("options") or [])
        return
    choices = option.get("choices") or []
    if choices and option.get("autocomplete"):
        text = "Autocomplete and choices are mutually exclusive"
        form.wrong(f"{path}.autocomplete", "APPLICATION_COMMAND_AUTOCOMPLETE_CHOICES_EXCLUSIVE", text)
    if option.get("autocomplete") and kind not in (STRING, INTEGER, NUMBER):
        form.wrong(f"{path}.autocomplete", "APPLICATION_COMMAND_INVALID_AUTOCOMPLETE", "Not available for this type")
    check_choices(form, f"{path}.choices", choices, kind)
    for name, low in (("min_length", 0), ("max_length", 1)):
        value = option.get(name)
        if value is not None and not low <= value <= 6000:
            form.wrong(f"{path}.{name}", "NUMBER_TYPE_MAX", f"int value should be between {low} and 6000.")
    for name in ("min_value", "max_value"):
        if option.get(name) is not None and abs(option[name]) > 2**53:
            form.wrong(f"{path}.{name}", "NUMBER_TYPE_MAX", "number value should be within 2^53.")


def check_choices(form: Form, path: str, choices: list[Json], kind: int) -> None:
    """Choices of an option, and of an autocomplete's answer."""
    if len(choices) > 25:
        form.wrong(path, "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    for number, choice in enumerate(choices):
        if form.required(f"{path}.{number}.name", choice.get("name")):
            form.length(f"{path}.{number}.name", choice["name"], 1, 100)
        value = choice.get("value")
        if not form.required(f"{path}.{number}.value", value):
            continue
        if kind == STRING:
            form.length(f"{path}.{number}.value", value, 1, 100)
        elif not isinstance(value, int | float) or isinstance(value, bool):
            form.wrong(f"{path}.{number}.value", "NUMBER_TYPE_COERCE", f'Value "{value}" is not a number.')


def _check_name(form: Form, path: str, name: Any, *, strict: bool) -> None:
    if not form.required(path, name):
        return
    form.length(path, name, 1, 32)
    if strict and (not _NAME.match(name) or name != name.lower()):
        form.wrong(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _check_localized(form: Form, path: str, of: Json, *, strict: bool, described: bool) -> None:
    for locale, text in (of.get("name_localizations") or {}).items():
        form.one_of(f"{path}.name_localizations.{locale}", locale, LOCALES)
        _check_name(form, f"{path}.name_localizations.{locale}", text, strict=strict)
    for locale, text in (of.get("description_localizations") or {}).items():
        form.one_of(f"{path}.description_localizations.{locale}", locale, LOCALES)
        if described:
            form.length(f"{path}.description_localizations.{locale}", text, 1, 100)


def _all_text(of: Json) -> str:
    """The names, descriptions and choices that count towards a command's 8,000 characters."""
    text = str(of.get("name", "")) + str(of.get("description", ""))
    for choice in of.get("choices") or []:
        text += str(choice.get("name", "")) + str(choice.get("value", ""))
    return text + "".join(_all_text(option) for option in of.get("options") or [])
