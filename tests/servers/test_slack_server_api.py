"""The pretend Slack's Web API: tokens, scopes, arguments, sizes and limits, each with the vendor's own errors."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.servers.slack import Channel, SlackServer, User
from tests.servers.slack.apps import error, refusal, web_client

# The servers are the tests' own tools: what they keep to need not be proved at every quick run.
pytestmark = pytest.mark.slow

PLAIN = {"type": "plain_text", "text": "Press"}
BUTTON = {"type": "button", "action_id": "a", "text": PLAIN}


@pytest.fixture
async def server() -> AsyncIterator[SlackServer]:
    async with SlackServer() as running:
        yield running


@pytest.fixture
def general(server: SlackServer) -> Channel:
    return server.add_channel("general")


@pytest.fixture
def ana(server: SlackServer, general: Channel) -> User:
    return server.add_user("Ana", locale="zh-CN", admin=True)


@pytest.fixture
async def client(server: SlackServer) -> AsyncIterator[AsyncWebClient]:
    async with web_client(server) as made:
        yield made


def section(text: str = "hello") -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


# --- who asks ---------------------------------------------------------------------------------------------------------


async def test_auth_test_names_the_bot_and_its_scopes(server: SlackServer, client: AsyncWebClient) -> None:
    server.scopes = {"chat:write", "commands"}
    answer = await client.auth_test()
    assert (answer["user_id"], answer["team_id"], answer["bot_id"]) == (
        server.bot.id,
        server.team.id,
        server.bot.bot_id,
    )
    assert answer.headers["x-oauth-scopes"] == "chat:write,commands"


async def test_tokens_of_the_wrong_kind_are_told_apart(server: SlackServer, general: Channel) -> None:
    for token, told in [("", "not_authed"), ("xoxb-no", "invalid_auth"), (server.app_token, "not_allowed_token_type")]:
        async with web_client(server, token) as client:
            assert await error(client.chat_postMessage(channel=general.id, text="x")) == told
    server.revoked = True
    async with web_client(server) as client:
        assert await error(client.auth_test()) == "account_inactive"


async def test_a_missing_scope_is_named(server: SlackServer, client: AsyncWebClient, general: Channel) -> None:
    server.scopes = {"channels:read", "reactions:read"}
    refused = await refusal(client.chat_postMessage(channel=general.id, text="x"))
    assert (refused["error"], refused["needed"]) == ("missing_scope", "chat:write")
    assert refused["provided"] == "channels:read,reactions:read"
    assert await error(client.conversations_history(channel=general.id)) == "missing_scope"


async def test_a_method_that_is_not_there_is_unknown(client: AsyncWebClient) -> None:
    assert await error(client.api_call("chat.shout")) == "unknown_method"


# --- arguments --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["json", "data", "params"])
async def test_arguments_come_as_json_form_or_query(
    server: SlackServer, client: AsyncWebClient, general: Channel, form: str
) -> None:
    blocks: Any = [section()] if form == "json" else json.dumps([section()])
    await client.api_call("chat.postMessage", **{form: {"channel": general.id, "text": "x", "blocks": blocks}})
    assert general.messages[0].text == "hello"


async def test_methods_that_read_forms_do_not_see_json(client: AsyncWebClient, general: Channel) -> None:
    refused = await refusal(client.api_call("conversations.info", json={"channel": general.id}))
    assert refused["response_metadata"]["messages"] == ["[ERROR] missing required field: channel"]


async def test_json_without_a_charset_is_warned_about(server: SlackServer, general: Channel) -> None:
    headers = {"Authorization": f"Bearer {server.bot_token}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession() as session:
        body = json.dumps({"channel": general.id, "text": "x"})
        async with session.post(f"{server.api_url}chat.postMessage", data=body, headers=headers) as answer:
            told = await answer.json()
    assert (told["ok"], told["warning"]) == (True, "missing_charset")


# --- posting ----------------------------------------------------------------------------------------------------------


async def test_posting_fails_where_the_bot_may_not(server: SlackServer, client: AsyncWebClient) -> None:
    ana = server.add_user("Ana")
    public, private = server.add_channel("public", bot=False), server.add_channel("private", kind="group", bot=False)
    old, quiet = server.add_channel("old"), server.add_channel("quiet")
    old.archived, quiet.read_only = True, True
    wanted = {
        public.id: "not_in_channel",
        private.id: "channel_not_found",
        "C0": "channel_not_found",
        old.id: "is_archived",
        quiet.id: "restricted_action_read_only_channel",
    }
    told = {name: await error(client.chat_postMessage(channel=name, text="x")) for name in wanted}
    assert told == wanted
    assert (await client.chat_postMessage(channel=ana.id, text="x"))["channel"] == ana.dm.id


WRONG_POSTS = [
    ({"text": " "}, "no_text"),
    ({"text": "x", "markdown_text": "y"}, "markdown_text_conflict"),
    ({"markdown_text": "y", "blocks": [section()]}, "markdown_text_conflict"),
    ({"markdown_text": "y" * 12_001}, "msg_too_long"),
    ({"text": "x", "thread_ts": "1.000000"}, "thread_not_found"),
    ({"text": "x", "username": "Somebody"}, "missing_scope"),
]


@pytest.mark.parametrize(("said", "told"), WRONG_POSTS)
async def test_what_is_posted_is_checked(
    client: AsyncWebClient, general: Channel, said: dict[str, Any], told: str
) -> None:
    assert await error(client.api_call("chat.postMessage", json={"channel": general.id, **said})) == told
    assert general.messages == []


async def test_a_text_over_40000_characters_is_cut_and_noted(
    server: SlackServer, client: AsyncWebClient, general: Channel
) -> None:
    answer = await client.chat_postMessage(channel=general.id, text="x" * 40_001)
    assert answer["warning"] == "message_truncated"
    assert len(general.messages[0].raw) == 40_000
    assert server.violations


async def test_a_replys_time_stamp_as_thread_is_noted(
    server: SlackServer, client: AsyncWebClient, general: Channel, ana: User
) -> None:
    root = await ana.says(general, "root")
    reply = await ana.says(general, "reply", thread=root)
    await client.chat_postMessage(channel=general.id, text="x", thread_ts=reply.ts)
    assert root.replies[-1].text == "x"
    assert server.violations == [f"thread_ts {reply.ts} is a reply's, not its root's"]


async def test_an_update_changes_only_ones_own_and_only_what_it_names(
    client: AsyncWebClient, general: Channel, ana: User
) -> None:
    posted = await client.chat_postMessage(channel=general.id, text="fallback", blocks=[section("first")])
    message = general.messages[0]
    await client.chat_update(channel=general.id, ts=posted["ts"], text="second")
    assert (message.raw, message.text) == ("second", "first")
    await client.chat_update(channel=general.id, ts=posted["ts"], text="third", blocks=[])
    assert message.states == ["first", "third"]
    theirs = await ana.says(general, "mine")
    assert await error(client.chat_update(channel=general.id, ts=theirs.ts, text="x")) == "cant_update_message"
    assert await error(client.chat_update(channel=general.id, ts="1.000000", text="x")) == "message_not_found"
    assert await error(client.chat_update(channel=general.id, ts=posted["ts"], text="x" * 4001)) == "msg_too_long"
    assert await error(client.chat_delete(channel=general.id, ts=theirs.ts)) == "cant_delete_message"


async def test_an_ephemeral_message_is_seen_by_one_and_cannot_be_changed(
    server: SlackServer, client: AsyncWebClient, general: Channel, ana: User
) -> None:
    shown = await client.chat_postEphemeral(channel=general.id, user=ana.id, text="psst")
    assert [message.text for message in ana.ephemerals] == ["psst"]
    assert general.messages == []
    assert await error(client.chat_update(channel=general.id, ts=shown["message_ts"], text="x")) == "message_not_found"


async def test_who_a_message_notifies_is_known(client: AsyncWebClient, general: Channel, ana: User) -> None:
    harmless = f"&lt;!channel&gt; `<!here>` \\<!everyone> {ana.id}"
    await client.chat_postMessage(channel=general.id, text=f"{ana.mention} <!here|here>")
    await client.chat_postMessage(channel=general.id, text="x", blocks=[section("<!channel>")])
    await client.chat_postMessage(channel=general.id, markdown_text="a **<!everyone>**")
    await client.chat_postMessage(channel=general.id, markdown_text=harmless)
    await client.chat_postMessage(channel=ana.id, text="&lt;!channel&gt;")
    assert [message.pinged for message in general.messages] == [{ana.id, "here"}, {"channel"}, {"everyone"}, set()]
    assert ana.dm.messages[0].pinged == set()
    assert ana.dm.messages[0].text == "<!channel>"


# --- Block Kit --------------------------------------------------------------------------------------------------------

MANY = [section() for _ in range(51)]
INVALID = {
    "unknown type": ([{"type": "carousel2"}], "/blocks/0/type"),
    "section too long": ([section("x" * 3001)], "/blocks/0/text/text"),
    "empty section": ([section("")], "/blocks/0/text/text"),
    "too many": (MANY, "/blocks"),
    "same block_id": ([{**section(), "block_id": "b"}, {**section(), "block_id": "b"}], "/blocks/1"),
    "button value": (
        [{"type": "actions", "elements": [{**BUTTON, "value": "x" * 2001}]}],
        "/blocks/0/elements/0/value",
    ),
    "button label": (
        [{"type": "actions", "elements": [{**BUTTON, "text": {**PLAIN, "text": "x" * 76}}]}],
        "/blocks/0/elements/0/text/text",
    ),
    "button mrkdwn": (
        [{"type": "actions", "elements": [{**BUTTON, "text": {"type": "mrkdwn", "text": "x"}}]}],
        "/blocks/0/elements/0/text/type",
    ),
    "action_id": (
        [{"type": "actions", "elements": [{**BUTTON, "action_id": "x" * 256}]}],
        "/blocks/0/elements/0/action_id",
    ),
    "same action_id": ([{"type": "actions", "elements": [BUTTON, BUTTON]}], "/blocks/0/elements"),
    "no elements": ([{"type": "actions", "elements": []}], "/blocks/0"),
    "button in context": ([{"type": "context", "elements": [BUTTON]}], "/blocks/0/elements/0/type"),
    "button in context_actions": ([{"type": "context_actions", "elements": [BUTTON]}], "/blocks/0/elements/0/type"),
    "half feedback": (
        [{"type": "context_actions", "elements": [{"type": "feedback_buttons", "action_id": "f"}]}],
        "/blocks/0/elements/0/positive_button",
    ),
    "markdown": ([{"type": "markdown", "text": "x" * 6001}] * 2, "/blocks"),
    "header": ([{"type": "header", "text": {**PLAIN, "text": "x" * 151}}], "/blocks/0/text/text"),
    "image without alt": ([{"type": "image", "image_url": "https://example.com/a.png"}], "/blocks/0/alt_text"),
    "divider with text": ([{"type": "divider", "text": "x"}], "/blocks/0"),
}


@pytest.mark.parametrize("name", INVALID)
async def test_blocks_that_slack_refuses_are_refused_with_their_place(
    client: AsyncWebClient, general: Channel, name: str
) -> None:
    blocks, pointer = INVALID[name]
    refused = await refusal(client.chat_postMessage(channel=general.id, text="x", blocks=blocks))
    assert refused["error"] == "invalid_blocks"
    assert any(f"[json-pointer:{pointer}]" in message for message in refused["response_metadata"]["messages"])
    assert general.messages == []


async def test_blocks_that_slack_takes_are_taken(client: AsyncWebClient, general: Channel) -> None:
    side = {"text": PLAIN, "value": "good"}
    feedback = {"type": "feedback_buttons", "action_id": "f", "positive_button": side, "negative_button": side}
    option = {"text": PLAIN, "value": "v"}
    trash = {"type": "icon_button", "icon": "trash", "action_id": "t", "text": PLAIN}
    rich = {"type": "rich_text_section", "elements": [{"type": "text", "text": "rich"}]}
    blocks = [
        {"type": "header", "text": PLAIN},
        {"type": "markdown", "text": "**bold**"},
        {**section(), "accessory": {"type": "overflow", "action_id": "o", "options": [option]}},
        {"type": "rich_text", "elements": [rich]},
        {"type": "divider"},
        {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a cat"},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "note"}]},
        {"type": "actions", "elements": [BUTTON, {"type": "static_select", "action_id": "s", "options": [option]}]},
        {"type": "context_actions", "elements": [feedback, trash]},
    ]
    await client.chat_postMessage(channel=general.id, text="x", blocks=blocks)
    message = general.messages[0]
    assert message.text == "Press\n**bold**\nhello\nrich\na cat"
    assert message.notes == "note"
    assert [button.action_id for button in message.buttons] == ["o", "a", "s", "f", "f", "t"]
    assert len({block["block_id"] for block in message.blocks}) == len(blocks)


# --- reactions, people, conversations ---------------------------------------------------------------------------------


async def test_the_bots_reactions_are_kept_once(client: AsyncWebClient, general: Channel, ana: User) -> None:
    said = await ana.says(general, "hello")
    where = {"channel": general.id, "timestamp": said.ts}
    await client.reactions_add(name="eyes", **where)
    assert await error(client.reactions_add(name="eyes", **where)) == "already_reacted"
    assert (await client.reactions_get(**where))["message"]["reactions"][0]["count"] == 1
    await client.reactions_remove(name="eyes", **where)
    assert await error(client.reactions_remove(name="eyes", **where)) == "no_reaction"
    assert await error(client.reactions_add(name="not a name", **where)) == "invalid_name"


async def test_a_locale_is_told_only_on_request(client: AsyncWebClient, ana: User) -> None:
    assert "locale" not in (await client.users_info(user=ana.id))["user"]
    told = (await client.users_info(user=ana.id, include_locale=True))["user"]
    assert (told["locale"], told["is_admin"], told["is_owner"]) == ("zh-CN", True, False)
    assert await error(client.users_info(user="U0")) == "user_not_found"


async def test_history_is_newest_first_without_replies_and_in_pages(
    client: AsyncWebClient, general: Channel, ana: User
) -> None:
    said = [await ana.says(general, str(number)) for number in range(5)]
    await ana.says(general, "reply", thread=said[0])
    pages = [
        [message["text"] for message in page["messages"]]
        async for page in await client.conversations_history(channel=general.id, limit=2)
    ]
    assert pages == [["4", "3"], ["2", "1"], ["0"]]
    between = await client.conversations_history(channel=general.id, oldest=said[1].ts, latest=said[3].ts)
    assert [message["ts"] for message in between["messages"]] == [said[2].ts]
    assert await error(client.conversations_history(channel=general.id, cursor="no")) == "invalid_cursor"


async def test_what_was_said_earlier_has_its_place_in_history(
    client: AsyncWebClient, general: Channel, ana: User
) -> None:
    now = await ana.says(general, "now")
    then = await ana.says(general, "an hour ago", ago=3600)
    told = await client.conversations_history(channel=general.id)
    assert [message["ts"] for message in told["messages"]] == [now.ts, then.ts]
    assert 3599 < float(now.ts) - float(then.ts) < 3601


async def test_replies_begin_with_the_root(client: AsyncWebClient, general: Channel, ana: User) -> None:
    root = await ana.says(general, "root")
    replies = [await ana.says(general, str(number), thread=root) for number in range(3)]
    told = await client.conversations_replies(channel=general.id, ts=root.ts)
    assert [message["ts"] for message in told["messages"]] == [root.ts, *(reply.ts for reply in replies)]
    assert told["messages"][0]["reply_count"] == 3
    newer = await client.conversations_replies(channel=general.id, ts=root.ts, oldest=replies[1].ts)
    assert [message["ts"] for message in newer["messages"]] == [root.ts, replies[2].ts]
    assert await error(client.conversations_replies(channel=general.id, ts="1.000000")) == "thread_not_found"


async def test_conversations_are_listed_by_kind(server: SlackServer, client: AsyncWebClient, ana: User) -> None:
    private = server.add_channel("private", kind="group")
    opened = await client.conversations_open(users=ana.id)
    told = await client.users_conversations(types="private_channel,im")
    assert {channel["id"] for channel in told["channels"]} == {private.id, opened["channel"]["id"]}
    assert (await client.conversations_info(channel=ana.dm.id))["channel"]["user"] == ana.id
    assert ana.id in (await client.conversations_members(channel=private.id))["members"]


async def test_a_permalink_names_the_thread(client: AsyncWebClient, general: Channel, ana: User) -> None:
    root = await ana.says(general, "root")
    reply = await ana.says(general, "reply", thread=root)
    link = (await client.chat_getPermalink(channel=general.id, message_ts=reply.ts))["permalink"]
    assert link.endswith(f"?thread_ts={root.ts}&cid={general.id}")


# --- files ------------------------------------------------------------------------------------------------------------


async def test_an_upload_appears_as_a_message_a_moment_later(
    server: SlackServer, client: AsyncWebClient, general: Channel, ana: User
) -> None:
    asked = await ana.says(general, "draw")
    told = await client.files_upload_v2(
        channel=general.id, thread_ts=asked.ts, content=b"png", filename="cat.png", alt_txt="a cat", title="Cat"
    )
    assert asked.replies == []
    await server.until(lambda: asked.replies)
    file = asked.replies[0].files[0]
    assert (file.name, file.data, file.alt_text, file.title) == ("cat.png", b"png", "a cat", "Cat")
    info = (await client.files_info(file=told["files"][0]["id"]))["file"]
    assert info["shares"]["public"][general.id][0]["ts"] == asked.replies[0].ts


async def test_a_file_is_given_to_the_token_and_a_sign_in_page_to_others(
    server: SlackServer, general: Channel, ana: User
) -> None:
    said = await ana.says(general, "read", files=[("notes.txt", b"words")])
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {server.bot_token}"}
        async with session.get(said.files[0].url, headers=headers) as answer:
            assert await answer.read() == b"words"
        async with session.get(said.files[0].url) as answer:
            assert (answer.status, answer.content_type) == (200, "text/html")


# --- the app's manifest -----------------------------------------------------------------------------------------------


def manifest() -> dict[str, Any]:
    return {
        "display_information": {"name": "Inkling"},
        "features": {
            "bot_user": {"display_name": "Inkling"},
            "agent_view": {"agent_description": "Writes and draws."},
            "slash_commands": [{"command": "/write", "description": "Write", "should_escape": True}],
            "shortcuts": [
                {"name": "Summarise from here", "type": "message", "callback_id": "summarise", "description": "Sum up"}
            ],
        },
        "oauth_config": {"scopes": {"bot": ["app_mentions:read", "assistant:write", "chat:write", "commands"]}},
        "settings": {"event_subscriptions": {"bot_events": ["app_mention"]}, "socket_mode_enabled": True},
    }


async def test_a_good_manifest_is_valid_and_installed(server: SlackServer, client: AsyncWebClient, ana: User) -> None:
    await client.apps_manifest_validate(manifest=manifest())
    server.install(manifest())
    assert (await client.auth_test()).headers[
        "x-oauth-scopes"
    ] == "app_mentions:read,assistant:write,chat:write,commands"
    assert (await ana.calls(server.add_channel("a"), "draw")).failed == "/draw is not a valid command"


async def test_what_is_wrong_with_a_manifest_is_listed(client: AsyncWebClient) -> None:
    wrong = manifest()
    wrong["display_information"]["name"] = "x" * 36
    wrong["settings"]["event_subscriptions"]["bot_events"].append("message.im")
    wrong["features"]["agent_view"]["agent_description"] = "x" * 301
    refused = await refusal(client.apps_manifest_validate(manifest=wrong))
    assert refused["error"] == "invalid_manifest"
    assert {found["pointer"] for found in refused["errors"]} == {
        "/display_information/name",
        "/settings/event_subscriptions/bot_events/1",
        "/features/agent_view/agent_description",
    }
