"""What people set for a place, and for themselves: persona, instructions, house style, idle window, memory, greeting.

Each is a preference of its own, so that it is known who set it and when; a value is text. Those of a place belong to
its channel: a thread has the settings of the channel that it is in. What a person set for themselves outweighs what is
set for the place, which outweighs the host's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from bot.domain.places import Place
from bot.domain.preferences import Preference, PreferenceName
from bot.errors import Refused

# Characters.
INSTRUCTIONS_LIMIT = 2000
HOUSE_STYLE_LIMIT = 1000

# A week, in minutes.
MOST_IDLE = 7 * 24 * 60
# Earlier messages; as many as a branch is ever read.
MOST_MEMORY = 1000


@dataclass(frozen=True, slots=True)
class PlaceSettings:
    """What holds for one person in one place.

    `persona` names one ("" none). `house_style` is kept to in everything written here. `idle_minutes` is how long a
    message in a plain channel carries on from the latest one. `memory` is how many earlier messages an answer reads at
    most, within the model's window. `greets_threads`: the bot greets who opens a thread here.
    """

    persona: str = ""
    instructions: str = ""
    house_style: str = ""
    idle_minutes: int = 30
    memory: int = MOST_MEMORY
    greets_threads: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a place that its admins change: its name as typed, its preference, and how its value is read.

    `read` gives the value as it is kept, and raises Refused with the bounds. That of a text is the option's length.
    """

    name: str
    preference: PreferenceName
    read: Callable[[str], str]


def resolved(chosen: Iterable[Preference], place: Place, person: str, idle_minutes: int) -> PlaceSettings:
    """What holds for a person (by key) in a place, of all that the two chose.

    Args:
        idle_minutes: the host's own.
    """
    by_owner = {(each.owner, each.name): each.value for each in chosen}

    def own(name: PreferenceName) -> str:
        return by_owner.get((person, name)) or by_owner.get((place.channel_key, name), "")

    return PlaceSettings(
        persona=own(PreferenceName.PERSONA),
        instructions=own(PreferenceName.INSTRUCTIONS),
        house_style=by_owner.get((place.channel_key, PreferenceName.HOUSE_STYLE), ""),
        idle_minutes=int(by_owner.get((place.channel_key, PreferenceName.IDLE), idle_minutes)),
        memory=int(by_owner.get((place.channel_key, PreferenceName.MEMORY), MOST_MEMORY)),
        greets_threads=by_owner.get((place.channel_key, PreferenceName.GREETING)) == "on",
    )


_TIME = re.compile(
    r"(?P<number>\d+(?:[.,]\d+)?)\s*"
    r"(?:(?P<minutes>m|mins?|minutes?|分钟?|分鐘)|(?P<hours>h|hours?|小时|小時|个小时)|(?P<days>d|days?|天|日))?",
    re.IGNORECASE,
)
_MINUTES_IN = {"minutes": 1, "hours": 60, "days": 24 * 60}
_ON = ("on", "yes", "true", "开", "是", "开启")
_OFF = ("off", "no", "false", "关", "否", "关闭")


def _idle(words: str) -> str:
    match = _TIME.fullmatch(words)
    unit = next((unit for unit in _MINUTES_IN if match and match[unit]), "minutes")
    minutes = round(float(match["number"].replace(",", ".")) * _MINUTES_IN[unit]) if match else -1
    if not 0 <= minutes <= MOST_IDLE:
        raise Refused("settings.bad_idle", value=words, high=MOST_IDLE)
    return str(minutes)


def _memory(words: str) -> str:
    if words.casefold() in ("all", "全部"):
        return str(MOST_MEMORY)
    if not re.fullmatch(r"[0-9]{1,6}", words) or int(words) > MOST_MEMORY:
        raise Refused("settings.bad_memory", value=words, high=MOST_MEMORY)
    return str(int(words))


def _greet(words: str) -> str:
    if words.casefold() in _ON:
        return "on"
    if words.casefold() in _OFF:
        return "off"
    raise Refused("settings.bad_greet", value=words)


SETTINGS: Mapping[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting("house-style", PreferenceName.HOUSE_STYLE, str),
        Setting("idle", PreferenceName.IDLE, _idle),
        Setting("memory", PreferenceName.MEMORY, _memory),
        Setting("greet", PreferenceName.GREETING, _greet),
    )
}
