from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.domain.place_settings import MOST_IDLE, MOST_MEMORY, SETTINGS, PlaceSettings, resolved
from bot.domain.places import Place, Platform
from bot.domain.preferences import Preference, PreferenceName
from bot.errors import Refused

PLACE = Place(Platform.SLACK, "T1", "C1")
ANA, BEN = "slack/U1", "slack/U2"


def _chosen(owner: str, **values: str) -> list[Preference]:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    return [Preference(owner, PreferenceName(name), value, ANA, now) for name, value in values.items()]


def test_where_nothing_is_chosen_the_hosts_settings_hold() -> None:
    assert resolved([], PLACE, ANA, 45) == PlaceSettings(idle_minutes=45)


def test_a_persons_own_persona_and_instructions_outweigh_the_places() -> None:
    chosen = [
        *_chosen(PLACE.key, persona="editor", instructions="Be brief.", house_style="Say “we”."),
        *_chosen(ANA, persona="poet"),
    ]

    assert resolved(chosen, PLACE, ANA, 30) == PlaceSettings("poet", "Be brief.", "Say “we”.")
    assert resolved(chosen, PLACE, BEN, 30) == PlaceSettings("editor", "Be brief.", "Say “we”.")


def test_a_person_sets_nothing_of_the_place_for_themselves() -> None:
    chosen = _chosen(ANA, house_style="Shout.", idle="1", memory="1", greeting="on")

    assert resolved(chosen, PLACE, ANA, 30) == PlaceSettings()


def test_a_thread_has_the_settings_of_its_channel() -> None:
    chosen = _chosen(PLACE.key, house_style="Say “we”.", idle="90", memory="12", greeting="on")

    here = resolved(chosen, replace(PLACE, thread="1718.5"), ANA, 30)

    assert here == PlaceSettings("", "", "Say “we”.", 90, 12, True)


@pytest.mark.parametrize(
    ("name", "typed", "kept"),
    [
        ("idle", "45", "45"),
        ("idle", "90 min", "90"),
        ("idle", "2h", "120"),
        ("idle", "1.5 hours", "90"),
        ("idle", "1,5h", "90"),
        ("idle", "1d", "1440"),
        ("idle", "2小时", "120"),
        ("idle", "30分钟", "30"),
        ("idle", "3天", "4320"),
        ("idle", "0", "0"),
        ("idle", str(MOST_IDLE), str(MOST_IDLE)),
        ("memory", "0", "0"),
        ("memory", "020", "20"),
        ("memory", "all", str(MOST_MEMORY)),
        ("memory", "全部", str(MOST_MEMORY)),
        ("greet", "On", "on"),
        ("greet", "否", "off"),
        ("house-style", "Say “we”.", "Say “we”."),
    ],
)
def test_a_value_is_read_as_people_write_it(name: str, typed: str, kept: str) -> None:
    assert SETTINGS[name].read(typed) == kept


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("idle", "soon"),
        ("idle", "-5"),
        ("idle", "8d"),
        ("idle", str(MOST_IDLE + 1)),
        ("idle", "1e3"),
        ("idle", "999999999999999999999h"),
        ("memory", "many"),
        ("memory", "-1"),
        ("memory", "2.5"),
        ("memory", str(MOST_MEMORY + 1)),
        ("memory", "٣"),
        ("greet", "perhaps"),
    ],
)
def test_a_wrong_value_is_refused_with_the_bounds(name: str, typed: str) -> None:
    with pytest.raises(Refused) as refusal:
        SETTINGS[name].read(typed)

    assert refusal.value.line == f"settings.bad_{name}"
    assert refusal.value.values["value"] == typed
