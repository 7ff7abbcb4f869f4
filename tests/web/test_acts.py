from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest

from adapters.web.channels import channel_name
from bot.engine.scripted import ScriptedGenerator
from tests.web.site import ANA, BEN, GENERAL, LIN, Site, fresh_id, open_site


async def test_a_message_is_stored_when_it_is_acknowledged(site: Site) -> None:
    gate = asyncio.Event()
    site.generator.enqueue(gate, "Hello Ana.")

    accepted = await site.say("hello")

    question, answer = await site.turns()
    assert (question["id"], question["text"], question["name"]) == (accepted["question"], "hello", "Ana")
    assert (answer["id"], answer["open"], answer["parent"]) == (accepted["answer"], True, question["id"])
    gate.set()


async def test_the_same_event_twice_is_one_message(site: Site) -> None:
    first = await site.post("send", text="once", event_id="the-same")
    second = await site.post("send", text="once", event_id="the-same")

    assert first[1]["status"] == "accepted"
    assert second == (200, {"status": "known"})
    assert [turn["text"] for turn in await site.turns() if not turn["bot"]] == ["once"]


@pytest.mark.parametrize(("by", "words"), [(ANA, "nothing in this message"), (LIN, "消息是空的")])
async def test_an_empty_message_is_refused_in_the_persons_language(site: Site, by: dict[str, str], words: str) -> None:
    status, body = await site.post("send", by, text=" \n\t ", event_id=fresh_id())

    assert status == 422
    assert words in body["error"]


WHOLE = b'{"act": "send", "event_id": "e", "text": "TEXT", "by": {"id": "a"}, "place": {"channel": "general"}}'

NO_ACTS = {
    "empty": b"",
    "cut": b"{",
    "a list": b"[]",
    "unknown act": b'{"act": "dance"}',
    "missing parts": b'{"act": "send", "text": "no more than this"}',
    "bad id": b'{"act": "stop", "turn": "../../etc", "by": {"id": "a"}, "place": {"channel": "general"}}',
    "bad place": b'{"act": "stop", "turn": "t", "by": {"id": "a"}, "place": {"channel": "a/b"}}',
    "invalid UTF-8": WHOLE.replace(b"TEXT", b"\xff"),
    "half a pair": WHOLE.replace(b"TEXT", b"\\ud800"),
}


async def test_what_is_no_act_is_refused_with_a_sentence(site: Site) -> None:
    for name, body in NO_ACTS.items():
        response = await site.http.post("/api/acts", data=body)

        assert response.status == 400, name
        assert "could not be read" in (await response.json())["error"], name


async def test_a_refusal_never_repeats_what_was_sent(site: Site) -> None:
    body = {"act": "send", "by": ANA, "place": GENERAL, "event_id": "e", "text": ["a secret"]}

    response = await site.http.post("/api/acts", json=body)

    assert "a secret" not in await response.text()


async def test_an_act_larger_than_a_mebibyte_is_refused(site: Site) -> None:
    response = await site.http.post("/api/acts", data=io.BytesIO(b"a" * (1 << 20) + b"a"))

    assert response.status == 413
    assert (await response.json())["error"]


async def test_forty_thousand_characters_are_a_message(tmp_path: Path) -> None:
    text = "墨" * 40_000
    async with open_site(tmp_path, generator=ScriptedGenerator(lambda _: "Long.", window=20_000)) as site:
        async with site.seat() as seat:
            await site.say(text)
            answer = await seat.answered()

        assert answer["text"] == "Long."
        assert (await site.turns())[0]["text"] == text


async def test_control_characters_are_left_out(site: Site) -> None:
    await site.say("a\x00b\x07c\x1b[31m")

    assert (await site.turns())[0]["text"] == "abc[31m"


async def test_a_typed_command_is_a_command(site: Site) -> None:
    async with site.seat() as seat:
        await site.say("/write email invite the team")
        answer = await seat.answered()

    assert answer["origin"] == "write"
    assert "invite the team" in site.generator.requests[0].messages[-1].content


async def test_a_commands_form_gives_the_same(site: Site) -> None:
    options = {"form": "email", "about": "invite the team"}
    async with site.seat() as seat, site.seat(BEN, "random") as other:
        await site.post("command", event_id=fresh_id(), name="write", options=options)
        await seat.answered()
        await site.say("/write email invite the team", BEN, place={"channel": "random", "thread": ""})
        await other.answered()

    by_form, typed = site.generator.requests
    assert by_form.messages == typed.messages


@pytest.mark.parametrize(
    ("text", "words"), [("/dance", "There is no command"), ("/summarize style:sung", "is not a choice")]
)
async def test_a_wrong_command_is_answered_with_what_to_do(site: Site, text: str, words: str) -> None:
    async with site.seat() as seat:
        await site.say(text)
        answer = await seat.answered()

    assert (answer["status"], answer["controls"]) == ("refused", [])
    assert words in answer["text"]


async def test_regenerating_makes_another_version(site: Site) -> None:
    async with site.seat() as seat:
        first = await site.say("hello")
        await seat.answered()
        site.generator.enqueue("Another.")
        status, body = await site.post("regenerate", BEN, event_id=fresh_id(), turn=first["answer"])
        second = await seat.answered()

    assert (status, body["status"]) == (200, "accepted")
    assert (second["text"], second["parent"]) == ("Another.", first["question"])


async def test_a_stopped_answer_keeps_its_words_and_can_be_continued(site: Site) -> None:
    site.generator.enqueue("Once upon", asyncio.Event())
    async with site.seat() as seat:
        accepted = await site.say("a story")
        await seat.hear("show")
        status, body = await site.post("stop", turn=accepted["answer"])
        stopped = await seat.answered()
        site.generator.enqueue(" a time.")
        await site.post("continue", event_id=fresh_id(), turn=stopped["id"])
        continued = await seat.answered()

    assert (status, body) == (200, {"stopped": True})
    assert (stopped["text"], stopped["status"]) == ("Once upon", "stopped")
    assert "continue" in stopped["controls"]
    assert continued["parent"] == stopped["id"]


async def test_a_second_verdict_replaces_the_first_and_none_withdraws(site: Site) -> None:
    async with site.seat() as seat:
        answer = (await site.say("hello"))["answer"]
        await seat.answered()

    votes = [(await site.post("rate", turn=answer, verdict=verdict))[1] for verdict in ("good", "bad", None, None)]

    assert votes == [
        {"good": 1, "bad": 0, "own": "good"},
        {"good": 0, "bad": 1, "own": "bad"},
        {"good": 0, "bad": 0, "own": None},
        {"good": 0, "bad": 0, "own": None},
    ]


async def test_a_better_answer_is_kept_and_shown_as_suggested(site: Site) -> None:
    async with site.seat() as seat:
        answer = (await site.say("hello"))["answer"]
        await seat.answered()
        status, _ = await site.post("suggest", turn=answer, text="Hello, dear Ana.")
        await seat.hear("suggested")

    assert status == 200
    assert (await site.turns())[1]["suggested"]


@pytest.mark.parametrize("act", [{"act": "rate", "verdict": "good"}, {"act": "suggest", "text": "better"}])
async def test_what_is_about_no_answer_is_not_found(site: Site, act: dict[str, str]) -> None:
    status, body = await site.post(**act, turn="nobody")

    assert status == 404
    assert "not there" in body["error"]


async def test_a_message_while_the_bot_stops_is_to_be_sent_again(site: Site) -> None:
    await site.web.stop_listening()

    status, body = await site.post("send", text="late", event_id=fresh_id())

    assert status == 503
    assert "sent when it is back" in body["error"]


@pytest.mark.parametrize(("wanted", "name"), [("Q4 Plans!", "q4-plans"), ("设计 讨论", "设计-讨论"), ("a/../b", "a-b")])
def test_a_channels_name_is_made_plain(wanted: str, name: str) -> None:
    assert channel_name(wanted) == name


async def test_everyone_is_told_of_a_new_channel(site: Site) -> None:
    async with site.seat(BEN) as seat:
        answer = await site.post("channel", name="Plans")
        told = await seat.hear("channel")

    assert answer == (200, {"channel": "plans"})
    assert told["channel"] == "plans"


async def test_what_is_no_channel_name_is_refused(site: Site) -> None:
    answers = [await site.post("channel", name=wanted) for wanted in ("", "!!!", "a" * 41)]

    assert [status for status, _ in answers] == [422, 422, 422]


async def test_a_channel_nobody_spoke_in_outlives_a_restart(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        await site.post("channel", name="quiet")

    async with open_site(tmp_path) as site, site.seat() as seat:
        await seat.socket.send_json({"type": "places"})
        places = (await seat.hear("places"))["places"]

    assert "quiet" in [place["channel"] for place in places]
