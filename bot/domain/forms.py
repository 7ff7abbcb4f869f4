"""The forms of texts that can be asked for: what a form's file says, checked, and the request that a model gets.

A form is data: one TOML file. Where the files lie and how they are read is for `bot.chat.form_files`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain.form_checks import Check, Fault, read_check
from bot.domain.form_rendering import RENDERINGS
from bot.domain.texts import Text, is_chinese

# What a prompt may hold. `{about}` is always given; `{wishes}` gathers tone, audience and length in brackets.
PLACES = ("about", "tone", "audience", "length", "language", "wishes")

LONGEST = 2000
SHORTEST = 10

TONES: Mapping[str, Text] = {
    "neutral": Text("neutral", "中性"),
    "formal": Text("formal", "正式"),
    "friendly": Text("friendly", "友好"),
    "persuasive": Text("persuasive", "有说服力"),
    "playful": Text("playful", "活泼"),
}
# How freely the next word is chosen; "balanced" is as the form or the model's own configuration says.
CREATIVITY: Mapping[str, Mapping[str, float]] = {
    "precise": {"temperature": 0.3, "top_p": 0.8},
    "balanced": {},
    "creative": {"temperature": 1.0, "top_p": 0.95},
}

# What is given and has no place of its own in the prompt: in `{wishes}`, else in sentences after the prompt. The
# bundled writer was not tuned on such wishes: brackets leave its drafts as they are, sentences turn its head.
_WISHES: Mapping[str, Text] = {
    "tone": Text("{tone}", "{tone}"),
    "audience": Text("for {audience}", "写给{audience}看"),
    "length": Text("about {length}", "大约{length}"),
}
_SENTENCES: Mapping[str, Text] = {
    "tone": Text("Use a {tone} tone.", "语气要{tone}。"),
    "audience": Text("It is for {audience}.", "写给{audience}看。"),
    "length": Text("Write about {length}.", "大约{length}。"),
}
_UNITS = Text("{count} words", "{count}字")

_PLACE = re.compile(r"\{(\w*)\}")
# A part in square brackets stands only when all its places are given; brackets around no place are ordinary text.
_OPTIONAL = re.compile(r"\[([^\[\]]*\{\w+\}[^\[\]]*)\]")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_SAMPLING = {
    "temperature": (0.0, 5.0),
    "top_p": (0.0, 1.0),
    "min_p": (0.0, 1.0),
    "repetition_penalty": (0.1, 10.0),
}
_KEYS = (
    "label",
    "help",
    "prompt",
    "language",
    "length",
    "creativity",
    "by_lines",
    "sign_off",
    "own_length",
    "rendering",
    "sampling",
    "checks",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asks for. `length` counts words or characters; `language` is named as the person named it."""

    about: str
    tone: str = ""
    audience: str = ""
    length: int | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """A form of text.

    Attributes:
        language: "english" or "chinese" where the form is written in one language, whoever asks; else "".
        length: the length in words or characters where nobody names one; None: as it comes.
        by_lines: the text is ended at a line's end when it is too long, as lists and poems are.
        sign_off: its last paragraph is a greeting and a name, and stays when the text is shortened.
        own_length: the form itself decides the length, so that none can be asked for.
        rendering: how what the model wrote is brought into shape, by its name in `RENDERINGS`.
    """

    name: str
    label: Text
    help: Text
    prompt: Text
    language: str = ""
    length: int | None = None
    creativity: str = "balanced"
    by_lines: bool = False
    sign_off: bool = False
    own_length: bool = False
    rendering: str = "plain"
    sampling: Mapping[str, float] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()

    def request(self, asked: Asked, locale: str) -> str:
        """What the model is asked, in this locale's language: the prompt with what was given in its places."""
        length = _UNITS.in_locale(locale).format(count=asked.length) if asked.length else ""
        tone = TONES[asked.tone].in_locale(locale) if asked.tone in TONES else asked.tone
        values = {
            "about": asked.about,
            "tone": tone,
            "audience": asked.audience,
            "length": length,
            "language": asked.language,
        }
        prompt = self.prompt.in_locale(locale)
        loose = [name for name in _WISHES if values[name] and f"{{{name}}}" not in prompt]
        wishes = [_filled(_WISHES[name].in_locale(locale), values) for name in loose]
        sentences = [_filled(_SENTENCES[name].in_locale(locale), values) for name in loose]
        brackets = "（{}）" if is_chinese(locale) else " ({})"
        joint = "，" if is_chinese(locale) else ", "
        if "{wishes}" in prompt:
            values["wishes"], sentences = brackets.format(joint.join(wishes)) if wishes else "", []
        after = ("" if is_chinese(locale) else " ").join(sentences)
        return "\n\n".join(part for part in (_filled(prompt, values), after) if part)

    def rendered(self, text: str, language: str = "") -> str:
        """What the model wrote, in the form's shape."""
        return RENDERINGS[self.rendering](text.strip(), language)

    def faults(self, text: str, language: str = "") -> list[Fault]:
        """What is wrong with a text of this form; `language` is the one asked for, in lower-case English."""
        return [fault for check in self.checks if (fault := check.fault(text, language)) is not None]


def parse_form(name: str, table: Mapping[str, object]) -> Form:
    """A form from its file's name (without the ending) and its content.

    Raises:
        ValueError: something is missing or wrong; the text says what, and what may stand there.
    """
    if not _NAME.fullmatch(name):
        raise ValueError("the file's name must be lower-case letters, digits and hyphens, such as status-report.toml")
    unknown = [key for key in table if key not in _KEYS]
    if unknown:
        raise ValueError(f'there is no "{unknown[0]}" in a form; there are {", ".join(_KEYS)}')
    if "prompt" not in table:
        raise ValueError('"prompt" is missing')
    prompt = _text(table, "prompt")
    for words in (prompt.en, prompt.zh):
        _check_places(words)
    label = _text(table, "label", name)
    return Form(
        name=name,
        label=label,
        help=_text(table, "help", label),
        prompt=prompt,
        language=_one_of(table, "language", ("", "english", "chinese")),
        length=_length(table),
        creativity=_one_of(table, "creativity", ("balanced", *CREATIVITY)),
        by_lines=_flag(table, "by_lines"),
        sign_off=_flag(table, "sign_off"),
        own_length=_flag(table, "own_length"),
        rendering=_one_of(table, "rendering", ("plain", *RENDERINGS)),
        sampling=_sampling(_table(table, "sampling")),
        checks=tuple(read_check(check, value) for check, value in _table(table, "checks").items()),
    )


def _filled(template: str, values: Mapping[str, str]) -> str:
    """A template with its places filled; a part in brackets goes where something in it is not given."""

    def optional(match: re.Match[str]) -> str:
        return match[1] if all(values.get(place) for place in _PLACE.findall(match[1])) else ""

    return _PLACE.sub(lambda match: values[match[1]], _OPTIONAL.sub(optional, template))


def _check_places(prompt: str) -> None:
    unknown = [place for place in _PLACE.findall(prompt) if place not in PLACES]
    if unknown:
        raise ValueError(f'"prompt" has no place {{{unknown[0]}}}; there are {", ".join(PLACES)}')
    bare = _PLACE.findall(_OPTIONAL.sub("", prompt))
    if "about" not in bare:
        raise ValueError('"prompt" must hold {about}, outside of square brackets')
    optional = [place for place in bare if place not in ("about", "language", "wishes")]
    if optional:
        raise ValueError(f'"prompt" must hold {{{optional[0]}}} in square brackets: it is not always given')


def _text(table: Mapping[str, object], key: str, otherwise: str | Text = "") -> Text:
    """A text for both languages, or one in each."""
    value = table.get(key, otherwise)
    if isinstance(value, Text):
        return value
    if isinstance(value, str) and value.strip():
        return Text(value, value)
    if isinstance(value, Mapping):
        en, zh = value.get("en"), value.get("zh")
        if set(value) == {"en", "zh"} and isinstance(en, str) and isinstance(zh, str) and en.strip() and zh.strip():
            return Text(en, zh)
    raise ValueError(f'"{key}" must be a text, or a table with a text for "en" and for "zh"')


def _one_of(table: Mapping[str, object], key: str, known: tuple[str, ...]) -> str:
    value = table.get(key, known[0])
    if not isinstance(value, str) or value not in known:
        raise ValueError(f'"{key}" must be one of {", ".join(dict.fromkeys(filter(None, known)))}, not {value!r}')
    return value


def _length(table: Mapping[str, object]) -> int | None:
    value = table.get("length")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not SHORTEST <= value <= LONGEST:
        raise ValueError(f'"length" must be a number from {SHORTEST} to {LONGEST}, not {value!r}')
    return value


def _flag(table: Mapping[str, object], key: str) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise ValueError(f'"{key}" must be true or false, not {value!r}')
    return value


def _table(table: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = table.get(key, {})
    if not isinstance(value, Mapping):
        raise ValueError(f'"{key}" must be a table: begin it with [{key}]')
    return value


def _sampling(table: Mapping[str, object]) -> dict[str, float]:
    for name, value in table.items():
        if name not in _SAMPLING:
            raise ValueError(f'there is no "{name}" in [sampling]; there are {", ".join(_SAMPLING)}')
        low, high = _SAMPLING[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError(f'"{name}" must lie between {low:g} and {high:g}, not {value!r}')
    return {name: float(value) for name, value in table.items() if isinstance(value, int | float)}
