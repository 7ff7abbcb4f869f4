"""How often the pretend Slack may be asked, and its bad days: 429s, 5xx, answers that get lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.servers.slack import Channel, SlackServer
from tests.servers.slack.apps import error, patient_client, refusal, web_client

# The servers are the tests' own tools: what they keep to need not be proved at every quick run.
pytestmark = pytest.mark.slow


@pytest.fixture
async def server() -> AsyncIterator[SlackServer]:
    async with SlackServer() as running:
        yield running


@pytest.fixture
def general(server: SlackServer) -> Channel:
    return server.add_channel("general")


@pytest.fixture
async def client(server: SlackServer) -> AsyncIterator[AsyncWebClient]:
    async with web_client(server) as made:
        yield made


async def test_a_method_asked_too_often_says_when_to_come_back(client: AsyncWebClient, general: Channel) -> None:
    posted = await client.chat_postMessage(channel=general.id, text="x")
    for number in range(50):
        await client.chat_update(channel=general.id, ts=posted["ts"], text=str(number))
    refused = await refusal(client.chat_update(channel=general.id, ts=posted["ts"], text="x"))
    assert (refused.status_code, refused["error"]) == (429, "ratelimited")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60


async def test_posts_are_counted_by_channel(server: SlackServer, client: AsyncWebClient) -> None:
    one, other = server.add_channel("one"), server.add_channel("other")
    for _ in range(4):
        await client.chat_postMessage(channel=one.id, text="x")
    assert await error(client.chat_postMessage(channel=one.id, text="x")) == "ratelimited"
    await client.chat_postMessage(channel=other.id, text="x")


async def test_asking_again_before_the_time_is_noted(
    server: SlackServer, client: AsyncWebClient, general: Channel
) -> None:
    server.faults.refuse("auth.test", 429, retry_after=1)
    assert await error(client.auth_test()) == "ratelimited"
    await server.waits(lambda: False, 0.5)
    await client.auth_test()
    assert server.violations == ["auth.test asked again before Retry-After ran out"]


async def test_waiting_as_told_is_no_violation(server: SlackServer) -> None:
    server.faults.refuse("auth.test", 429, retry_after=1)
    async with patient_client(server) as client:
        await client.auth_test()
    assert [seen.status for seen in server.requests] == [429, 200]
    assert server.violations == []


async def test_without_limits_only_the_volume_is_free() -> None:
    async with SlackServer(limits=False) as server, web_client(server) as client:
        general = server.add_channel("general")
        for _ in range(30):
            await client.chat_postMessage(channel=general.id, text="x")
        assert await error(client.chat_postMessage(channel=general.id, markdown_text="x" * 12_001)) == "msg_too_long"


async def test_faults_come_as_told(server: SlackServer, client: AsyncWebClient, general: Channel) -> None:
    server.faults.refuse("chat.postMessage", 503)
    server.faults.refuse("chat.postMessage", error="internal_error")
    post = client.chat_postMessage
    assert (await refusal(post(channel=general.id, text="one"))).status_code == 503
    assert await error(post(channel=general.id, text="two")) == "internal_error"
    await post(channel=general.id, text="three")
    assert [message.text for message in general.messages] == ["three"]


async def test_a_lost_answer_makes_the_sdk_post_twice_by_itself(server: SlackServer, general: Channel) -> None:
    async with web_client(server) as client:
        server.faults.lose("chat.postMessage")
        await client.chat_postMessage(channel=general.id, text="hello")
    assert [message.text for message in general.messages] == ["hello", "hello"]
    async with web_client(server, retry_handlers=[]) as client:
        server.faults.lose("chat.postMessage")
        with pytest.raises(aiohttp.ClientError):
            await client.chat_postMessage(channel=general.id, text="hello")
    assert len(general.messages) == 3


async def test_an_answer_may_take_its_time(server: SlackServer, client: AsyncWebClient, general: Channel) -> None:
    server.faults.delay("chat.postMessage", 0.1)
    asking = asyncio.create_task(client.chat_postMessage(channel=general.id, text="x"))
    await server.until(lambda: general.messages)
    assert not asking.done()
    await asking
    assert len(server.seen("chat.postMessage")) == 1


async def test_a_share_of_requests_is_rate_limited(server: SlackServer, client: AsyncWebClient) -> None:
    server.faults.rate_limit(0.5, seed=3)
    for _ in range(20):
        with suppress(SlackApiError):
            await client.auth_test()
    assert {seen.status for seen in server.requests} == {200, 429}
