"""Values to propose while people type an option that completes, with what each of them is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from bot.chat.form_files import load_forms
from bot.chat.jobs import Services
from bot.chat.styles import known_styles
from bot.domain.command_types import Choice
from bot.domain.commands import CODE, COMMANDS, HELP, IMAGE, PERSONA, RELEASE, TRANSLATE, WRITE
from bot.domain.languages import LANGUAGES, PROGRAMMING_LANGUAGES
from bot.domain.lines import LINES
from bot.domain.texts import Text

# What Discord shows of proposals, and of the name of one.
MOST_COMPLETIONS = 25
_LABEL_LIMIT = 100


async def proposals(command: str, option: str, typed: str, locale: str, services: Services) -> list[Choice]:
    """Those whose value or label holds what is typed, those that begin with it first; at most 25.

    A label is at most 100 characters long.
    """
    known = _KNOWN.get((command, option))
    wanted = typed.strip().casefold()
    values = await known(services, locale) if known else []
    found = [each for each in values if any(wanted in words for words in _words(each, locale))]
    found.sort(key=lambda each: not any(words.startswith(wanted) for words in _words(each, locale)))
    return [replace(each, label=_short(each.label)) for each in found[:MOST_COMPLETIONS]]


def _words(choice: Choice, locale: str) -> tuple[str, str]:
    return choice.value.casefold(), choice.label.in_locale(locale).casefold()


def _short(label: Text) -> Text:
    return Text(label.en[:_LABEL_LIMIT], label.zh[:_LABEL_LIMIT])


def named(value: str, what: Text) -> Choice:
    """A value with what it is behind it."""
    return Choice(value, Text(f"{value}: {what.en}", f"{value}：{what.zh}"))


async def _releases(services: Services, locale: str) -> Sequence[Choice]:
    async with services.units.reading() as uow:
        names = [release.name for release in await uow.releases.all()]
    return [Choice(name, Text(name, name)) for name in names]


async def _personas(services: Services, locale: str) -> Sequence[Choice]:
    chosen = [named(persona.name, persona.description) for persona in services.personas.all()]
    return [*chosen, named("off", LINES["persona.off_label"])]


async def _forms(services: Services, locale: str) -> Sequence[Choice]:
    library = await load_forms(services.settings.data_folder)
    return [Choice(form.name, form.label) for form in library.for_writing]


async def _languages(services: Services, locale: str) -> Sequence[Choice]:
    return [Choice(name, label) for name, label in LANGUAGES.items()]


async def _programming_languages(services: Services, locale: str) -> Sequence[Choice]:
    return [Choice(name, Text(name, name)) for name in PROGRAMMING_LANGUAGES]


async def _topics(services: Services, locale: str) -> Sequence[Choice]:
    return [named("here", LINES["help.here_label"]), *(named(command.name, command.help) for command in COMMANDS)]


_KNOWN: Mapping[tuple[str, str], Callable[[Services, str], Awaitable[Sequence[Choice]]]] = {
    (WRITE.name, "form"): _forms,
    (TRANSLATE.name, "to"): _languages,
    (CODE.name, "language"): _programming_languages,
    (IMAGE.name, "style"): known_styles,
    (PERSONA.name, "name"): _personas,
    (RELEASE.name, "name"): _releases,
    (HELP.name, "topic"): _topics,
}
