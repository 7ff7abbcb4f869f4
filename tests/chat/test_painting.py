from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.domain.conversation import TurnStatus
from bot.domain.generation import (
    EngineHealth,
    EngineState,
    Painted,
    PainterTraits,
    PaintEvent,
    PaintProgress,
    PaintRequest,
    PaintStyle,
    Queued,
)
from bot.domain.messages import Change, Control, PickPicture, RegenerateReply, ReviseReply, StopReply
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
        told = {name: value for name in ("style", "negative") if (value := getattr(request, name))}
        told |= {"strength": 0.6} if request.source else {}
        yield Painted(
            tuple(b"\x89PNG%d" % number for number in range(request.count)),
            {"seed": seed, "steps": 2, **told},
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
    assert shown.note == "seed 6 · 2 steps"
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


async def test_every_option_reaches_the_painter(tmp_path: Path) -> None:
    painter = ScriptedPainter()
    async with open_house(tmp_path, painter=painter) as house:
        answer = await house.ask(
            '/image style:watercolour negative:"text, people" size:256 steps:12 guidance:3.5 seed:9 count:2 a red fox'
        )

    (request,) = painter.requests
    assert request == PaintRequest(
        request.id,
        "a red fox",
        style="watercolour",
        negative="text, people",
        size=256,
        steps=12,
        guidance=3.5,
        seed=9,
        count=2,
    )
    assert [picture.alt for picture in answer.pictures] == ["a red fox, watercolour"] * 2


async def test_the_note_tells_how_a_picture_was_made_in_the_askers_language(tmp_path: Path) -> None:
    async with open_house(tmp_path, painter=ScriptedPainter()) as house:
        grid = await house.call("image", prompt="a cat", style="ink", count=2, seed=5)
        chinese = await house.call("image", by=LIN, prompt="一只猫", negative="文字", seed=5)

    assert grid.note == "style ink · seeds 5, 6 · 2 steps"
    assert chinese.note == "避开 文字 · 种子 5 · 2 步"


async def test_a_style_that_the_painter_was_not_trained_on_is_told(tmp_path: Path) -> None:
    traits = PainterTraits((PaintStyle("noto", "Noto", "圆润"), PaintStyle("flat", "Flat", "扁平")))
    async with open_house(tmp_path, painter=ScriptedPainter(traits=traits)) as house:
        unknown = await house.call("image", prompt="a cat", style="baroque")
        known = await house.call("image", by=LIN, prompt="a cat", style="扁平")

    assert "not trained on “baroque”; it knows: Noto, Flat." in unknown.note
    assert "扁平 · 种子" in known.note
    assert "没有学过" not in known.note


async def test_previews_are_shown_until_the_picture_is_there(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with open_house(tmp_path, painter=ScriptedPainter(gate)) as house:
        accepted = await house.core.accept(house.command("image", prompt="a cat"))
        assert accepted is not None
        await house.platform.until(lambda: any(reply.previews for reply in house.platform.replies))
        gate.set()
        await house.settled(accepted.answer.id)

    assert set(house.platform.replies[-1].previews) == {b"\x89PREVIEW"}


async def test_drawn_again_the_seed_that_was_given_is_not_used_again(tmp_path: Path) -> None:
    painter = ScriptedPainter()
    async with open_house(tmp_path, painter=painter) as house:
        answer = await house.call("image", prompt="a cat", seed=5, count=2)
        await house.press(RegenerateReply, answer.id)

    assert [(request.seed, request.count) for request in painter.requests] == [(5, 2), (None, 2)]


@pytest.mark.parametrize(
    ("animate", "animated", "towards"),
    [("yes", True, ""), ("是", True, ""), ("no", False, ""), ("a laughing dog", True, "a laughing dog")],
)
async def test_a_moving_picture_is_asked_for_by_yes_or_by_what_it_turns_into(
    tmp_path: Path, animate: str, animated: bool, towards: str
) -> None:
    painter = ScriptedPainter()
    async with open_house(tmp_path, painter=painter) as house:
        answer = await house.call("image", prompt="a cat", animate=animate)

    assert (painter.requests[0].animated, painter.requests[0].towards) == (animated, towards)
    assert answer.pictures[0].media_type == ("image/gif" if animated else "image/png")


async def test_several_moving_pictures_at_once_are_refused(tmp_path: Path) -> None:
    async with open_house(tmp_path, painter=ScriptedPainter()) as house:
        answer = await house.call("image", prompt="a cat", animate="yes", count=2)

    assert answer.status is TurnStatus.REFUSED
    assert "One moving picture at a time" in answer.text


async def test_a_picture_is_varied_from_its_file_with_a_new_seed(tmp_path: Path) -> None:
    painter = ScriptedPainter()
    async with open_house(tmp_path, painter=painter) as house:
        answer = await house.call("image", prompt="a cat", style="ink", seed=5)
        varied = await house.press(ReviseReply, answer.id, change=Change.VARY)
        await house.press(RegenerateReply, varied.id)

    assert [(request.prompt, request.style, request.seed, request.source) for request in painter.requests] == [
        ("a cat", "ink", 5, None),
        ("a cat", "ink", None, b"\x89PNG0"),
        ("a cat", "ink", None, b"\x89PNG0"),
    ]
    assert (varied.revises, varied.parent_id) == (answer.id, answer.parent_id)
    assert varied.note.startswith("varied from the picture before")


async def test_a_picture_is_set_in_motion_from_its_own_seed(tmp_path: Path) -> None:
    painter = ScriptedPainter()
    async with open_house(tmp_path, painter=painter) as house:
        grid = await house.call("image", prompt="a cat", seed=5, count=3)
        picked = await house.press(PickPicture, grid.id, number=3)
        moving = await house.press(ReviseReply, picked.id, change=Change.ANIMATE)

    request = painter.requests[-1]
    assert (request.animated, request.seed, request.count) == (True, 7, 1)
    assert moving.pictures[0].path.endswith(".gif")


async def test_a_grid_is_not_varied_as_a_whole(tmp_path: Path) -> None:
    async with open_house(tmp_path, painter=ScriptedPainter()) as house:
        grid = await house.call("image", prompt="a cat", count=2)
        refused = await house.press(ReviseReply, grid.id, change=Change.VARY)

    assert refused.status is TurnStatus.REFUSED
    assert "Pick one first" in refused.text


async def test_a_picture_whose_file_is_gone_cannot_be_varied(tmp_path: Path) -> None:
    async with open_house(tmp_path, painter=ScriptedPainter()) as house:
        answer = await house.call("image", prompt="a cat")
        (tmp_path / answer.pictures[0].path).unlink()
        refused = await house.press(ReviseReply, answer.id, change=Change.VARY)

    assert refused.status is TurnStatus.REFUSED
    assert "Draw it again" in refused.text


@pytest.mark.parametrize(
    ("traits", "offered"),
    [
        (None, (Change.VARY, Change.ANIMATE)),
        (PainterTraits(varies=True), (Change.VARY,)),
        (PainterTraits(animates=True), (Change.ANIMATE,)),
    ],
)
async def test_only_what_the_painter_can_do_is_offered(
    tmp_path: Path, traits: PainterTraits | None, offered: tuple[Change, ...]
) -> None:
    async with open_house(tmp_path, painter=ScriptedPainter(traits=traits)) as house:
        await house.call("image", prompt="a cat")
        shown = house.platform.finished[-1].answer

    assert shown is not None
    assert shown.changes == offered


async def test_what_the_rules_leave_out_is_not_drawn(tmp_path: Path) -> None:
    painter = ScriptedPainter()
    async with open_house(tmp_path, painter=painter) as house:
        answer = await house.call("image", by=LIN, prompt="一张血腥的照片")
        blended = await house.call("image", prompt="a king", animate="a beheaded king")

    assert painter.requests == []
    assert answer.status is blended.status is TurnStatus.REFUSED
    assert "不允许血腥与残忍的内容" in answer.text
