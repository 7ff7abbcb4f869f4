"""Message shortcuts, modals and the home of the pretend Slack: what opens them, fills them in and refuses them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from tests.servers.slack import CannotSubmit, Channel, Message, SlackServer, User
from tests.servers.slack.apps import Bolt, bolt_app, connected

# The servers are the tests' own tools: what they keep to need not be proved at every quick run.
pytestmark = pytest.mark.slow


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


BUTTON = {"type": "button", "action_id": "again", "text": plain("Regenerate"), "value": "7"}
MODAL = {
    "type": "modal",
    "callback_id": "because",
    "private_metadata": "7",
    "title": plain("Why?"),
    "submit": plain("Send"),
    "blocks": [
        {
            "type": "input",
            "block_id": "b",
            "label": plain("Reason"),
            "element": {"type": "plain_text_input", "action_id": "reason", "max_length": 20},
        }
    ],
}


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


async def test_a_message_shortcut_brings_the_message(
    server: SlackServer, bolt: Bolt, ana: User, general: Channel
) -> None:
    server.world.shortcuts = [{"name": "Summarise from here", "type": "message", "callback_id": "summarise"}]
    said = await ana.says(general, "long ago")

    @bolt.app.shortcut("summarise")
    async def summarise(ack: Any, shortcut: dict[str, Any], respond: Any) -> None:
        await ack()
        await respond(text=f"since {shortcut['message']['text']}")

    bolt.hears("message")
    async with connected(server, bolt):
        act = await ana.uses(said, "Summarise from here")
        await server.until(lambda: act.replies)
        assert (await ana.uses(said, "Sing")).failed
    assert act.replies[0].text == "since long ago"


async def open_modal(server: SlackServer, bolt: Bolt, ana: User, general: Channel, **told: Any) -> Any:
    """Press a button that opens MODAL."""

    @bolt.app.action("again")
    async def again(ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=MODAL | told)

    message = await posted(bolt, general, BUTTON)
    return await ana.presses(message, "Regenerate")


async def test_a_submitted_modal_brings_its_fields_and_metadata(
    server: SlackServer, bolt: Bolt, ana: User, general: Channel
) -> None:
    got = []

    @bolt.app.view("because")
    async def because(ack: Any, view: dict[str, Any]) -> None:
        await ack()
        got.append((view["private_metadata"], view["state"]["values"]["b"]["reason"]["value"]))

    async with connected(server, bolt):
        act = await open_modal(server, bolt, ana, general)
        done = await ana.submits(act.modal, {"reason": "too long"})
    assert got == [("7", "too long")]
    assert done.failed is None
    assert not act.modal.is_open


async def test_errors_keep_a_modal_open(server: SlackServer, bolt: Bolt, ana: User, general: Channel) -> None:
    @bolt.app.view("because")
    async def because(ack: Any) -> None:
        await ack(response_action="errors", errors={"b": "be kinder"})

    async with connected(server, bolt):
        act = await open_modal(server, bolt, ana, general)
        done = await ana.submits(act.modal, {"reason": "x"})
    assert done.errors == act.modal.errors == {"b": "be kinder"}
    assert act.modal.is_open


async def test_slacks_client_does_not_submit_what_does_not_fit(
    server: SlackServer, bolt: Bolt, ana: User, general: Channel
) -> None:
    async with connected(server, bolt):
        act = await open_modal(server, bolt, ana, general)
        for fields in ({}, {"reason": "x" * 21}, {"mood": "bad"}):
            with pytest.raises(CannotSubmit):
                await ana.submits(act.modal, fields)


@pytest.mark.parametrize("asked_for", [True, False])
async def test_a_closed_modal_is_told_only_if_asked_for(
    server: SlackServer, bolt: Bolt, ana: User, general: Channel, asked_for: bool
) -> None:
    closed = []

    @bolt.app.view_closed("because")
    async def because(ack: Any) -> None:
        await ack()
        closed.append(True)

    async with connected(server, bolt):
        act = await open_modal(server, bolt, ana, general, notify_on_close=asked_for)
        await ana.closes(act.modal)
    assert closed == ([True] if asked_for else [])


async def test_a_trigger_opens_one_modal_within_three_seconds(
    server: SlackServer, bolt: Bolt, ana: User, general: Channel
) -> None:
    @bolt.app.action("again")
    async def again(ack: Any) -> None:
        await ack()

    async with connected(server, bolt):
        message = await posted(bolt, general, BUTTON)
        triggers = [(await ana.presses(message, "Regenerate")).payload["trigger_id"] for _ in range(2)]
        await bolt.app.client.views_open(trigger_id=triggers[0], view=MODAL)
        server.rules.trigger_lifetime_s = 0
        told = []
        for trigger in (triggers[0], triggers[1], "made up"):
            with pytest.raises(SlackApiError) as refused:
                await bolt.app.client.views_open(trigger_id=trigger, view=MODAL)
            told.append(refused.value.response["error"])
    assert told == ["exchanged_trigger_id", "expired_trigger_id", "invalid_trigger_id"]


async def test_views_are_checked(server: SlackServer, bolt: Bolt, ana: User, general: Channel) -> None:
    @bolt.app.action("again")
    async def again(ack: Any) -> None:
        await ack()

    wrong = [
        MODAL | {"title": plain("x" * 25)},
        {key: value for key, value in MODAL.items() if key != "submit"},
        MODAL | {"private_metadata": "x" * 3001},
        MODAL | {"type": "home"},
        MODAL | {"blocks": [{"type": "markdown", "text": "x"}]},
    ]
    async with connected(server, bolt):
        message = await posted(bolt, general, BUTTON)
        for view in wrong:
            trigger = (await ana.presses(message, "Regenerate")).payload["trigger_id"]
            with pytest.raises(SlackApiError) as refused:
                await bolt.app.client.views_open(trigger_id=trigger, view=view)
            assert refused.value.response["error"] == "invalid_arguments"


async def test_a_view_is_updated_unless_it_changed_meanwhile(
    server: SlackServer, bolt: Bolt, ana: User, general: Channel
) -> None:
    async with connected(server, bolt):
        act = await open_modal(server, bolt, ana, general)
        stale = act.modal.hash
        update = bolt.app.client.views_update
        await update(view_id=act.modal.id, hash=stale, view=MODAL | {"title": plain("Really?")})
        with pytest.raises(SlackApiError, match="hash_conflict"):
            await update(view_id=act.modal.id, hash=stale, view=MODAL)
    assert act.modal.title == "Really?"


async def test_the_home_view_is_shown_when_home_is_opened(server: SlackServer, bolt: Bolt, ana: User) -> None:
    bolt.hears("app_home_opened")
    home = {"type": "home", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}]}
    async with connected(server, bolt):
        await bolt.app.client.views_publish(user_id=ana.id, view=home)
        await ana.opens_home()
        await server.until(lambda: bolt.heard)
    assert bolt.of("app_home_opened")[0]["view"]["blocks"][0]["text"]["text"] == "hello"
