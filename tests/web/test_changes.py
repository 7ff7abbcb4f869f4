"""What is made from an answer on the page, and how a picture is seen while it is drawn."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from adapters.web.acts import By
from bot.domain.generation import PainterTraits, PaintStyle
from tests.chat.test_painting import ScriptedPainter
from tests.web.site import ANA, BEN, GENERAL, Seat, Site, fresh_id, open_site


async def drafted(site: Site, seat: Seat, text: str = "A note to the team.") -> dict[str, Any]:
    """A draft in its last state."""
    site.generator.enqueue(text)
    await site.say("/write a note")
    return await seat.answered()


async def made(site: Site, seat: Seat, act: str, turn: str, by: dict[str, str] = ANA, **more: Any) -> dict[str, Any]:
    """What an act about an answer makes, in its last state."""
    status, body = await site.post(act, by, event_id=fresh_id(), turn=turn, **more)
    assert (status, body["status"]) == (200, "accepted"), body
    return (await seat.hear("turn", lambda event: event["id"] == body["answer"]))["turn"]


async def test_a_shorter_draft_stands_beside_the_draft_and_says_so(site: Site) -> None:
    async with site.seat() as seat:
        draft = await drafted(site, seat)
        site.generator.enqueue("A note.")
        shorter = await made(site, seat, "revise", draft["id"], change="shorter")

    assert "shorter" in draft["changes"]
    assert (draft["change"], shorter["change"]) == ("", "shorter")
    assert shorter["parent"] == draft["parent"]


async def test_a_draft_that_is_used_is_a_message_for_all_and_is_liked(site: Site) -> None:
    async with site.seat(ANA) as ana, site.seat(BEN) as ben:
        draft = await drafted(site, ana)
        used = await made(site, ben, "share", draft["id"])
        votes = await ben.hear("votes")

    assert (used["text"], used["change"], used["controls"]) == (draft["text"], "share", [])
    assert votes == {"type": "votes", "id": draft["id"], "good": 1, "bad": 0, "place": GENERAL}


async def test_of_a_shared_private_answer_others_see_no_question(site: Site) -> None:
    async with site.seat(ANA) as ana, site.seat(BEN) as ben:
        for number in range(3):
            await site.say(f"Message number {number} about the plan.")
            await ana.answered()
        await site.say("/summarize")
        private = await ana.hear("turn", lambda event: event["turn"]["private"])
        shared = await made(site, ben, "share", private["turn"]["id"])

    told = [turn for event in ben.heard if event["type"] == "turns" for turn in event["turns"]]
    assert private["turn"]["text"] in shared["text"]
    assert [turn["text"] for turn in told if "summarize" in turn["text"]] == []
    assert shared["id"] in [turn["id"] for turn in await site.turns(BEN)]


async def test_what_cannot_be_done_with_an_answer_is_no_act(site: Site) -> None:
    for wrong in ({"act": "revise", "change": "louder"}, {"act": "pick", "number": 0}, {"act": "revise"}):
        status, _ = await site.post(**wrong, event_id=fresh_id(), turn="t")

        assert status == 400, wrong


async def test_a_picked_picture_stands_alone_and_is_liked_by_who_picked_it(tmp_path: Path) -> None:
    async with open_site(tmp_path, painter=ScriptedPainter()) as site, site.seat() as seat:
        await site.say("/image count:3 a cat")
        grid = await seat.answered()
        picked = await made(site, seat, "pick", grid["id"], number=2)
        picture = await site.get(picked["pictures"][0]["url"])

    assert "pick" in grid["controls"]
    assert "pick" not in picked["controls"]
    assert (picked["change"], picked["own"]) == ("pick", "good")
    assert picture.body == b"\x89PNG1"


async def test_a_moving_picture_is_served_as_what_it_is(tmp_path: Path) -> None:
    async with open_site(tmp_path, painter=ScriptedPainter()) as site, site.seat() as seat:
        await site.say("/image animate:yes a cat")
        (shown,) = (await seat.answered())["pictures"]
        picture = await site.get(shown["url"])

    assert shown["file"].endswith(".gif")
    assert picture.headers["Content-Type"] == "image/gif"


async def test_a_picture_is_seen_while_it_is_drawn_also_by_who_comes_later(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with open_site(tmp_path, painter=ScriptedPainter(gate)) as site, site.seat() as seat:
        await site.say("/image a cat")
        shown = await seat.hear("show", lambda event: event["preview"])
        _, later = await site.turns(BEN)
        look = await site.get(shown["preview"])
        gate.set()
        await seat.answered()
        gone = await site.get(shown["preview"])

    assert (look.status, look.headers["Content-Type"], look.body) == (200, "image/png", b"\x89PREVIEW")
    assert later["preview"] == shown["preview"]
    assert gone.status == 404


@pytest.mark.parametrize(
    ("told", "known"), [("Asia/Shanghai", "Asia/Shanghai"), ("", ""), ("Etc/Unknown", ""), ("../passwd", "")]
)
def test_a_browsers_time_zone_is_kept_if_it_is_one(told: str, known: str) -> None:
    assert By(id="ana", timezone=told).person.timezone == known


async def test_messages_of_the_history_have_addresses_on_the_page(site: Site) -> None:
    async with site.seat() as seat:
        root = (await site.say("the plan"))["question"]
        await seat.answered()
        thread = {"channel": "general", "thread": root}
        await seat.join(**thread)
        reply = (await site.say("more on this", place=thread, reply_to=root))["question"]
        await seat.answered()
    places = await site.house.core.reading.places(site.web.name)
    (place,) = [place for place in places if place.thread]
    history = [message async for message in site.web.history(place, limit=9)]

    links = {message.text: message.link for message in history}
    assert links["more on this"] == f"/#/general/{root}/{reply}"
    assert links["the plan"] == f"/#/general//{root}"
    assert {message.person for message in history if not message.by_bot} == {"web/ana"}


async def test_values_are_proposed_with_what_they_are_in_the_readers_language(site: Site) -> None:
    async def labels(typed: str, locale: str, option: str = "form") -> list[str]:
        query = {"command": "write", "option": option, "typed": typed, "locale": locale}
        return [each["label"] for each in (await site.get("/api/completions", params=query)).json()]

    assert any("诗" in label for label in await labels("poem", "zh-CN"))
    assert any("poem" in label for label in await labels("poem", "en"))
    assert await labels("", "en", option="nothing") == []


async def test_styles_are_proposed_with_samples(tmp_path: Path) -> None:
    (tmp_path / "noto.png").write_bytes(b"\x89PNG")
    noto = PaintStyle("noto", "Noto", "Noto 表情", str(tmp_path / "noto.png"))
    painter = ScriptedPainter(traits=PainterTraits((noto,)))
    async with open_site(tmp_path, painter=painter) as site:
        found = await site.get("/api/completions", params={"command": "image", "option": "style", "locale": "zh"})

    assert found.json() == [{"value": "Noto 表情", "label": "Noto 表情", "picture": "data:image/png;base64,iVBORw=="}]


async def test_who_opens_a_thread_is_greeted_once_where_the_place_wants_it(site: Site) -> None:
    async with site.seat() as seat:
        root = (await site.say("the plan"))["question"]
        await seat.answered()
        await site.say("/settings greet on")
        await seat.answered()
        thread = {"channel": "general", "thread": root}
        await seat.join(**thread)
        first = await site.post("thread", place=thread)
        greeting = await seat.answered()
        again = await site.post("thread", BEN, place=thread)
        nowhere, _ = await site.post("thread", place=GENERAL)

    assert (first[1], again[1]) == ({"greeted": True}, {"greeted": False})
    assert "Ana" in greeting["text"]
    assert nowhere == 400
