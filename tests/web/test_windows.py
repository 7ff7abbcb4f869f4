from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest

from adapters.web.hub import BACKLOG, Window
from bot.domain.generation import EngineState
from bot.engine.scripted import ScriptedGenerator
from tests.chat.test_painting import ScriptedPainter
from tests.fetching import FetchedPainter
from tests.web.site import ANA, BEN, GENERAL, Site, fresh_id, open_site


def shown(events: list[dict[str, object]]) -> list[str]:
    """The blocks of an answer after the events of its stream."""
    blocks: list[str] = []
    for event in events:
        if event["type"] == "show":
            blocks[event["start"] :] = event["blocks"]  # type: ignore[misc,call-overload]
    return blocks


async def test_everyone_in_a_place_sees_the_question_and_the_answer_grow(site: Site) -> None:
    begin, gate = asyncio.Event(), asyncio.Event()
    site.generator.enqueue(begin, "# Title\n\nFirst", gate, " and *last*.")
    async with site.seat(ANA) as ana, site.seat(BEN) as ben:
        event_id = fresh_id()
        await site.post("send", ANA, text="hello", event_id=event_id)
        asked = await ben.hear("turns")
        begin.set()
        await ben.hear("show", lambda event: "First" in event["blocks"][-1])
        gate.set()
        answers = [await seat.answered() for seat in (ana, ben)]

    assert asked["event_id"] == event_id
    assert [turn["bot"] for turn in asked["turns"]] == [False, True]
    assert shown(ben.heard)[0] == "<h1>Title</h1>\n"
    assert [answer["blocks"] for answer in answers] == [["<h1>Title</h1>\n", "<p>First and <em>last</em>.</p>\n"]] * 2


async def test_other_places_hear_only_that_something_happened(site: Site) -> None:
    async with site.seat(BEN, channel="random") as ben:
        await site.say("hello", ANA)
        activity = await ben.hear("activity")

    assert activity["place"] == GENERAL
    assert not [event for event in ben.heard if event["type"] in ("turns", "show", "turn")]


async def test_a_private_answer_reaches_the_askers_windows_only(site: Site) -> None:
    async with site.seat(ANA) as ana, site.seat(ANA) as again, site.seat(BEN) as ben:
        await site.say("/help", ANA)
        answers = [await seat.answered() for seat in (ana, again)]
        await site.say("hello", ANA)
        heard_by_ben = await ben.answered()

    assert all(answer["private"] for answer in answers)
    assert heard_by_ben["text"] == "Fine."
    assert len(await site.turns(ANA)) == 4
    assert len(await site.turns(BEN)) == 2


async def test_a_window_that_comes_later_is_shown_what_is_written_so_far(site: Site) -> None:
    gate = asyncio.Event()
    site.generator.enqueue("Half a", gate, " sentence.")
    async with site.seat(ANA) as ana:
        await site.say("hello", ANA)
        await ana.hear("show", lambda event: "Half a" in event["blocks"][-1])
        _, answer = await site.turns(BEN)
        gate.set()
        await ana.answered()

    assert (answer["open"], answer["blocks"]) == (True, ["<p>Half a</p>\n"])


async def test_people_hear_where_they_stand_in_line(site: Site) -> None:
    gate = asyncio.Event()
    site.generator.enqueue("One", gate)
    async with site.seat(ANA) as ana, site.seat(BEN, channel="random") as ben:
        await site.say("first", ANA)
        await ana.hear("show")
        await site.say("second", BEN, place={"channel": "random", "thread": ""})
        waiting = await ben.hear("waiting", lambda event: event["position"] > 0)
        _, answer = await site.turns(ANA, "random")
        gate.set()
        await ben.answered()

    assert waiting["position"] == 1
    assert answer["position"] == 1


async def test_votes_are_seen_by_all_and_ones_own_by_oneself(site: Site) -> None:
    async with site.seat(ANA) as ana, site.seat(BEN) as ben:
        answer = (await site.say("hello"))["answer"]
        await ben.answered()
        await site.post("rate", ANA, turn=answer, verdict="good")
        votes = await ben.hear("votes")
        mine = await ana.hear("votes", lambda event: "own" in event)

    assert votes == {"type": "votes", "id": answer, "good": 1, "bad": 0, "place": GENERAL}
    assert mine["own"] == "good"


async def test_a_thread_is_a_place_of_its_own_that_knows_where_it_began(site: Site) -> None:
    async with site.seat() as seat:
        root = (await site.say("the plan"))["question"]
        await seat.answered()
        thread = {"channel": "general", "thread": root}
        await seat.join(**thread)
        await site.say("more on this", place=thread, reply_to=root)
        await seat.answered()
        state = await seat.join(**thread)
        await seat.socket.send_json({"type": "places"})
        places = (await seat.hear("places"))["places"]

    assert [message.content for message in site.generator.requests[-1].messages[1:]] == ["the plan\n\nmore on this"]
    assert state["root"]["text"] == "the plan"
    assert [turn["text"] for turn in state["turns"]] == ["more on this", "Fine."]
    assert [place["title"] for place in places if place["thread"]] == ["the plan"]


async def test_older_turns_come_when_asked_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.web.sockets.PAGE", 4)
    async with site.seat() as seat:
        for number in range(3):
            await site.say(f"message {number}")
            await seat.answered()
        latest = await seat.join()
        await seat.socket.send_json({"type": "older", "before": latest["turns"][0]["id"]})
        older = await seat.hear("older")

    assert (len(latest["turns"]), latest["more"]) == (4, True)
    assert (len(older["turns"]), older["more"]) == (2, False)
    assert older["turns"][0]["text"] == "message 0"


async def test_windows_hear_when_the_engine_changes(site: Site) -> None:
    async with site.seat() as seat:
        site.generator.set_health(EngineState.LOADING)
        loading = await seat.hear("health", lambda event: event["state"] == "loading")

    assert loading["model"] == "scripted"


async def test_windows_hear_how_far_the_painters_model_is_and_who_draws_in_its_place(tmp_path: Path) -> None:
    painter = FetchedPainter()
    async with open_site(tmp_path, painter=painter) as site, site.seat() as seat:
        fetching = await seat.hear("health", lambda event: event["painter"]["download"])
        painter.unreachable.set()
        replaced = await seat.hear("health", lambda event: event["painter"]["state"] == "ready")

    assert fetching["painter"]["model"] == "org/painter"
    assert fetching["painter"]["download"] == {"done": "12.3", "total": "49.0", "percent": "25"}
    assert (replaced["painter"]["replaced"], replaced["painter"]["download"]) == ("org/painter", None)


async def test_what_cannot_be_read_is_said_so_and_the_window_lives_on(site: Site) -> None:
    async with site.http.ws_connect("/api/events") as socket:
        for text in ("{", '{"type": "dance"}', '{"type": "join", "place": {"channel": "general", "thread": ""}}'):
            await socket.send_str(text)
            assert await socket.receive_json() == {"type": "unreadable"}


async def test_invalid_utf_8_closes_the_socket(site: Site) -> None:
    async with site.http.ws_connect("/api/events") as socket:
        await socket._writer.send_frame(b"\xff\xfe", aiohttp.WSMsgType.TEXT)
        message = await socket.receive()

    assert message.type is aiohttp.WSMsgType.CLOSE
    assert message.data == aiohttp.WSCloseCode.INVALID_TEXT


async def test_a_window_that_does_not_keep_up_is_told_to_start_over() -> None:
    window = Window(aiohttp.web.WebSocketResponse())

    for number in range(BACKLOG + 1):
        window.tell({"number": number})

    assert window._outbox.qsize() == 1
    assert window._outbox.get_nowait() == '{"type": "resync"}'


async def test_forgetting_makes_every_window_read_anew(site: Site) -> None:
    async with site.seat(ANA) as ana, site.seat(BEN) as ben:
        await site.say("my secret", ANA)
        await ana.answered()
        await site.say("/privacy forget-me", ANA)
        await ben.hear("resync")

    assert [turn["text"] for turn in await site.turns(BEN)] == []


async def test_after_a_restart_the_page_shows_what_was_left_open(tmp_path: Path) -> None:
    halted = ScriptedGenerator()
    halted.enqueue("Never", asyncio.Event())
    async with open_site(tmp_path, generator=halted) as site, site.seat() as seat:
        accepted = await site.say("hello")
        await seat.hear("show")

    async with open_site(tmp_path) as site, site.seat() as seat:
        turns = (await seat.join())["turns"]
        answer = turns[-1] if not turns[-1]["open"] else await seat.answered()

    assert (answer["id"], answer["text"]) == (accepted["answer"], "Fine.")


async def test_a_painted_picture_comes_with_its_words_and_parameters(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with open_site(tmp_path, painter=ScriptedPainter(gate)) as site, site.seat() as seat:
        await site.say("/image a paper boat")
        await seat.hear("show", lambda event: bool(event["note"]))
        gate.set()
        (picture,) = (await seat.answered())["pictures"]
        served = await site.get(picture["url"])

    assert picture["alt"] == "a paper boat"
    assert "seed" in picture["parameters"]
    assert (served.status, served.headers["Content-Type"]) == (200, "image/png")
