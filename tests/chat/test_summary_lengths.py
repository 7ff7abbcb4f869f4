"""/summarize of texts of any length, in parts that may fail or be stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.conversation import TurnStatus
from bot.domain.generation import EngineHealth, GenerationRequest
from bot.domain.messages import HistoryMessage, MessageRef, StopReply
from bot.domain.places import Place, Platform
from bot.engine.scripted import ScriptedGenerator
from bot.errors import EngineDied
from bot.settings import BUNDLED_WRITER
from tests.chat.talking import talk
from tests.houses import ANA, BEN, CHANNEL, House, open_house
from tests.patience import PATIENCE_S
from tests.platforms import FakePlatform


async def test_a_text_of_any_length_is_summed_up_in_parts(tmp_path: Path) -> None:
    gate = asyncio.Event()
    generator = ScriptedGenerator(lambda request: [gate, "They talked."], window=512)
    async with open_house(tmp_path, generator=generator) as house:
        lines = "\n".join(f"Ana: this is line number {number} of the long talk" for number in range(200))
        accepted = await house.core.accept(house.message(f"/summarize {lines}"))
        assert accepted is not None
        await house.platform.until(
            lambda: any("0 of" in note for reply in house.platform.replies for _, note in reply.states)
        )
        gate.set()
        answer = await house.settled(accepted.answer.id)

    read = "\n".join(message.content for request in generator.requests for message in request.messages)
    assert answer.text.startswith("They talked.")
    assert len(generator.requests) > 3
    assert all(f"line number {number} of" in read for number in range(200))


async def test_one_enormous_line_is_cut_between_words_and_still_summed_up(tmp_path: Path) -> None:
    generator = ScriptedGenerator(lambda request: "Much.", window=512)
    async with open_house(tmp_path, generator=generator) as house:
        answer = await house.ask("/summarize " + "много слов 词 " * 2000)

    rows = {
        word
        for request in generator.requests
        for word in request.messages[-1].content.partition("<transcript>\n")[2].partition("\n</transcript>")[0].split()
    }
    assert answer.text.startswith("Much.")
    assert rows == {"много", "слов", "词", "Much."}


async def test_parts_are_summed_up_side_by_side_and_leave_half_of_the_batch_free(tmp_path: Path) -> None:
    gate = asyncio.Event()

    def reply(request: GenerationRequest) -> list[object]:
        return [gate, "They talked."] if request.person == ANA.key else ["Hello."]

    generator = ScriptedGenerator(reply, window=512, capacity=8)  # type: ignore[arg-type]
    async with open_house(tmp_path, generator=generator) as house:
        lines = "\n".join(f"Ana: this is line number {number} of the long talk" for number in range(300))
        accepted = await house.core.accept(house.message(f"/summarize {lines}"))
        assert accepted is not None
        await house.platform.until(lambda: bool(house.platform.replies and house.platform.replies[0].states))
        while generator.health().running < 4:
            await asyncio.sleep(0.005)
        answers = [await house.ask("Hi", by=BEN, place=CHANNEL) for _ in range(3)]
        running = generator.health().running
        gate.set()
        await house.settled(accepted.answer.id)

    assert [answer.text for answer in answers] == ["Hello."] * 3
    assert running == 4


@dataclass
class _Long(FakePlatform):
    """A place where much was said."""

    count: int = 0

    async def history(self, place: Place, *, limit: int) -> AsyncGenerator[HistoryMessage, None]:
        now = datetime(2026, 11, 22, 12, tzinfo=UTC)
        for number in range(min(limit, self.count)):
            ref = MessageRef(Platform.DISCORD, place.channel, str(number))
            text = f"remark {number} on topic {number // 500}"
            yield HistoryMessage(ref, f"P{number % 7}", text, now - timedelta(minutes=number))


@pytest.mark.parametrize(
    ("count", "covered", "is_cut"),
    [(1500, 1500, False), pytest.param(12_000, 10_000, True, marks=pytest.mark.slow)],
)
async def test_ten_thousand_messages_are_summed_up(tmp_path: Path, count: int, covered: int, is_cut: bool) -> None:
    generator = ScriptedGenerator(lambda request: "They made remarks.", window=8192, capacity=16)
    async with open_house(tmp_path, generator=generator, platform=_Long(count=count)) as house:
        accepted = await house.core.accept(house.command("summarize", place=CHANNEL, since="2026-01-01"))
        assert accepted is not None
        async with asyncio.timeout(PATIENCE_S):
            while house.core.is_answering(accepted.answer.id):
                await asyncio.sleep(0.05)
        answer = await house.turn(accepted.answer.id)

    assert answer.text == "They made remarks."
    assert f"{covered} messages by 7 people" in answer.note
    assert ("older ones are not covered" in answer.note) is is_cut


class _BundledLike(ScriptedGenerator):
    """A generator that goes by the bundled writer's name."""

    def health(self) -> EngineHealth:
        return replace(super().health(), model=str(BUNDLED_WRITER))


async def test_the_bundled_writer_reads_bare_lines_and_few_at_once(tmp_path: Path) -> None:
    generator = _BundledLike(lambda request: "They made remarks.", window=1024, capacity=16)
    async with open_house(tmp_path, generator=generator, platform=_Long(count=1500)) as house:
        answer = await house.call("summarize", place=CHANNEL, last=1500)

    bodies = [request.messages[-1].content.split("\n")[1:] for request in generator.requests]
    assert max(len(body) for body in bodies) <= 16
    assert all(line.startswith("P") for body in bodies for line in body)
    assert "model read the 768 most central ones" in answer.note


async def test_the_best_of_a_few_tries_of_the_bundled_writer_is_kept(tmp_path: Path) -> None:
    generator = _BundledLike(lambda request: "Ana greets Ben.")
    generator.enqueue("Olga greets Ben.")
    async with open_house(tmp_path, generator=generator) as house:
        talk(house, ("Ana", "hello Ben"), ("Ben", "hi"))
        answer = await house.call("summarize", place=CHANNEL)

    assert answer.text == "Ana greets Ben."
    assert "left out" not in answer.note


async def test_a_part_whose_engine_died_is_asked_for_once_more(house: House) -> None:
    house.generator.enqueue("half a", EngineDied())
    house.generator.enqueue("Whole.")
    talk(house, ("Ana", "Hello there"))

    answer = await house.call("summarize", place=CHANNEL)

    assert answer.text == "Whole."


async def test_a_stopped_summary_ends_with_what_held(house: House) -> None:
    house.generator.enqueue("Ana said hello. ", "Zed left. ", asyncio.Event())
    talk(house, ("Ana", "hello"))
    accepted = await house.core.accept(house.command("summarize", place=CHANNEL))
    assert accepted is not None
    await house.platform.until(lambda: any(text for text, _ in house.platform.replies[0].states))
    await house.core.stop(StopReply(CHANNEL, ANA))

    answer = await house.settled(accepted.answer.id)

    assert answer.status is TurnStatus.STOPPED
    assert answer.text == "Ana said hello."
