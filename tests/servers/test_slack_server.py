"""What the pretend Slack tells an app: events as slack-bolt gets them over a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.servers.slack import SlackServer
from tests.servers.slack.apps import Bolt, bolt_app, connected

# The servers are the tests' own tools: what they keep to need not be proved at every quick run.
pytestmark = pytest.mark.slow


@pytest.fixture
async def server() -> AsyncIterator[SlackServer]:
    async with SlackServer() as running:
        yield running


@pytest.fixture
async def bolt(server: SlackServer) -> AsyncIterator[Bolt]:
    """An app that notes every event it may subscribe to."""
    async with bolt_app(server) as app:
        yield app


# --- messages ---------------------------------------------------------------------------------------------------------


async def test_a_mention_in_a_channel_comes_twice_under_two_event_ids(server: SlackServer, bolt: Bolt) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    bolt.hears("app_mention", "message")
    async with connected(server, bolt):
        said = await ana.says(general, f"{server.bot.mention} hello")
        await server.until(lambda: len(bolt.heard) == 2)
    assert bolt.of("app_mention")[0]["ts"] == bolt.of("message")[0]["ts"] == said.ts
    assert len({body["event_id"] for body in bolt.heard}) == 2


async def test_a_mention_and_its_twin_come_in_either_order(server: SlackServer, bolt: Bolt) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    bolt.hears("app_mention", "message")
    async with connected(server, bolt):
        for _ in range(8):
            await ana.says(general, f"{server.bot.mention} hello")
        await server.until(lambda: len(bolt.heard) == 16)
    sent = [attempt.type for attempt in server.deliveries.log]
    assert {tuple(sent[index : index + 2]) for index in range(0, 16, 2)} == {
        ("message", "app_mention"),
        ("app_mention", "message"),
    }


async def test_text_arrives_escaped_with_links_marked(server: SlackServer, bolt: Bolt) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    bolt.hears("message")
    typed = f"a < b & {ana.mention} see https://example.com/x?a=1&b=2 or example.org, ana@example.com"
    async with connected(server, bolt):
        said = await ana.says(general, typed)
        await server.until(lambda: bolt.heard)
    assert bolt.of("message")[0]["text"] == (
        f"a &lt; b &amp; {ana.mention} see <https://example.com/x?a=1&amp;b=2> or <http://example.org|example.org>, "
        "<mailto:ana@example.com|ana@example.com>"
    )
    assert bolt.of("message")[0]["blocks"][0]["type"] == "rich_text"
    assert said.raw == bolt.of("message")[0]["text"]


@pytest.mark.parametrize("kind", ["channel", "group", "mpim"])
async def test_a_message_tells_the_kind_of_its_channel(server: SlackServer, bolt: Bolt, kind: str) -> None:
    ana, channel = server.add_user("Ana"), server.add_channel("plans", kind=kind)
    bolt.hears("message")
    async with connected(server, bolt):
        await ana.says(channel, "hello")
        await server.until(lambda: bolt.heard)
    assert bolt.of("message")[0]["channel_type"] == kind


async def test_a_mention_in_a_direct_message_is_only_a_message(server: SlackServer, bolt: Bolt) -> None:
    ana = server.add_user("Ana")
    bolt.hears("app_mention", "message")
    async with connected(server, bolt):
        await ana.says(ana.dm, f"{server.bot.mention} hello")
        await ana.says(ana.dm, "again")
        await server.until(lambda: len(bolt.heard) == 2)
    assert [event["channel_type"] for event in bolt.of("message")] == ["im", "im"]


async def test_a_reply_in_a_thread_names_its_root(server: SlackServer, bolt: Bolt) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    bolt.hears("message")
    async with connected(server, bolt):
        root = await ana.says(general, "root")
        reply = await ana.says(general, "reply", thread=root)
        await ana.says(general, "reply to the reply", reply_to=reply)
        await server.until(lambda: len(bolt.heard) == 3)
    assert {event.get("thread_ts") for event in bolt.of("message")[1:]} == {root.ts}
    assert len(root.replies) == 2


async def test_a_reply_sent_to_the_channel_as_well_is_a_broadcast(server: SlackServer, bolt: Bolt) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    bolt.hears("message")
    async with connected(server, bolt):
        root = await ana.says(general, "root")
        await ana.says(general, "reply", thread=root, broadcast=True)
        await server.until(lambda: len(bolt.heard) == 2)
    assert bolt.of("message", "thread_broadcast")[0]["root"]["ts"] == root.ts


async def test_a_message_with_a_file_is_a_file_share(server: SlackServer, bolt: Bolt) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    bolt.hears("message", "app_mention")
    async with connected(server, bolt):
        await ana.says(general, f"{server.bot.mention} read this", files=[("notes.txt", b"one\ntwo")])
        await server.until(lambda: len(bolt.heard) == 2)
    shared = bolt.of("message", "file_share")[0]["files"][0]
    assert (shared["name"], shared["mimetype"], shared["size"]) == ("notes.txt", "text/plain", 7)
    assert bolt.of("app_mention")[0]["files"][0]["id"] == shared["id"]


async def test_an_edit_of_a_mention_sends_app_mention_again(server: SlackServer, bolt: Bolt) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    bolt.hears("message", "app_mention")
    async with connected(server, bolt):
        said = await ana.says(general, f"{server.bot.mention} helo")
        await ana.edits(said, f"{server.bot.mention} hello")
        await server.until(lambda: len(bolt.heard) == 4)
    changed = bolt.of("message", "message_changed")[0]
    assert changed["message"]["text"].endswith("hello")
    assert changed["previous_message"]["text"].endswith("helo")
    assert [event["ts"] for event in bolt.of("app_mention") if "edited" in event] == [said.ts]


async def test_an_unfurled_link_is_a_change_that_changes_no_text(server: SlackServer, bolt: Bolt) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    bolt.hears("message", "app_mention")
    async with connected(server, bolt):
        said = await ana.says(general, "https://example.com")
        await server.unfurl(said)
        await server.until(lambda: len(bolt.heard) == 2)
    changed = bolt.of("message", "message_changed")[0]
    assert changed["message"]["text"] == changed["previous_message"]["text"]
    assert "edited" not in changed["message"]


async def test_a_deleted_message_is_told_with_what_it_was(server: SlackServer, bolt: Bolt) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    bolt.hears("message")
    async with connected(server, bolt):
        said = await ana.says(general, "oops")
        await ana.deletes(said)
        await server.until(lambda: len(bolt.heard) == 2)
    deleted = bolt.of("message", "message_deleted")[0]
    assert (deleted["deleted_ts"], deleted["previous_message"]["user"]) == (said.ts, ana.id)
    assert general.messages == []


async def test_a_deleted_root_of_a_thread_leaves_a_tombstone(server: SlackServer, bolt: Bolt) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    bolt.hears("message")
    async with connected(server, bolt):
        root = await ana.says(general, "root")
        reply = await ana.says(general, "reply", thread=root)
        await ana.deletes(root)
        await server.until(lambda: len(bolt.heard) == 3)
    changed = bolt.of("message", "message_changed")[0]
    assert (changed["message"]["subtype"], changed["message"]["ts"]) == ("tombstone", root.ts)
    assert general.messages == [reply]


async def test_joining_is_noise_in_the_channel(server: SlackServer, bolt: Bolt) -> None:
    general = server.add_channel("general")
    bo = server.add_user("Bo")
    bolt.hears("message")
    async with connected(server, bolt):
        await bo.joins(general)
        await server.until(lambda: bolt.heard)
    assert bolt.of("message", "channel_join")[0]["user"] == bo.id


# --- bots -------------------------------------------------------------------------------------------------------------


async def test_the_apps_own_messages_do_not_reach_its_listeners(server: SlackServer, bolt: Bolt) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    bolt.hears("message", "reaction_added")
    async with connected(server, bolt):
        posted = await bolt.app.client.chat_postMessage(channel=general.id, text="mine")
        await bolt.app.client.reactions_add(channel=general.id, timestamp=posted["ts"], name="eyes")
        await ana.says(general, "yours")
        await server.until(lambda: bolt.heard and server.deliveries.under_way == 0)
    assert [event["user"] for event in bolt.of("message")] == [ana.id]
    assert {attempt.type for attempt in server.deliveries.log} == {"message", "reaction_added"}


async def test_other_bots_reach_its_listeners_in_two_forms(server: SlackServer, bolt: Bolt) -> None:
    general = server.add_channel("general")
    robo, old = server.add_user("Robo", bot=True), server.add_user("Old", bot=True, classic=True)
    bolt.hears("message", "reaction_added")
    async with connected(server, bolt):
        said = await robo.says(general, "beep")
        await old.says(general, "beep")
        await robo.reacts(said, "👍")
        await server.until(lambda: len(bolt.heard) == 3)
    assert bolt.of("message")[0]["bot_id"] == robo.bot_id
    assert "user" not in bolt.of("message", "bot_message")[0]
    assert bolt.of("reaction_added")[0]["user"] == robo.id


# --- reactions --------------------------------------------------------------------------------------------------------


async def test_reactions_carry_clients_names_and_skin_tones(server: SlackServer, bolt: Bolt) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    bolt.hears("reaction_added", "reaction_removed")
    async with connected(server, bolt):
        posted = await bolt.app.client.chat_postMessage(channel=general.id, text="an answer")
        await ana.reacts(general.messages[0], "👍🏽")
        await ana.unreacts(general.messages[0], "👍🏽")
        await ana.reacts(general.messages[0], "thumbsdown")
        await server.until(lambda: len(bolt.heard) == 3)
    added, removed = bolt.of("reaction_added"), bolt.of("reaction_removed")
    assert [event["reaction"] for event in [*added, *removed]] == ["+1::skin-tone-4", "thumbsdown", "+1::skin-tone-4"]
    assert added[0]["item"] == {"type": "message", "channel": general.id, "ts": posted["ts"]}
    assert added[0]["item_user"] == server.bot.id


async def test_a_reaction_may_come_without_the_messages_author(server: SlackServer, bolt: Bolt) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    old = server.add_user("Old", bot=True, classic=True)
    bolt.hears("reaction_added")
    async with connected(server, bolt):
        await ana.reacts(await ana.says(general, "hm"), "👍", item_user=False)
        await ana.reacts(await old.says(general, "beep"), "👍")
        await server.until(lambda: len(bolt.heard) == 2)
    assert not any("item_user" in event for event in bolt.of("reaction_added"))


# --- the agent --------------------------------------------------------------------------------------------------------


async def test_opening_the_agent_is_an_opened_messages_tab(server: SlackServer, bolt: Bolt) -> None:
    ana = server.add_user("Ana")

    @bolt.app.event("app_home_opened")
    async def opened(event: dict[str, Any], set_suggested_prompts: Any) -> None:
        if event["tab"] == "messages":
            await set_suggested_prompts(prompts=[{"title": "Write", "message": "Write an email"}])

    async with connected(server, bolt):
        await ana.opens_home()
        await ana.opens_agent()
        await server.until(lambda: ana.dm.suggested_prompts)
    assert ana.dm.suggested_prompts == [{"title": "Write", "message": "Write an email"}]


async def test_turning_to_a_channel_is_told_as_context(server: SlackServer, bolt: Bolt) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    bolt.hears("app_context_changed")
    async with connected(server, bolt):
        await ana.looks_at(general)
        await ana.looks_at(None)
        await server.until(lambda: len(bolt.heard) == 2)
    assert [event["context"].get("entities", [{}])[0].get("value") for event in bolt.of("app_context_changed")] == [
        general.id,
        None,
    ]


# --- who is told ------------------------------------------------------------------------------------------------------


async def test_events_without_scope_or_subscription_or_membership_do_not_come(server: SlackServer, bolt: Bolt) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    elsewhere = server.add_channel("elsewhere", bot=False)
    bolt.hears("message", "app_mention", "reaction_added")
    server.events = server.events - {"reaction_added"}
    server.scopes = server.scopes - {"im:history"}
    async with connected(server, bolt):
        await ana.says(ana.dm, "no scope")
        await ana.says(elsewhere, f"{server.bot.mention} no member")
        said = await ana.says(general, "hello")
        await ana.reacts(said, "👍")
        await server.until(lambda: bolt.heard and server.deliveries.under_way == 0)
    assert [attempt.type for attempt in server.deliveries.log] == ["message"]
