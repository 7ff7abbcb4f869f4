"""Streams and sessions of the pretend Slack: how an answer grows, and all the ways in which it may end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.servers.slack import Channel, Message, SlackServer, User
from tests.servers.slack.apps import bolt_app, connected, error, web_client

# The servers are the tests' own tools: what they keep to need not be proved at every quick run.
pytestmark = pytest.mark.slow

PLAIN = {"type": "plain_text", "text": "Good"}


@pytest.fixture
async def server() -> AsyncIterator[SlackServer]:
    async with SlackServer() as running:
        yield running


@pytest.fixture
def ana(server: SlackServer) -> User:
    return server.add_user("Ana")


@pytest.fixture
def general(server: SlackServer, ana: User) -> Channel:
    return server.add_channel("general")


@pytest.fixture
async def asked(ana: User) -> Message:
    return await ana.says(ana.dm, "hello")


@pytest.fixture
async def client(server: SlackServer) -> AsyncIterator[AsyncWebClient]:
    async with web_client(server) as made:
        yield made


async def started(client: AsyncWebClient, asked: Message, text: str = "one ") -> dict[str, str]:
    """A stream in a direct message; what later requests name it by."""
    told = await client.chat_startStream(channel=asked.channel.id, thread_ts=asked.ts, markdown_text=text)
    return {"channel": told["channel"], "ts": told["ts"]}


async def test_a_stream_grows_and_ends_with_its_buttons(client: AsyncWebClient, asked: Message) -> None:
    side = {"text": PLAIN, "value": "good"}
    feedback = {"type": "feedback_buttons", "action_id": "f", "positive_button": side, "negative_button": side}
    stream = await started(client, asked)
    await client.chat_appendStream(**stream, markdown_text="**two** ")
    await client.chat_stopStream(
        **stream, markdown_text="three", blocks=[{"type": "context_actions", "elements": [feedback]}]
    )
    answer = asked.replies[0]
    assert answer.states == ["one ", "one **two** ", "one **two** three"]
    assert [button.action_id for button in answer.buttons] == ["f", "f"]
    assert answer.stream is not None
    assert answer.stream.state == "completed"


async def test_bolts_say_stream_works_in_a_channel(server: SlackServer, ana: User, general: Channel) -> None:
    async with bolt_app(server) as bolt:

        @bolt.app.event("app_mention")
        async def answer(say_stream: Any, set_status: Any) -> None:
            await set_status("is thinking")
            stream = await say_stream(buffer_size=1)
            for word in ("a ", "b ", "c"):
                await stream.append(markdown_text=word)
            await stream.stop()

        bolt.hears("message")
        async with connected(server, bolt):
            asked = await ana.says(general, server.bot.mention)
            await server.until(lambda: asked.replies and asked.replies[0].text == "a b c")
    assert asked.replies[0].stream is not None
    assert asked.replies[0].stream.recipient == ana.id
    assert server.session(asked).loading == ["is thinking", ""]


async def test_a_stream_in_a_channel_needs_its_recipient(
    server: SlackServer, client: AsyncWebClient, general: Channel, ana: User
) -> None:
    asked = await ana.says(general, "hello")
    where = {"channel": general.id, "thread_ts": asked.ts}
    assert await error(client.chat_startStream(**where)) == "missing_recipient_team_id"
    where["recipient_team_id"] = server.team.id
    assert await error(client.chat_startStream(**where)) == "missing_recipient_user_id"
    assert await error(client.api_call("chat.startStream", json={"channel": general.id})) == "invalid_arguments"
    await client.chat_startStream(**where, recipient_user_id=ana.id)


async def test_a_streaming_message_cannot_be_updated_until_it_ends(client: AsyncWebClient, asked: Message) -> None:
    stream = await started(client, asked)
    assert await error(client.chat_update(**stream, text="x")) == "streaming_state_conflict"
    await client.chat_stopStream(**stream)
    await client.chat_update(**stream, text="x")
    assert asked.replies[0].text == "x"
    assert await error(client.chat_appendStream(**stream, markdown_text="y")) == "message_not_in_streaming_state"
    assert await error(client.chat_stopStream(**stream)) == "message_not_in_streaming_state"


async def test_an_update_with_blocks_takes_the_place_of_what_was_streamed(
    client: AsyncWebClient, asked: Message
) -> None:
    stream = await started(client, asked)
    await client.chat_stopStream(**stream)
    body = {"type": "markdown", "text": "the **whole** answer"}
    await client.chat_update(**stream, text="fallback", blocks=[body])
    assert asked.replies[0].states == ["one ", "the **whole** answer"]


async def test_a_stream_dies_of_age_and_may_be_updated_then(
    server: SlackServer, client: AsyncWebClient, asked: Message
) -> None:
    server.rules.stream_lifetime_s = 0.05
    stream = await started(client, asked)
    await asyncio.sleep(0.06)
    assert await error(client.chat_appendStream(**stream, markdown_text="y")) == "message_not_in_streaming_state"
    assert await error(client.chat_stopStream(**stream)) == "message_not_in_streaming_state"
    await client.chat_update(**stream, text="the whole answer")
    assert asked.replies[0].text == "the whole answer"


async def test_a_stream_dies_of_size_and_keeps_what_it_had(client: AsyncWebClient, asked: Message) -> None:
    stream = await started(client, asked)
    assert await error(client.chat_appendStream(**stream, markdown_text="字" * 3400)) == "msg_too_long"
    assert asked.replies[0].text == "one "
    assert await error(client.chat_stopStream(**stream)) == "message_not_in_streaming_state"


async def test_a_stream_may_be_killed_at_any_time(server: SlackServer, client: AsyncWebClient, asked: Message) -> None:
    stream = await started(client, asked)
    server.kill_stream(asked.replies[0])
    assert await error(client.chat_appendStream(**stream, markdown_text="y")) == "message_not_in_streaming_state"


async def test_chunks_are_checked(client: AsyncWebClient, asked: Message) -> None:
    stream = await started(client, asked)
    task = {"type": "task_update", "id": "1", "title": "Read", "status": "in_progress"}
    await client.chat_appendStream(**stream, chunks=[task, {"type": "markdown_text", "text": "two"}])
    assert asked.replies[0].text == "one two"
    assert asked.replies[0].stream is not None
    assert asked.replies[0].stream.chunks == [task]
    assert await error(client.chat_appendStream(**stream, chunks=[{"type": "song"}])) == "invalid_chunks"
    assert await error(client.chat_appendStream(**stream, chunks=[{**task, "status": "busy"}])) == "invalid_chunks"


async def test_twenty_streams_may_start_in_a_minute(client: AsyncWebClient, asked: Message) -> None:
    for _ in range(20):
        await started(client, asked)
    assert await error(started(client, asked)) == "ratelimited"


async def test_a_session_goes_through_its_statuses(server: SlackServer, client: AsyncWebClient, asked: Message) -> None:
    where = {"channel_id": asked.channel.id, "thread_ts": asked.ts}
    told = await client.agents_sessions_setStatus(**where, status="processing", title="Hello")
    assert (told["status"], told["title"]) == ("processing", "Hello")
    await client.agents_sessions_setStatus(**where, status="active")
    assert server.session(asked).states == ["processing", "active"]
    assert await error(client.agents_sessions_setStatus(**where, status="busy")) == "invalid_status"
    server.events = set()
    told = await client.agents_sessions_setStatus(**where, status="processing")
    assert told["warning"] == "missing_agent_session_stopped_event_subscription"


async def test_stop_ends_the_stream_and_leaves_the_status_to_the_app(
    server: SlackServer, client: AsyncWebClient, ana: User, asked: Message
) -> None:
    async with bolt_app(server) as bolt:
        bolt.hears("agent_session_stopped")
        where = {"channel_id": asked.channel.id, "thread_ts": asked.ts}
        await client.agents_sessions_setStatus(**where, status="processing")
        stream = await started(client, asked)
        server.deliveries.log.clear()
        async with connected(server, bolt):
            await ana.stops(asked)
            await server.until(lambda: bolt.heard)
    stopped = bolt.of("agent_session_stopped")[0]
    assert (stopped["thread_ts"], stopped["streaming_message_ts"]) == (asked.ts, [stream["ts"]])
    assert await error(client.chat_appendStream(**stream, markdown_text="y")) == "stopped_by_user"
    assert server.session(asked).status == "processing"
    await client.chat_stopStream(**stream, session_status="active")
    assert server.session(asked).status == "active"
    assert await error(client.chat_appendStream(**stream, markdown_text="y")) == "message_not_in_streaming_state"


async def test_there_is_no_stop_button_without_a_processing_session(
    server: SlackServer, client: AsyncWebClient, ana: User, asked: Message
) -> None:
    with pytest.raises(LookupError):
        await ana.stops(asked)
    server.events = set()
    await client.agents_sessions_setStatus(channel_id=asked.channel.id, thread_ts=asked.ts, status="processing")
    with pytest.raises(LookupError):
        await ana.stops(asked)


async def test_a_loading_status_ends_with_the_next_message(
    server: SlackServer, client: AsyncWebClient, asked: Message
) -> None:
    where = {"channel_id": asked.channel.id, "thread_ts": asked.ts}
    await client.assistant_threads_setStatus(**where, status="is thinking")
    await client.chat_postMessage(channel=asked.channel.id, thread_ts=asked.ts, text="done")
    assert server.session(asked).loading == ["is thinking", ""]


async def test_prompts_are_at_most_four_and_only_in_direct_messages(
    client: AsyncWebClient, general: Channel, ana: User
) -> None:
    prompt = {"title": "Write", "message": "Write an email"}
    suggest = client.assistant_threads_setSuggestedPrompts
    assert await error(suggest(channel_id=ana.dm.id, prompts=[prompt] * 5)) == "invalid_arguments"
    assert await error(suggest(channel_id=general.id, prompts=[prompt])) == "invalid_channel"
    await suggest(channel_id=ana.dm.id, prompts=[prompt])
    assert ana.dm.suggested_prompts == [prompt]
