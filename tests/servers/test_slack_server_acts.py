"""What people do with an app on the pretend Slack: commands, buttons and menus, and the answers to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.servers.slack import Channel, Message, SlackServer, User
from tests.servers.slack.apps import Bolt, bolt_app, connected

# The servers are the tests' own tools: what they keep to need not be proved at every quick run.
pytestmark = pytest.mark.slow


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


BUTTON = {"type": "button", "action_id": "again", "text": plain("Regenerate"), "value": "7"}


@pytest.fixture
async def server() -> AsyncIterator[SlackServer]:
    async with SlackServer() as running:
        yield running


@pytest.fixture
async def bolt(server: SlackServer) -> AsyncIterator[Bolt]:
    async with bolt_app(server) as app:
        yield app


@pytest.fixture
def ana(server: SlackServer) -> User:
    return server.add_user("Ana")


@pytest.fixture
def general(server: SlackServer, ana: User) -> Channel:
    return server.add_channel("general")


async def posted(bolt: Bolt, channel: Channel, *elements: dict[str, Any], kind: str = "actions") -> Message:
    """A message of the app with these elements."""
    blocks = [{"type": kind, "elements": list(elements)}]
    await bolt.app.client.chat_postMessage(channel=channel.id, text="an answer", blocks=blocks)
    return channel.messages[-1]


async def response(url: str, **given: Any) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.post(url, json=given) as answer:
        return answer.status, await answer.text()


# --- commands ---------------------------------------------------------------------------------------------------------


async def test_a_command_hands_over_one_text_and_no_time_stamp(
    server: SlackServer, bolt: Bolt, ana: User, general: Channel
) -> None:
    @bolt.app.command("/write")
    async def write(ack: Any, respond: Any, command: dict[str, Any]) -> None:
        await ack()
        await respond(text=f"you said {command['text']}")

    async with connected(server, bolt):
        call = await ana.calls(general, "write", form="email", about="the party")
        await server.until(lambda: call.replies)
    assert call.acked_after is not None
    assert "thread_ts" not in call.payload
    assert call.replies[0].text == "you said email the party"
    assert call.replies[0].ephemeral_for is ana
    assert ana.ephemerals == call.replies
    assert general.messages == []


async def test_an_acknowledgement_may_carry_the_answer_for_everybody(
    server: SlackServer, bolt: Bolt, ana: User, general: Channel
) -> None:
    @bolt.app.command("/write")
    async def write(ack: Any) -> None:
        await ack(text="for all", response_type="in_channel")

    async with connected(server, bolt):
        call = await ana.calls(general, "write", text="x")
    assert [(message.author, message.text) for message in general.messages] == [
        (ana, "/write x"),
        (server.bot, "for all"),
    ]
    assert general.messages[1:] == call.replies


async def test_an_acknowledgement_may_show_the_command_alone_to_everybody(
    server: SlackServer, bolt: Bolt, ana: User, general: Channel
) -> None:
    @bolt.app.command("/write")
    async def write(ack: Any) -> None:
        await ack(response_type="in_channel")

    async with connected(server, bolt):
        call = await ana.calls(general, "write", text="x")
    assert (call.failed, call.replies) == (None, [])
    assert [message.text for message in general.messages] == ["/write x"]
    assert [attempt.kind for attempt in server.deliveries.log] == ["slash_commands"]


async def test_a_command_that_is_not_acknowledged_in_time_fails_and_is_not_repeated(
    server: SlackServer, bolt: Bolt, ana: User, general: Channel
) -> None:
    server.rules.ack_limit_s = 0.1

    @bolt.app.command("/write")
    async def write(ack: Any) -> None:
        await asyncio.sleep(0.3)
        await ack()

    async with connected(server, bolt):
        call = await ana.calls(general, "write", text="x")
        await asyncio.sleep(0.3)
    assert call.failed == "operation_timeout"
    assert [attempt.attempt for attempt in server.deliveries.log] == [0]


async def test_commands_do_not_work_in_threads_nor_with_the_agent(
    server: SlackServer, ana: User, general: Channel
) -> None:
    root = await ana.says(general, "root")
    assert "not supported in threads" in str((await ana.calls(general, "write", thread=root)).failed)
    assert "not supported in threads" in str((await ana.calls(ana.dm, "write")).failed)


async def test_mentions_in_a_command_are_names_unless_escaping_is_asked_for(
    server: SlackServer, bolt: Bolt, ana: User, general: Channel
) -> None:
    @bolt.app.command("/write")
    async def write(ack: Any) -> None:
        await ack()

    async with connected(server, bolt):
        plainly = await ana.calls(general, "write", text=f"to {ana.mention}")
        server.world.commands = {"/write": {"command": "/write", "should_escape": True}}
        escaped = await ana.calls(general, "write", text=f"to {ana.mention}")
    assert (plainly.payload["text"], escaped.payload["text"]) == ("to @ana", f"to {ana.mention}")


async def test_a_response_url_is_good_for_five_answers(
    server: SlackServer, bolt: Bolt, ana: User, general: Channel
) -> None:
    @bolt.app.command("/write")
    async def write(ack: Any) -> None:
        await ack()

    async with connected(server, bolt):
        call = await ana.calls(general, "write", text="x")
    url = call.payload["response_url"]
    answers = [await response(url, text=str(number)) for number in range(6)]
    assert [status for status, _ in answers] == [200, 200, 200, 200, 200, 404]
    assert "used_url" in answers[-1][1]
    assert [reply.text for reply in call.replies] == ["0", "1", "2", "3", "4"]


async def test_an_ephemeral_message_after_a_command_is_a_reply_to_it(
    server: SlackServer, bolt: Bolt, ana: User, general: Channel
) -> None:
    @bolt.app.command("/write")
    async def write(ack: Any, client: Any, command: dict[str, Any]) -> None:
        await ack()
        await client.chat_postEphemeral(channel=command["channel_id"], user=command["user_id"], text="psst")

    async with connected(server, bolt):
        call = await ana.calls(general, "write", text="x")
        await server.until(lambda: call.replies)
    assert call.replies == ana.ephemerals


async def test_a_response_url_expires(server: SlackServer, bolt: Bolt, ana: User, general: Channel) -> None:
    @bolt.app.command("/write")
    async def write(ack: Any) -> None:
        await ack()

    async with connected(server, bolt):
        call = await ana.calls(general, "write", text="x")
    server.rules.response_url_lifetime_s = 0
    assert await response(call.payload["response_url"], text="late") == (404, '{"ok": false, "error": "expired_url"}')


# --- buttons ----------------------------------------------------------------------------------------------------------


async def test_a_press_tells_message_button_and_place(
    server: SlackServer, bolt: Bolt, ana: User, general: Channel
) -> None:
    bodies = []

    @bolt.app.action("again")
    async def again(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        bodies.append(body)

    async with connected(server, bolt):
        message = await posted(bolt, general, BUTTON)
        act = await ana.presses(message, "Regenerate")
    assert act.acked_after is not None
    assert bodies[0]["actions"][0] | {"action_ts": "", "block_id": "", "text": {}} == {
        "type": "button",
        "action_id": "again",
        "value": "7",
        "action_ts": "",
        "block_id": "",
        "text": {},
    }
    assert bodies[0]["container"]["message_ts"] == bodies[0]["message"]["ts"] == message.ts
    assert bodies[0]["user"]["id"] == ana.id


async def test_a_button_is_found_by_label_action_or_value(bolt: Bolt, server: SlackServer, general: Channel) -> None:
    ana = server.add_user("Bo")
    pressed = []

    @bolt.app.action("again")
    async def again(ack: Any, action: dict[str, Any]) -> None:
        await ack()
        pressed.append(action["value"])

    async with connected(server, bolt):
        message = await posted(bolt, general, BUTTON)
        for wanted in ("Regenerate", "aga", "7"):
            await ana.presses(message, wanted)
        with pytest.raises(LookupError, match="Regenerate"):
            await ana.presses(message, "Stop")
    assert pressed == ["7", "7", "7"]


async def test_feedback_buttons_tell_the_side_and_keep_no_state(
    server: SlackServer, bolt: Bolt, ana: User, general: Channel
) -> None:
    feedback = {
        "type": "feedback_buttons",
        "action_id": "rate",
        "positive_button": {"text": plain("Good"), "value": "good"},
        "negative_button": {"text": plain("Bad"), "value": "bad"},
    }
    told = []

    @bolt.app.action("rate")
    async def rate(ack: Any, action: dict[str, Any]) -> None:
        await ack()
        told.append((action["type"], action["value"]))

    async with connected(server, bolt):
        message = await posted(bolt, general, feedback, kind="context_actions")
        before = message.blocks
        await ana.presses(message, "Bad")
        await ana.presses(message, "Good")
    assert told == [("feedback_buttons", "bad"), ("feedback_buttons", "good")]
    assert message.blocks == before


@pytest.mark.parametrize("kind", ["overflow", "static_select"])
async def test_a_choice_from_a_menu_tells_the_option(
    server: SlackServer, bolt: Bolt, ana: User, general: Channel, kind: str
) -> None:
    options = [{"text": plain(name), "value": name.lower()} for name in ("Shorter", "Longer")]
    chosen = []

    @bolt.app.action("length")
    async def length(ack: Any, action: dict[str, Any]) -> None:
        await ack()
        chosen.append(action["selected_option"]["value"])

    async with connected(server, bolt):
        message = await posted(bolt, general, {"type": kind, "action_id": "length", "options": options})
        await ana.presses(message, "Longer")
    assert chosen == ["longer"]


async def test_an_answer_may_replace_or_delete_the_pressed_message(
    server: SlackServer, bolt: Bolt, ana: User, general: Channel
) -> None:
    @bolt.app.action("again")
    async def again(ack: Any) -> None:
        await ack()

    async with connected(server, bolt):
        message = await posted(bolt, general, BUTTON)
        url = (await ana.presses(message, "Regenerate")).payload["response_url"]
    await response(url, text="just for you")
    await response(url, text="replaced", replace_original=True)
    assert [private.text for private in ana.ephemerals] == ["just for you"]
    assert (message.text, message.buttons) == ("replaced", [])
    await response(url, delete_original=True)
    assert general.messages == []


async def test_a_press_on_an_ephemeral_message_brings_no_message(
    server: SlackServer, bolt: Bolt, ana: User, general: Channel
) -> None:
    @bolt.app.action("again")
    async def again(ack: Any) -> None:
        await ack()

    async with connected(server, bolt):
        blocks = [{"type": "actions", "elements": [BUTTON]}]
        await bolt.app.client.chat_postEphemeral(channel=general.id, user=ana.id, text="x", blocks=blocks)
        act = await ana.presses(ana.ephemerals[0], "Regenerate")
    assert "message" not in act.payload
    assert act.payload["container"]["is_ephemeral"] is True
