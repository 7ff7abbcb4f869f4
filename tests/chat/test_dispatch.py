"""What was accepted is answered once, or visibly refused: over restarts, lost messages and a full disk."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.chat import dispatch
from bot.domain.conversation import TurnStatus
from bot.domain.places import Place, Platform, owning_place
from bot.engine.scripted import ScriptedGenerator
from bot.errors import DeliveryError, DiskFull
from tests.houses import ANA, BEN, CHANNEL, LIN, House, chat_settings, open_house
from tests.platforms import FakePlatform


async def _crash_while_answering(folder: Path, written: str = "") -> str:
    """Accept a message, let so much of an answer be seen, and close the house without grace: the answer's turn id."""
    generator = ScriptedGenerator()
    generator.enqueue(written, asyncio.Event())
    async with open_house(folder, generator=generator) as house:
        accepted = await house.core.accept(house.message("Hello"))
        assert accepted is not None
        while not generator.requests:
            await asyncio.sleep(0.01)
        shown = house.platform.replies
        await house.platform.until(lambda: not written or any((written, "") in reply.states for reply in shown))
    return accepted.answer.id


@pytest.mark.parametrize("written", ["", "Half"])
async def test_what_was_accepted_before_a_stop_is_answered_after_it_once(tmp_path: Path, written: str) -> None:
    turn_id = await _crash_while_answering(tmp_path, written)

    generator = ScriptedGenerator(lambda request: "The whole answer.")
    async with open_house(tmp_path, generator=generator) as house:
        answer = await house.settled(turn_id)
        assert house.platform.sent == ["The whole answer."]
        assert await house.pending() == 0
    async with open_house(tmp_path, generator=generator):
        pass

    assert answer.text == "The whole answer."
    assert len(generator.requests) == 1


async def test_a_recorded_answer_is_delivered_after_a_restart_and_not_made_again(tmp_path: Path) -> None:
    platform = FakePlatform(failures=[DeliveryError("gone", retryable=True)])
    generator = ScriptedGenerator(lambda request: "once")
    async with open_house(tmp_path, generator=generator, platform=platform) as house:
        accepted = await house.core.accept(house.message("Hello"))
        assert accepted is not None
        while platform.failures or house.core.is_answering(accepted.answer.id):
            await asyncio.sleep(0.01)
        assert (await house.turn(accepted.answer.id)).status is TurnStatus.COMPLETE
        assert await house.pending() == 1

    async with open_house(tmp_path, generator=generator) as house:
        assert [answer.text for answer in await house.platform.answers()] == ["once"]

    assert len(generator.requests) == 1


async def test_a_lost_delivery_is_tried_again_by_the_running_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "ROUND_S", 0.05)
    platform = FakePlatform(failures=[DeliveryError("gone", retryable=True)])
    async with open_house(tmp_path, platform=platform) as house:
        accepted = await house.core.accept(house.message("Hello"))
        assert accepted is not None

        await house.settled(accepted.answer.id)

    assert len(platform.sent) == 1


async def test_a_delivery_that_can_never_arrive_is_given_up(house: House) -> None:
    house.platform.failures.append(DeliveryError("the channel was deleted", retryable=False))

    await house.core.accept(house.message("Hello"))
    while house.platform.failures or await house.pending():
        await asyncio.sleep(0.01)

    assert house.platform.sent == []


async def test_an_event_that_was_cut_off_too_often_is_set_aside_with_a_sentence(tmp_path: Path) -> None:
    turn_id = await _crash_while_answering(tmp_path)
    for _ in range(dispatch.MAX_ATTEMPTS - 1):
        generator = ScriptedGenerator(lambda request: [asyncio.Event()])
        async with open_house(tmp_path, generator=generator):
            while not generator.requests:
                await asyncio.sleep(0.01)

    async with open_house(tmp_path) as house:
        answer = await house.settled(turn_id)

    assert answer.status is TurnStatus.FAILED
    assert "set it aside" in answer.text


async def test_an_event_whose_caller_goes_away_is_answered_all_the_same(house: House) -> None:
    accepting = asyncio.create_task(house.core.accept(house.message("Hello")))
    await asyncio.sleep(0)
    accepting.cancel()

    assert [answer.text for answer in await house.platform.answers()] == ["Fine."]


async def test_a_full_disk_at_acceptance_reaches_the_adapter_and_nothing_is_half_kept(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise DiskFull("no space")

    monkeypatch.setattr("storage.repositories.turns.SqlTurns.add", full)

    with pytest.raises(DiskFull):
        await house.core.accept(house.message("Hello"))

    assert await house.pending() == 0


async def test_an_answer_that_cannot_be_kept_is_shown_with_the_reason_and_made_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "ROUND_S", 0.05)
    async with open_house(tmp_path) as house:
        house.generator.enqueue("first")
        house.generator.enqueue("second")
        failing = _FailOnce(monkeypatch)

        accepted = await house.core.accept(house.message("Hello"))
        assert accepted is not None
        shown = (await house.platform.answers())[0]
        turn = await house.settled(accepted.answer.id)
        while (await house.turn(turn.id)).status.is_open:
            await asyncio.sleep(0.01)

    assert failing.failed
    assert shown.text == "first"
    assert "disk is full" in shown.note


class _FailOnce:
    """The disk is full for the one write that stores an answer's last state."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from storage.repositories.turns import SqlTurns

        self.failed = False
        real = SqlTurns.update

        async def update(turns: SqlTurns, turn: object) -> None:
            if not self.failed and turn.status is TurnStatus.COMPLETE:  # type: ignore[attr-defined]
                self.failed = True
                raise DiskFull("no space")
            await real(turns, turn)  # type: ignore[arg-type]

        monkeypatch.setattr(SqlTurns, "update", update)


async def test_a_person_over_the_budget_is_told_when_to_come_back(tmp_path: Path) -> None:
    async with open_house(tmp_path, settings=chat_settings(PERSON_BUDGET="2/minute")) as house:
        answers = [await house.ask("Hello", by=LIN) for _ in range(3)]

    assert [answer.status for answer in answers] == [TurnStatus.COMPLETE, TurnStatus.COMPLETE, TurnStatus.REFUSED]
    assert "秒后可以再问" in answers[-1].text


async def test_a_full_line_refuses_further_requests(tmp_path: Path) -> None:
    generator = ScriptedGenerator(lambda request: [asyncio.Event()])
    async with open_house(tmp_path, generator=generator, settings=chat_settings(QUEUE_LIMIT="1")) as house:
        for number in range(2):
            await house.core.accept(house.message("Hello", place=_channel(number)))
        while house.services.admission.waiting < 1:
            await asyncio.sleep(0.01)

        answer = await house.ask("Hello", place=_channel(2))

    assert answer.status is TurnStatus.REFUSED
    assert "1 requests are waiting" in answer.text


def _channel(number: int) -> Place:
    return owning_place(Platform.DISCORD, "guild", f"c{number}")


async def test_a_refused_message_is_not_part_of_what_is_read_later(tmp_path: Path) -> None:
    async with open_house(tmp_path, settings=chat_settings(PERSON_BUDGET="1/hour")) as house:
        await house.ask("first", by=ANA, place=CHANNEL)
        refused = await house.ask("second", by=ANA, place=CHANNEL)
        answer = await house.ask("third", by=BEN, place=CHANNEL)

    assert refused.status is TurnStatus.REFUSED
    assert answer.prompt is not None
    assert refused.text not in [message.content for message in answer.prompt]
