"""Preferences, releases and runs: values that are put and replaced by name."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.preferences import Preference, PreferenceName
from bot.domain.releases import Release, ReleaseState, Run, RunState
from bot.domain.training import TrainingMetric
from bot.ports import UnitOfWorkFactory
from tests.storage.builders import ADA, NOW, PLACE, later, new_id


async def test_a_preference_is_replaced_and_removed(units: UnitOfWorkFactory) -> None:
    on = Preference(PLACE.key, PreferenceName.LEARNING, "on", ADA.key, NOW)
    off = replace(on, value="off", set_at=later(5))
    async with units() as uow:
        await uow.preferences.put(on)
        await uow.preferences.put(off)
        assert await uow.preferences.get(PLACE.key, PreferenceName.LEARNING) == off
        assert await uow.preferences.get(PLACE.key, PreferenceName.OPT_OUT) is None
        await uow.preferences.remove(PLACE.key, PreferenceName.LEARNING)
        assert await uow.preferences.get(PLACE.key, PreferenceName.LEARNING) is None


async def test_all_choices_of_several_owners_are_read_at_once(units: UnitOfWorkFactory) -> None:
    persona = Preference(ADA.key, PreferenceName.PERSONA, "poet", ADA.key, NOW)
    learning = Preference(PLACE.key, PreferenceName.LEARNING, "on", ADA.key, later(1))
    style = Preference(PLACE.key, PreferenceName.HOUSE_STYLE, "Say “we”.\n不用感叹号。", ADA.key, later(2))
    other = Preference("discord/9", PreferenceName.PERSONA, "editor", "discord/9", NOW)
    async with units() as uow:
        for each in (other, style, learning, persona):
            await uow.preferences.put(each)
    async with units.reading() as uow:
        assert await uow.preferences.of_owners(PLACE.key) == [style, learning]
        assert {each.value for each in await uow.preferences.of_owners(PLACE.key, ADA.key)} == {
            persona.value,
            learning.value,
            style.value,
        }
        assert await uow.preferences.of_owners("nobody", "nowhere") == []


async def test_releases_come_newest_first_and_are_replaced_by_name(units: UnitOfWorkFactory) -> None:
    base = Release("base", "writer", ReleaseState.ACTIVE, NOW)
    tuned = Release("tuned-1", "writer", ReleaseState.CANDIDATE, later(1), "w/1", "base", "f00d", {"wins": 0.6})
    async with units() as uow:
        for release in (base, tuned, replace(base, state=ReleaseState.RETIRED)):
            await uow.releases.put(release)
        assert await uow.releases.all() == [tuned, replace(base, state=ReleaseState.RETIRED)]


async def test_runs_come_newest_first_and_change_their_state(units: UnitOfWorkFactory) -> None:
    runs = [Run(new_id(), ADA.key, "tune", RunState.RUNNING, later(second)) for second in range(3)]
    done = replace(
        runs[2],
        state=RunState.PROMOTED,
        finished_at=later(60),
        used=120,
        dropped={"opted out": 3},
        verdict="Better: 58% of 100.",
        release="tuned-1",
    )
    async with units() as uow:
        for run in [*runs, done]:
            await uow.releases.put_run(run)
        assert await uow.releases.runs(limit=2) == [done, runs[1]]


async def test_a_runs_curves_are_kept_by_name_and_step(units: UnitOfWorkFactory) -> None:
    run = Run(new_id(), ADA.key, "tune", RunState.RUNNING, NOW)
    points = [TrainingMetric("loss", 2, 1.5), TrainingMetric("loss", 10, 1.25), TrainingMetric("margin", 1, 0.5)]
    async with units() as uow:
        await uow.releases.put_run(run)
        await uow.releases.put_metrics(run.id, [points[2], points[1], TrainingMetric("loss", 2, 9.0)])
        await uow.releases.put_metrics(run.id, [points[0], TrainingMetric("loss", 3, float("nan"))])
        await uow.releases.put_metrics(run.id, [])
        assert await uow.releases.metrics(run.id) == points
        assert await uow.releases.metrics("another") == []
