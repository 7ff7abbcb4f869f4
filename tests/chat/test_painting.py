from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

from bot.domain.conversation import TurnStatus
from bot.domain.generation import (
    EngineHealth,
    EngineState,
    Painted,
    PainterTraits,
    PaintEvent,
    PaintProgress,
    PaintRequest,
    Queued,
)
from bot.domain.messages import Control, PickPicture, StopReply
from bot.domain.ratings import RatingSource, Verdict
from bot.errors import RequestRejected
from tests.houses import ANA, DIRECT, LIN, open_house


@dataclass
class ScriptedPainter:
    """Paints a few bytes in two steps; waits at `gate` where there is one."""

    gate: asyncio.Event | None = None
    refusal: RequestRejected | None = None
    requests: list[PaintRequest] = field(default_factory=list)
    traits: PainterTraits | None = None

    def health(self) -> EngineHealth:
        return EngineHealth(EngineState.READY, "painter", "painter", 0, traits=self.traits)

    async def paint(self, request: PaintRequest) -> AsyncGenerator[PaintEvent, None]:
        self.requests.append(request)
        if self.refusal:
            raise self.refusal
        yield Queued(1)
        yield PaintProgress(1, 2, b"\x89PREVIEW")
        if self.gate:
            await self.gate.wait()
        yield PaintProgress(2, 2)
        seed = 7 if request.seed is None else request.seed
        yield Painted(
            tuple(b"\x89PNG%d" % number for number in range(request.count)),
            {"seed": seed, "steps": 2},
            tuple(range(seed, seed + request.count)),
            "image/gif" if request.animated else "image/png",
        )


async def test_pictures_are_kept_as_files_and_shown_with_their_words_and_seeds(tmp_path: Path) -> None:
    async with open_house(tmp_path, painter=ScriptedPainter()) as house:
        answer = await house.call("image", prompt="a smiling cat", count=2, seed=5)
        shown = house.platform.finished[-1].answer

    assert shown is not None
    assert [picture.alt for picture in shown.pictures] == ["a smiling cat"] * 2
    assert [picture.parameters["seed"] for picture in answer.pictures] == [5, 6]
    assert (tmp_path / answer.pictures[1].path).read_bytes() == b"\x89PNG1"
    assert Control.RATE in shown.controls
    assert Control.SUGGEST not in shown.controls


async def test_progress_is_shown_in_the_askers_language(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with open_house(tmp_path, painter=ScriptedPainter(gate)) as house:
        accepted = await house.core.accept(house.command("image", by=LIN, prompt="一只猫"))
        assert accepted is not None
        await house.platform.until(
            lambda: any("第 1/2 步" in note for r in house.platform.replies for _, note in r.states)
        )
        gate.set()

        assert (await house.settled(accepted.answer.id)).status is TurnStatus.COMPLETE


async def test_a_drawing_can_be_stopped(tmp_path: Path) -> None:
    async with open_house(tmp_path, painter=ScriptedPainter(asyncio.Event())) as house:
        accepted = await house.core.accept(house.command("image", prompt="a cat"))
        assert accepted is not None
        await house.platform.until(lambda: any(reply.states for reply in house.platform.replies))

        assert await house.core.stop(StopReply(DIRECT, ANA))

        assert (await house.settled(accepted.answer.id)).status is TurnStatus.STOPPED


async def test_what_the_painter_refuses_is_told(tmp_path: Path) -> None:
    painter = ScriptedPainter(refusal=RequestRejected(reason="too bright"))
    async with open_house(tmp_path, painter=painter) as house:
        answer = await house.call("image", prompt="the sun")

    assert answer.status is TurnStatus.FAILED
    assert "too bright" in answer.text


async def test_a_picked_picture_is_shown_alone_and_counts_as_liked(tmp_path: Path) -> None:
    async with open_house(tmp_path, painter=ScriptedPainter()) as house:
        grid = await house.call("image", prompt="a smiling cat", count=3, seed=5)
        assert Control.PICK in house.platform.finished[-1].answer.controls  # type: ignore[union-attr]
        picked = await house.press(PickPicture, grid.id, number=2)
        shown = house.platform.finished[-1].answer
        async with house.services.units.reading() as uow:
            (rating,) = await uow.ratings.of_turns([picked.id])

    assert shown is not None
    assert [picture.parameters["seed"] for picture in shown.pictures] == [6]
    assert Control.PICK not in shown.controls
    assert (picked.revises, picked.change, picked.parent_id) == (grid.id, "pick", grid.parent_id)
    assert picked.pictures[0].path != grid.pictures[1].path
    assert (tmp_path / picked.pictures[0].path).read_bytes() == b"\x89PNG1"
    assert (rating.person, rating.verdict, rating.source) == (ANA.key, Verdict.GOOD, RatingSource.PICK)
    assert rating.release == "painter"


async def test_a_picture_that_is_not_there_cannot_be_picked(tmp_path: Path) -> None:
    async with open_house(tmp_path, painter=ScriptedPainter()) as house:
        grid = await house.call("image", prompt="a smiling cat", count=2)
        refused = await house.press(PickPicture, grid.id, number=3)

    assert refused.status is TurnStatus.REFUSED
    assert refused.text == "There is no picture 3: this answer has 2."
