"""What `/privacy` says of learning, and how far forgetting reaches."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.domain.places import Person, Place, Platform
from bot.domain.preferences import Preference, PreferenceName
from bot.domain.releases import Release, ReleaseState, RunState
from bot.domain.training import Example, ExampleKind, ExampleSource, Origin
from bot.training.rows import read_examples, write_examples
from tests.houses import ANA, BEN, CHANNEL, DIRECT, OTHER, THREAD, House, open_house
from tests.patience import PATIENCE_S
from tests.platforms import FakePlatform
from tests.trainers import ScriptedTrainer


def _learned_from(house: House, run: str, *people: Person) -> Path:
    """A run's examples, one for each of these people."""
    examples = [
        Example(
            ExampleKind.VERDICT,
            (),
            f"Hello {person.name}",
            Origin(ExampleSource.RATING, house.clock.now(), rated_by=person.key, people=(person.key,)),
        )
        for person in people
    ]
    path = house.folder / "runs" / run / "train.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(write_examples(examples), encoding="utf-8")
    return path


async def _forget(house: House, person: Person = ANA) -> str:
    """What a person is shown who asks to be forgotten. The answer's turn is forgotten, too."""
    turn = await house.call("privacy", by=person, action="forget-me")
    (shown,) = (reply.answer for reply in house.platform.finished if reply.target.turn.id == turn.id)
    assert shown is not None
    return shown.text


async def _releases(house: House) -> dict[str, Release]:
    async with house.services.units.reading() as uow:
        return {row.name: row for row in await uow.releases.all()}


async def test_forgetting_erases_examples_and_names_the_releases_built_on_them(house: House) -> None:
    shared = _learned_from(house, "r1", ANA, BEN)
    _learned_from(house, "r2", BEN)
    async with house.services.units() as uow:
        for run in ("r1", "r2"):
            await uow.releases.put(
                Release(f"writer-{run}", "writer", ReleaseState.RETIRED, house.clock.now(), f"runs/{run}/weights")
            )

    told = await _forget(house)

    assert "`writer-r1`" in told
    assert "/retrain start" in told
    assert "writer-r2" not in told
    assert [each.origin.rated_by for each in read_examples(shared.read_text(encoding="utf-8"), "a")] == [BEN.key]
    marks = {name: row.scores.get("forgotten_people") for name, row in (await _releases(house)).items()}
    assert (marks["writer-r1"], marks["writer-r2"]) == (1, None)


async def test_a_release_whose_weights_are_gone_is_not_named(house: House) -> None:
    _learned_from(house, "r1", ANA)
    async with house.services.units() as uow:
        await uow.releases.put(Release("writer-r1", "writer", ReleaseState.DISCARDED, house.clock.now()))

    assert "writer-r1" not in await _forget(house)


@pytest.mark.parametrize(("person", "stops"), [(ANA, True), (BEN, False)])
async def test_a_run_that_learns_from_someone_who_is_forgotten_is_stopped(
    tmp_path: Path, person: Person, stops: bool
) -> None:
    """And goes on when it is another who is forgotten."""
    steps = asyncio.Semaphore(1)
    trainer = ScriptedTrainer(tmp_path, steps=steps)
    async with open_house(tmp_path, trainer=trainer) as house:
        house.platform.admins.add(ANA.key)
        await house.services.releases.follow()
        for each in (ANA, BEN):
            await house.ask("Hello", by=each)
        accepted = await house.core.accept(house.command("retrain"))
        assert accepted is not None
        training = house.services.training
        async with asyncio.timeout(PATIENCE_S):
            while training.current is None or training.current.progress is None:
                await asyncio.sleep(0.005)
        _learned_from(house, training.current.run.id, ANA)

        told = await _forget(house, person)

        assert ("training run was under way" in told) is stops
        for _ in range(2):
            steps.release()
        await house.settled(accepted.answer.id)
        async with house.services.units.reading() as uow:
            (run,) = await uow.releases.runs()
        assert (run.state is RunState.STOPPED) is stops


@pytest.mark.parametrize(
    ("platform", "locale", "says", "says_not"),
    [
        (Platform.DISCORD, "en", "Discord's developer policy forbids", "Slack"),
        (Platform.SLACK, "en", "Slack's developer policy forbids", "Discord"),
        (Platform.WEB, "en", "Answers that people here rate or improve become training examples", "policy"),
        (Platform.DISCORD, "zh-CN", "Discord 的开发者政策规定", "Slack"),
        (Platform.SLACK, "zh-CN", "Slack 的开发者政策规定", "Discord"),
    ],
)
async def test_turning_learning_on_says_what_it_means_and_what_the_platforms_policy_is(
    tmp_path: Path, platform: Platform, locale: str, says: str, says_not: str
) -> None:
    admin = Person(platform, "1", "Ana", locale=locale)
    place = Place(platform, "team", "general")
    async with open_house(tmp_path, platform=FakePlatform(platform)) as house:
        house.platform.admins.add(admin.key)
        told = await house.call("privacy", by=admin, place=place, action="learning-on")

    assert says in told.text
    assert says_not not in told.text
    assert "/privacy learning-off" in told.text


async def test_without_any_run_forgetting_names_no_release(house: House) -> None:
    await house.ask("Hello", place=DIRECT)

    assert "release" not in await _forget(house)


async def _learning(house: House, place: Place) -> bool:
    """What a person is shown there."""
    return "Learning from this place is on." in (await house.call("privacy", by=BEN, place=place)).text


async def test_learning_that_is_turned_on_in_a_channel_covers_its_threads(house: House) -> None:
    house.platform.admins.add(ANA.key)
    await house.call("privacy", place=CHANNEL, action="learning-on")

    assert await _learning(house, THREAD)


async def test_what_an_admin_says_of_learning_in_a_thread_holds_for_the_channel(house: House) -> None:
    """Also over what the thread had chosen for itself, as earlier versions kept it."""
    house.platform.admins.add(ANA.key)
    async with house.services.units() as uow:
        await uow.preferences.put(Preference(THREAD.key, PreferenceName.LEARNING, "on", ANA.key, house.clock.now()))
    assert (await _learning(house, THREAD), await _learning(house, CHANNEL)) == (True, False)

    await house.call("privacy", place=CHANNEL, action="learning-on")
    await house.call("privacy", place=THREAD, action="learning-off")

    assert (await _learning(house, THREAD), await _learning(house, CHANNEL)) == (False, False)


async def test_forgetting_takes_a_persons_own_persona_and_instructions_along(house: House) -> None:
    house.platform.admins.add(ANA.key)
    await house.ask("/persona poet instructions: Call me captain")
    await house.ask("/settings idle 2h", place=CHANNEL)

    await _forget(house)

    async with house.services.units.reading() as uow:
        assert await uow.preferences.of_owners(ANA.key) == []
        (kept,) = await uow.preferences.of_owners(CHANNEL.key)
    assert (kept.value, kept.set_by) == ("120", "")


async def test_a_digest_that_is_sent_to_a_forgotten_person_ends(house: House) -> None:
    """One that they ordered for the place goes on."""
    house.platform.admins.add(ANA.key)
    await house.call("digest", place=CHANNEL, every="daily")
    await house.call("digest", place=OTHER, every="daily", to="me")

    await _forget(house)

    async with house.services.units.reading() as uow:
        (order,) = await uow.preferences.of_name(PreferenceName.DIGEST)
    assert order.owner == CHANNEL.key
