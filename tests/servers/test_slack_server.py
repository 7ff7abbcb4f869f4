"""What the pretend Slack tells an app, driven by slack-bolt and slack_sdk over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.servers.slack import SlackServer
from tests.servers.slack.apps import Bolt, bolt_app, connected


@pytest.fixture
async def server() -> AsyncIterator[SlackServer]:
    async with SlackServer() as running:
        yield running


@pytest.fixture
async def bolt(server: SlackServer) -> AsyncIterator[Bolt]:
    async with bolt_app(server) as app:
        yield app


async def test_a_mention_in_a_channel_comes_twice_under_two_event_ids(server: SlackServer, bolt: Bolt) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    bolt.hears("app_mention", "message")
    async with connected(server, bolt):
        said = await ana.says(general, f"{server.bot.mention} a < b & c")
        await server.until(lambda: len(bolt.heard) == 2)
    mention, message = bolt.of("app_mention")[0], bolt.of("message")[0]
    assert mention["ts"] == message["ts"] == said.ts
    assert len({body["event_id"] for body in bolt.heard}) == 2
    assert message["text"] == f"{server.bot.mention} a &lt; b &amp; c"
    assert said.text == f"{server.bot.mention} a < b & c"


async def test_an_app_answers_with_say(server: SlackServer, bolt: Bolt) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")

    @bolt.app.event("app_mention")
    async def answer(event, say) -> None:
        await say(text="hello", thread_ts=event["ts"])

    bolt.hears("message")
    async with connected(server, bolt):
        asked = await ana.says(general, server.bot.mention)
        await server.until(lambda: asked.replies)
    assert asked.replies[0].text == "hello"
    assert asked.replies[0].author is server.bot
    assert general.messages == [asked, *asked.replies]


async def test_a_command_is_acknowledged_and_answered(server: SlackServer, bolt: Bolt) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")

    @bolt.app.command("/write")
    async def write(ack, respond, command) -> None:
        await ack()
        await respond(text=f"you said {command['text']}")

    async with connected(server, bolt):
        call = await ana.calls(general, "write", text="email to Bo")
        await server.until(lambda: call.replies)
    assert call.acked_after is not None
    assert call.replies[0].text == "you said email to Bo"
    assert call.replies[0].ephemeral_for is ana
    assert general.messages == []


async def test_a_button_opens_a_modal_and_its_submission_comes_back(server: SlackServer, bolt: Bolt) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    button = {"type": "button", "action_id": "why", "text": {"type": "plain_text", "text": "Why?"}, "value": "7"}
    field = {"type": "plain_text_input", "action_id": "reason", "multiline": True}
    label = {"type": "plain_text", "text": "Reason"}
    modal = {
        "type": "modal",
        "callback_id": "because",
        "private_metadata": "7",
        "title": label,
        "submit": {"type": "plain_text", "text": "Send"},
        "blocks": [{"type": "input", "block_id": "b", "label": label, "element": field}],
    }
    got = {}

    @bolt.app.action("why")
    async def why(ack, body, client) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal)

    @bolt.app.view("because")
    async def because(ack, view) -> None:
        await ack()
        got.update(view["state"]["values"]["b"]["reason"])

    async with connected(server, bolt):
        await bolt.app.client.chat_postMessage(
            channel=general.id, text="an answer", blocks=[{"type": "actions", "elements": [button]}]
        )
        act = await ana.presses(general.messages[0], "Why?")
        done = await ana.submits(act.modal, {"reason": "too long"})
        await server.until(lambda: got)
    assert got["value"] == "too long"
    assert done.failed is None
    assert act.modal is not None
    assert not act.modal.is_open


async def test_reactions_come_with_clients_names_and_skin_tones(server: SlackServer, bolt: Bolt) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    bolt.hears("reaction_added", "reaction_removed")
    async with connected(server, bolt):
        posted = await bolt.app.client.chat_postMessage(channel=general.id, text="an answer")
        await ana.reacts(general.messages[0], "👍🏽")
        await ana.unreacts(general.messages[0], "👍🏽")
        await server.until(lambda: len(bolt.heard) == 2)
    assert {event["reaction"] for event in (body["event"] for body in bolt.heard)} == {"+1::skin-tone-4"}
    assert bolt.of("reaction_added")[0]["item"] == {"type": "message", "channel": general.id, "ts": posted["ts"]}
    assert bolt.of("reaction_added")[0]["item_user"] == server.bot.id
