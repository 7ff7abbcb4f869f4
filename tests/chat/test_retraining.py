from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.chat.learning import Upkeep
from bot.domain.conversation import TurnStatus
from bot.domain.generation import GenerationRequest
from bot.domain.messages import RateReply, StopReply
from bot.domain.ratings import RatingSource, Verdict
from bot.domain.releases import Release, ReleaseState, Run, RunState
from bot.domain.training import Collected
from bot.engine.scripted import ScriptedGenerator
from bot.errors import DeliveryError, TrainingFailed
from tests.houses import ANA, BEN, DIRECT, LIN, House, open_house
from tests.patience import PATIENCE_S
from tests.trainers import ScriptedTrainer, ratings


def _named(request: GenerationRequest) -> str:
    return f"I am {request.release or 'in service'}."


@pytest.fixture
async def trainer(tmp_path: Path) -> ScriptedTrainer:
    return ScriptedTrainer(tmp_path)


@pytest.fixture
async def taught(tmp_path: Path, trainer: ScriptedTrainer) -> House:  # type: ignore[misc]
    async with open_house(tmp_path, trainer=trainer, generator=ScriptedGenerator(_named)) as house:
        house.platform.admins.add(ANA.key)
        await house.services.releases.follow()
        await house.ask("Hello")
        yield house


async def _releases(house: House) -> dict[str, Release]:
    async with house.services.units.reading() as uow:
        return {row.name: row for row in await uow.releases.all()}


async def _runs(house: House) -> list[Run]:
    async with house.services.units.reading() as uow:
        return list(await uow.releases.runs())


async def _vote(house: House, release: str, good: int, bad: int) -> None:
    """Votes on answers of a release, as if it had given them."""
    for number in range(good + bad):
        answer = await house.ask("Again?")
        async with house.services.units() as uow:
            turn = await uow.turns.get(answer.id)
            assert turn is not None
            await uow.turns.update(replace(turn, release=release))
        verdict = Verdict.GOOD if number < good else Verdict.BAD
        vote = RateReply(house.ref(answer.id), BEN, verdict, RatingSource.REACTION, house.clock.now())
        assert await house.core.rate(vote)


# --- a run ----------------------------------------------------------------------------------------------------------


async def test_a_better_candidate_serves_and_the_card_says_so(taught: House, trainer: ScriptedTrainer) -> None:
    answer = await taught.call("retrain")

    releases = await _releases(taught)
    name = next(name for name, row in releases.items() if row.weights)
    assert releases[name].state is ReleaseState.ACTIVE
    assert taught.generator.health().release == name
    assert name in answer.text
    assert "71% (58% to 83%)" in answer.text
    assert "3 left out" in answer.text
    assert "Hello there" in answer.text
    assert [run.state for run in await _runs(taught)] == [RunState.PROMOTED]


async def test_a_candidate_that_fails_a_gate_is_not_used_and_the_card_says_why(
    taught: House, trainer: ScriptedTrainer
) -> None:
    trainer.failed_gates = ("gate.ranking_gain",)
    before = taught.generator.health().release

    answer = await taught.call("retrain")

    assert taught.generator.health().release == before
    assert "Not better" in answer.text
    rejected = [row for row in (await _releases(taught)).values() if row.state is ReleaseState.REJECTED]
    assert [row.weights for row in rejected] == [None]


async def test_progress_is_shown_while_it_runs(taught: House, trainer: ScriptedTrainer) -> None:
    trainer.steps = asyncio.Semaphore(1)
    accepted = await taught.core.accept(taught.command("retrain"))
    assert accepted is not None
    await taught.platform.until(lambda: any("1/3" in text for text, _ in taught.platform.replies[-1].states))
    text = taught.platform.replies[-1].states[-1][0]
    trainer.steps.release()
    trainer.steps.release()
    await taught.settled(accepted.answer.id)

    assert "33%" in text
    assert "loss 2.000" in text
    assert "0:29" in text


async def test_the_bot_answers_while_it_trains(taught: House, trainer: ScriptedTrainer) -> None:
    trainer.steps = asyncio.Semaphore(0)
    await taught.core.accept(taught.command("retrain"))

    assert (await taught.ask("Are you there?", by=BEN)).status is TurnStatus.COMPLETE


async def test_too_few_ratings_are_refused_with_how_many_are_missing(taught: House, trainer: ScriptedTrainer) -> None:
    trainer.collected = Collected(ratings(20, 10))

    answer = await taught.call("retrain")

    assert answer.status is TurnStatus.REFUSED
    assert "20 are missing" in answer.text
    assert await _runs(taught) == []


async def test_ratings_of_one_kind_are_refused(taught: House, trainer: ScriptedTrainer) -> None:
    trainer.collected = Collected(ratings(60, 2))

    assert "one-sided" in (await taught.call("retrain")).text


async def test_only_one_run_at_a_time(taught: House, trainer: ScriptedTrainer) -> None:
    trainer.steps = asyncio.Semaphore(0)
    await taught.core.accept(taught.command("retrain"))
    await _begun(trainer)

    second = await taught.call("retrain")
    trainer.elsewhere = True

    assert second.status is TurnStatus.REFUSED
    assert "under way already" in second.text


async def test_a_run_of_another_process_is_not_joined(taught: House, trainer: ScriptedTrainer) -> None:
    trainer.elsewhere = True

    assert "under way already" in (await taught.call("retrain")).text


async def test_only_admins_retrain(taught: House) -> None:
    assert (await taught.call("retrain", by=BEN)).status is TurnStatus.REFUSED


async def test_a_stopped_run_ends_its_process_and_is_recorded(taught: House, trainer: ScriptedTrainer) -> None:
    trainer.steps = asyncio.Semaphore(1)
    accepted = await taught.core.accept(taught.command("retrain"))
    assert accepted is not None
    await taught.platform.until(lambda: any("1/3" in text for text, _ in taught.platform.replies[-1].states))

    assert await taught.core.stop(StopReply(DIRECT, ANA))
    answer = await taught.settled(accepted.answer.id)

    assert answer.status is TurnStatus.STOPPED
    assert trainer.closed == 1
    assert [run.state for run in await _runs(taught)] == [RunState.STOPPED]


async def test_a_word_stops_a_run_that_another_admin_began(taught: House, trainer: ScriptedTrainer) -> None:
    trainer.steps = asyncio.Semaphore(1)
    accepted = await taught.core.accept(taught.command("retrain"))
    assert accepted is not None
    await _begun(trainer)
    taught.platform.admins.add(LIN.key)

    said = await taught.call("retrain", by=LIN, action="stop")
    answer = await taught.settled(accepted.answer.id)

    assert "正在停止" in said.text
    assert "Stopped" in answer.text


async def test_a_failed_run_leaves_the_release_in_service(taught: House, trainer: ScriptedTrainer) -> None:
    trainer.error = TrainingFailed(detail="killed")
    before = taught.generator.health().release

    answer = await taught.call("retrain")

    assert answer.status is TurnStatus.FAILED
    assert "goes on unchanged" in answer.text
    assert taught.generator.health().release == before
    assert [run.state for run in await _runs(taught)] == [RunState.FAILED]


async def test_a_run_ends_with_its_process_and_is_not_begun_again(tmp_path: Path, trainer: ScriptedTrainer) -> None:
    trainer.steps = asyncio.Semaphore(0)
    async with open_house(tmp_path, trainer=trainer) as house:
        house.platform.admins.add(ANA.key)
        await house.services.releases.follow()
        accepted = await house.core.accept(house.command("retrain"))
        await _begun(trainer)
    assert accepted is not None

    async with open_house(tmp_path, trainer=trainer) as house:
        house.platform.admins.add(ANA.key)
        await house.services.training.close_interrupted()
        answer = await house.settled(accepted.answer.id)
        runs = await _runs(house)

    assert "ended with the process" in answer.text
    assert [run.state for run in runs] == [RunState.FAILED]
    assert len(trainer.orders) == 1


async def test_a_dry_run_shows_what_would_be_used(taught: House, trainer: ScriptedTrainer) -> None:
    answer = await taught.call("retrain", action="dry-run")

    assert "60 ratings" in answer.text
    assert trainer.orders == []


async def test_the_next_run_has_to_beat_the_release_in_service(taught: House, trainer: ScriptedTrainer) -> None:
    await taught.call("retrain")
    await taught.call("retrain")

    assert [order.in_service for order in trainer.orders] == [None, f"runs/{trainer.orders[0].run_id}/weights"]


async def test_curves_are_kept_with_the_run(taught: House, trainer: ScriptedTrainer) -> None:
    await taught.call("retrain")
    async with taught.services.units.reading() as uow:
        metrics = await uow.releases.metrics(trainer.orders[0].run_id)

    assert [(point.name, point.step) for point in metrics] == [("sft_loss", 1), ("sft_loss", 2), ("sft_loss", 3)]


# --- releases -------------------------------------------------------------------------------------------------------


async def test_a_canary_answers_its_share_of_the_conversations_and_the_same_ones(
    tmp_path: Path, trainer: ScriptedTrainer
) -> None:
    share = {"RELEASE_CANARY_SHARE": "0.5"}
    async with open_house(tmp_path, trainer=trainer, learning=share, generator=ScriptedGenerator(_named)) as house:
        house.platform.admins.add(ANA.key)
        await house.services.releases.follow()
        await house.ask("Hello")
        await house.call("retrain")
        chosen = [house.services.releases.chosen_for(f"c{number}") for number in range(400)]

    named = [name for name in chosen if name]
    assert 150 < len(named) < 250
    assert len(set(named)) == 1


async def test_a_release_that_people_like_less_is_rolled_back_and_the_admins_are_told(
    tmp_path: Path, trainer: ScriptedTrainer
) -> None:
    async with open_house(tmp_path, trainer=trainer, learning={"RELEASE_LEAST_VOTES": "10"}) as house:
        house.platform.admins.add(ANA.key)
        await house.services.releases.follow()
        base = (await house.ask("Hello")).release
        assert base is not None
        await _vote(house, base, good=9, bad=1)
        await house.call("retrain")
        name = house.generator.health().release
        await _vote(house, name, good=2, bad=9)

        await Upkeep(house.services, house.core.announce).round()

        await house.platform.until(lambda: "Rolled back" in (_last(house)))
        assert house.generator.health().release == base
        assert (await _releases(house))[name].state is ReleaseState.ROLLED_BACK
        assert "90%" in _last(house)


async def test_too_few_votes_decide_nothing(tmp_path: Path, trainer: ScriptedTrainer) -> None:
    async with open_house(tmp_path, trainer=trainer, learning={"RELEASE_LEAST_VOTES": "10"}) as house:
        house.platform.admins.add(ANA.key)
        await house.services.releases.follow()
        base = (await house.ask("Hello")).release
        assert base is not None
        await _vote(house, base, good=9, bad=1)
        await house.call("retrain")
        await _vote(house, house.generator.health().release, good=0, bad=5)

        assert await house.services.releases.judge() is None


async def test_a_candidate_that_people_like_no_less_takes_over(tmp_path: Path, trainer: ScriptedTrainer) -> None:
    settings = {"RELEASE_CANARY_SHARE": "0.3", "RELEASE_LEAST_VOTES": "5"}
    async with open_house(tmp_path, trainer=trainer, learning=settings) as house:
        house.platform.admins.add(ANA.key)
        await house.services.releases.follow()
        base = (await house.ask("Hello")).release
        assert base is not None
        await _vote(house, base, good=3, bad=3)
        await house.call("retrain")
        name = next(name for name, row in (await _releases(house)).items() if row.weights)
        assert house.generator.health().release == base
        await _vote(house, name, good=5, bad=1)

        judgement = await house.services.releases.judge()

        assert judgement is not None
        assert not judgement.rolled_back
        assert house.generator.health().release == name


async def test_an_admin_goes_back_and_forth_by_hand(taught: House, trainer: ScriptedTrainer) -> None:
    base = taught.generator.health().release
    await taught.call("retrain")
    name = taught.generator.health().release

    await taught.call("release", action="rollback")
    after_rollback = taught.generator.health().release
    await taught.ask(f"/release use {name}")
    after_use = taught.generator.health().release
    await taught.ask(f"!release use {base}")

    assert (after_rollback, after_use, taught.generator.health().release) == (base, name, base)


@pytest.mark.parametrize(
    ("action", "name", "words"), [("use", "nobody@1", "no release"), ("rollback", "", "nothing to")]
)
async def test_what_cannot_be_done_with_a_release_is_said(taught: House, action: str, name: str, words: str) -> None:
    answer = await taught.ask(f"/release {action} {name}")

    assert answer.status is TurnStatus.REFUSED
    assert words in answer.text


async def test_a_release_is_shown_with_its_figures_in_words(taught: House, trainer: ScriptedTrainer) -> None:
    await taught.call("retrain")

    shown = await taught.ask("/release show")

    assert "came after scripted@00000000" in shown.text
    assert "71%" in shown.text


async def test_a_restart_serves_the_same_release(tmp_path: Path, trainer: ScriptedTrainer) -> None:
    async with open_house(tmp_path, trainer=trainer) as house:
        house.platform.admins.add(ANA.key)
        await house.services.releases.follow()
        await house.call("retrain")
        name = house.generator.health().release

    async with open_house(tmp_path) as house:
        await house.services.releases.follow()

        assert house.generator.health().release == name


async def test_old_releases_are_let_go_and_their_weights_swept(tmp_path: Path, trainer: ScriptedTrainer) -> None:
    async with open_house(tmp_path, trainer=trainer, learning={"KEEP_RELEASES": "1"}) as house:
        house.platform.admins.add(ANA.key)
        await house.services.releases.follow()
        for _ in range(4):
            await house.call("retrain")
        states = [row.state for row in (await _releases(house)).values()]

        assert sorted(states) == sorted(
            [ReleaseState.ACTIVE, ReleaseState.RETIRED, ReleaseState.DISCARDED, ReleaseState.DISCARDED]
        )
        assert len(await house.services.releases.unneeded_weights()) == 2


async def test_a_notice_is_said_once_across_a_restart(tmp_path: Path, trainer: ScriptedTrainer) -> None:
    async with open_house(tmp_path, trainer=trainer) as house:
        house.platform.admins.add(LIN.key)
        await house.call("release", by=LIN)
        upkeep = Upkeep(house.services, house.core.announce)
        house.platform.failures.append(DeliveryError("unreachable", retryable=True))
        await upkeep._tell(lambda locale: f"Hello, {locale}")
        await house.platform.until(lambda: not house.platform.failures)

    async with open_house(tmp_path, trainer=trainer) as house:
        await house.platform.until(lambda: bool(house.platform.finished))

        assert _last(house) == "Hello, zh-CN"


# --- unasked --------------------------------------------------------------------------------------------------------


async def test_new_votes_start_a_run_and_its_card_is_posted(tmp_path: Path, trainer: ScriptedTrainer) -> None:
    async with open_house(tmp_path, trainer=trainer, learning={"RETRAIN_AFTER_VOTES": "3"}) as house:
        house.platform.admins.add(ANA.key)
        await house.services.releases.follow()
        await house.call("release")
        base = (await house.ask("Hello")).release
        assert base is not None
        upkeep = Upkeep(house.services, house.core.announce)
        await _vote(house, base, good=2, bad=0)
        await upkeep.round()
        assert trainer.orders == []
        await _vote(house, base, good=2, bad=0)

        await upkeep.round()

        await house.platform.until(lambda: "in service" in _last(house))
        assert [run.asked_by for run in await _runs(house)] == ["votes"]
        await upkeep.round()
        assert len(trainer.orders) == 1
        await upkeep.close()


async def test_a_schedule_starts_a_run_when_it_is_due(tmp_path: Path, trainer: ScriptedTrainer) -> None:
    async with open_house(tmp_path, trainer=trainer, learning={"RETRAIN_SCHEDULE": "0 3 * * *"}) as house:
        await house.services.releases.follow()
        upkeep = Upkeep(house.services, house.core.announce)
        await upkeep.begin()
        await upkeep.round()
        assert trainer.orders == []
        house.clock.time = house.clock.time.replace(day=23, hour=3)

        await upkeep.round()

        await _begun(trainer)
        await upkeep.close()


async def _begun(trainer: ScriptedTrainer) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not trainer.orders:
            await asyncio.sleep(0.01)


def _last(house: House) -> str:
    answer = house.platform.finished[-1].answer if house.platform.finished else None
    return answer.text if answer else ""
