"""What a command is made of: options that read and check their values, choices, and who may call it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.messages import OptionValue
from bot.domain.texts import Text
from bot.errors import Refused


class OptionType(StrEnum):
    """How an option is typed and checked."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    CHOICE = "choice"


class Who(StrEnum):
    """Who may call a command."""

    EVERYONE = "everyone"
    ADMINS = "admins"


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a choice option and how people see it; of one that is proposed, perhaps a small picture (PNG)."""

    value: str
    label: Text
    picture: bytes | None = None


def choices(*rows: tuple[str, str, str]) -> tuple[Choice, ...]:
    """Choices, each given as its value and its label in English and in Chinese."""
    return tuple(Choice(value, Text(en, zh)) for value, en, zh in rows)


@dataclass(frozen=True, slots=True)
class Option:
    """One typed option. `main` takes the words that name no option; `low` and `high` bound a number or a length.

    For an option that `completes`, values can be proposed while one types (`bot.chat.reading.Reading.complete`). The
    `choices` of a TEXT option are proposals: any other words may be typed.
    """

    name: str
    type: OptionType
    help: Text
    required: bool = False
    main: bool = False
    choices: tuple[Choice, ...] = ()
    low: int = 0
    high: int = 4000
    completes: bool = False

    def read(self, value: OptionValue) -> OptionValue:
        """The value as this option's type.

        Raises:
            Refused: it is not of the type, not a choice, or out of bounds.
        """
        if self.type in (OptionType.INTEGER, OptionType.NUMBER):
            return self._read_number(value)
        text = str(value).strip()
        if self.type is OptionType.CHOICE:
            return self._read_choice(text)
        if len(text) > self.high:
            raise Refused("command.too_long", option=self.name, limit=self.high)
        return text

    def _read_number(self, value: OptionValue) -> int | float:
        try:
            number = int(value) if self.type is OptionType.INTEGER else float(value)
        except ValueError:
            number = self.low - 1
        # What is not a number at all ("nan") lies between no bounds.
        if not self.low <= number <= self.high:
            line = "command.not_a_number" if self.type is OptionType.INTEGER else "command.not_a_measure"
            raise Refused(line, option=self.name, low=self.low, high=self.high, value=value)
        return number

    def _read_choice(self, text: str) -> str:
        wanted = text.lower().replace(" ", "-")
        for choice in self.choices:
            if wanted == choice.value:
                return choice.value
        known = ", ".join(choice.value for choice in self.choices)
        raise Refused("command.not_a_choice", option=self.name, value=text, choices=known)


@dataclass(frozen=True, slots=True)
class Command:
    """An intent with typed arguments.

    `private`: the answer is shown to the asker only, where the platform can. `reads_files`: attached texts are read.
    """

    name: str
    help: Text
    options: tuple[Option, ...] = ()
    who: Who = Who.EVERYONE
    private: bool = False
    reads_files: bool = False

    @property
    def is_aside(self) -> bool:
        """Whether it stands beside the talk: nobody's next message answers it, or waits for it."""
        return self.private or self.who is Who.ADMINS

    @property
    def main(self) -> Option | None:
        """The option that takes the words without a name."""
        return next((option for option in self.options if option.main), None)

    def option(self, name: str) -> Option | None:
        """The option of this name."""
        return next((option for option in self.options if option.name == name), None)

    def read(self, given: Mapping[str, OptionValue]) -> dict[str, OptionValue]:
        """The options, each read as its type.

        Raises:
            Refused: an option is unknown, missing or wrong.
        """
        values: dict[str, OptionValue] = {}
        for name, value in given.items():
            option = self.option(name)
            if option is None:
                known = ", ".join(option.name for option in self.options)
                raise Refused("command.unknown_option", option=name, command=self.name, options=known)
            values[name] = option.read(value)
        for option in self.options:
            if option.required and not str(values.get(option.name, "")).strip():
                raise Refused("command.missing_option", option=option.name, command=self.name)
        return values
