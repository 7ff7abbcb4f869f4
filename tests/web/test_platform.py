from __future__ import annotations

from pathlib import Path

import pytest

from adapters.web.channels import place_of
from bot.domain.generation import EngineState
from bot.domain.messages import Picture
from bot.domain.places import Person, Platform
from bot.errors import StorageError
from tests.web.site import ANA, Site, open_site

PERSON = Person(Platform.WEB, "ana", "Ana")


async def test_history_is_newest_first_and_leaves_private_talk_out(site: Site) -> None:
    async with site.seat() as seat:
        for text in ("one", "/help", "two"):
            await site.say(text)
            await seat.answered()

    messages = [message async for message in site.web.history(place_of("general"), limit=10)]

    assert [(message.author, message.text) for message in messages] == [
        ("Inkling", "Fine."),
        ("Ana", "two"),
        ("Inkling", "Fine."),
        ("Ana", "one"),
    ]


async def test_history_stops_at_the_limit(site: Site) -> None:
    async with site.seat() as seat:
        await site.say("one")
        await seat.answered()

    assert [message.text async for message in site.web.history(place_of("general"), limit=1)] == ["Fine."]


async def test_the_history_of_a_thread_ends_where_it_began(site: Site) -> None:
    async with site.seat() as seat:
        root = (await site.say("the plan"))["question"]
        await seat.answered()
        await seat.join("general", root)
        await site.say("more", place={"channel": "general", "thread": root})
        await seat.answered()

    texts = [message.text async for message in site.web.history(place_of("general", root), limit=10)]

    assert texts == ["Fine.", "more", "the plan"]


async def test_local_people_are_admins_and_nobody_else_is(site: Site) -> None:
    assert await site.web.is_admin(PERSON, place_of("general"))
    assert not await site.web.is_admin(Person(Platform.SLACK, "U1", "Ana"), place_of("general"))


async def test_health_says_whether_the_engine_is_ready(site: Site) -> None:
    ready = await site.get("/healthz")
    site.generator.set_health(EngineState.FAILED, "no weights")
    failed = await site.get("/healthz")

    assert (ready.status, ready.json()["database"]) == (200, "ok")
    assert (failed.status, failed.json()["engine"]) == (503, "failed")


async def test_metrics_are_in_prometheus_format(site: Site) -> None:
    async with site.seat() as seat:
        await site.say("hello")
        await seat.answered()

    response = await site.get("/metrics")

    assert response.headers["Content-Type"].startswith("text/plain; version=")
    assert "# HELP inkling_" in response.body.decode()


async def test_the_dashboard_counts_answers_and_votes(site: Site) -> None:
    async with site.seat() as seat:
        answer = (await site.say("hello"))["answer"]
        await seat.answered()
    await site.post("rate", turn=answer, verdict="good")

    figures = (await site.get("/api/dashboard?hours=1")).json()

    assert sum(bucket["answers"] for bucket in figures["buckets"]) == 1
    assert sum(bucket["good"] for bucket in figures["buckets"]) == 1
    assert figures["releases"][0]["good"] == 1
    assert figures["totals"]["turns"] == 2
    assert figures["data_bytes"] > 0


async def test_the_dashboard_knows_its_periods_only(site: Site) -> None:
    answers = [await site.get(f"/api/dashboard?hours={hours}") for hours in ("0", "-1", "5", "x", "1e9")]

    assert {response.status for response in answers} == {400}


async def test_plotly_comes_from_this_machine(site: Site) -> None:
    response = await site.get("/plotly.js")

    assert response.headers["Content-Type"].startswith("text/javascript")
    assert response.body.startswith(b"/**\n* plotly.js")


async def test_a_picture_is_served_once_it_was_shown(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        (tmp_path / "images").mkdir()
        (tmp_path / "images" / "p1.png").write_bytes(b"\x89PNG\r\n\x1a\n")
        before = await site.get("/pictures/p1")
        site.web._files.show([Picture("p1", "images/p1.png", "a boat", {"seed": 7})])
        site.web._files.show([Picture("p2", "../outside.png", "elsewhere", {})])

        after = await site.get("/pictures/p1")
        outside = await site.get("/pictures/p2")

        assert (before.status, after.status, outside.status) == (404, 200, 404)
        assert after.headers["Content-Type"] == "image/png"
        assert after.body == b"\x89PNG\r\n\x1a\n"


async def test_a_list_of_channels_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "channels.json").write_text("{")

    with pytest.raises(StorageError, match=r"channels\.json"):
        async with open_site(tmp_path):
            pass


async def test_the_page_is_given_every_command_in_both_languages(site: Site) -> None:
    words = (await site.get("/api/words")).json()

    write = next(command for command in words["commands"] if command["name"] == "write")
    about = next(option for option in write["options"] if option["name"] == "about")
    assert (about["required"], about["main"], set(about["help"])) == (True, True, {"en", "zh"})
    assert words["lines"]["zh"]["write.send"] == "发送"


async def test_who_acts_is_read_with_care(site: Site) -> None:
    await site.say("hello", {**ANA, "name": "  \x00An\x1ba  "})

    assert (await site.turns())[0]["name"] == "Ana"
