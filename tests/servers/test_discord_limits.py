"""What the Discord server makes clients wait for, and what it loses at will: rate limits and faults."""

from __future__ import annotations

import asyncio

import aiohttp
import discord
import pytest
from discord.http import Route

from tests.servers.discord.drafts import Draft
from tests.servers.discord.limits import Bucket, Limits, Refused
from tests.servers.discord_client import Listener, logged_in, team
from tests.servers.test_discord_rules import say

# The servers are the tests' own tools: what they keep to need not be proved at every quick run.
pytestmark = pytest.mark.slow


# --- rate limits ---


async def test_five_messages_pass_and_the_sixth_waits_for_the_window() -> None:
    client = Listener()
    async with team() as t, logged_in(t.server, client):
        path = Route("POST", "/channels/{channel_id}/messages", channel_id=t.channel.id)
        headers = []
        session = client.http._HTTPClient__session  # type: ignore[attr-defined]
        for number in range(6):
            authorization = {"Authorization": f"Bot {t.server.token}"}
            async with session.post(path.url, json={"content": str(number)}, headers=authorization) as response:
                headers.append(response.headers)
                status, body = response.status, await response.json()

    assert [each["X-RateLimit-Remaining"] for each in headers] == ["4", "3", "2", "1", "0", "0"]
    assert (headers[0]["X-RateLimit-Limit"], headers[0]["Content-Type"]) == ("5", "application/json")
    assert (status, body["message"], body["global"]) == (429, "You are being rate limited.", False)
    assert 0 < body["retry_after"] <= 5
    assert (headers[5]["Via"], headers[5]["X-RateLimit-Scope"]) == ("1.1 google", "user")


async def test_the_client_keeps_to_the_headers_by_itself() -> None:
    client = Listener()
    async with team() as t, logged_in(t.server, client):
        message = await client.get_partial_messageable(int(t.channel.id)).send("hm")
        await asyncio.gather(*(message.add_reaction(emoji) for emoji in "👍👎👀"))

    assert len(t.channel.messages[0].reactions) == 3
    assert [request.status for request in t.server.requests].count(429) == 0


async def test_limits_can_be_switched_off_but_not_the_rules() -> None:
    client = Listener()
    async with team(limits=False) as t, logged_in(t.server, client):
        channel = client.get_partial_messageable(int(t.channel.id))
        await asyncio.gather(*(channel.send(str(number)) for number in range(60)))
        error = await say(t, client, content="x" * 2001)

    assert len(t.channel.messages) == 60
    assert error["code"] == 50035


async def test_asking_again_before_a_429_is_over_is_a_violation() -> None:
    client = Listener()
    async with team() as t, logged_in(t.server, client):
        t.server.faults.refuse("POST .*/messages", 429, retry_after=2)
        path = Route("POST", "/channels/{channel_id}/messages", channel_id=t.channel.id)
        session = client.http._HTTPClient__session  # type: ignore[attr-defined]
        for pause in (0.4, 0):
            authorization = {"Authorization": f"Bot {t.server.token}"}
            async with session.post(path.url, json={"content": "x"}, headers=authorization):
                await asyncio.sleep(pause)

    assert len(t.server.violations) == 1
    assert "before a 429's retry_after was over" in t.server.violations[0]


async def test_messages_older_than_an_hour_take_few_edits() -> None:
    client = Listener()
    async with team() as t, logged_in(t.server, client):
        old = t.server.world.post(t.channel, t.server.bot, Draft("old", ago=4000))
        session = client.http._HTTPClient__session  # type: ignore[attr-defined]
        url = f"{t.server.api_url}/channels/{t.channel.id}/messages/{old.id}"
        for number in range(4):
            authorization = {"Authorization": f"Bot {t.server.token}"}
            async with session.patch(url, json={"content": str(number)}, headers=authorization) as response:
                status, body = response.status, await response.json()

    assert (status, body["code"]) == (429, 30046)
    assert old.text == "2"


# --- faults ---


async def test_a_refused_request_is_tried_again_by_the_client_for_500_and_not_for_503() -> None:
    client = Listener()
    async with team() as t, logged_in(t.server, client):
        channel = client.get_partial_messageable(int(t.channel.id))
        t.server.faults.refuse("POST .*/messages", 500)
        await channel.send("one")
        t.server.faults.refuse("POST .*/messages", 503)
        with pytest.raises(discord.DiscordServerError) as error:
            await channel.send("two")

    assert error.value.status == 503
    assert [message.text for message in t.channel.messages] == ["one"]


async def test_a_lost_answer_leaves_the_message_there() -> None:
    client = Listener()
    async with team() as t, logged_in(t.server, client):
        channel = client.get_partial_messageable(int(t.channel.id))
        t.server.faults.lose("POST .*/messages")
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await channel.send("one", nonce="7")
        again = await channel.send("one", nonce="7")

    assert [message.id for message in t.channel.messages] == [str(again.id)]


async def test_a_share_of_requests_is_rate_limited_and_all_arrive() -> None:
    client = Listener()
    async with team(limits=False) as t, logged_in(t.server, client):
        t.server.faults.rate_limit(share=0.3, seed=1)
        channel = client.get_partial_messageable(int(t.channel.id))
        for number in range(10):
            await channel.send(str(number))

    assert [message.text for message in t.channel.messages] == [str(number) for number in range(10)]
    assert 429 in [request.status for request in t.server.requests]
    assert t.server.violations == []


def test_fifty_requests_a_second_are_the_limit_for_everything_but_interactions() -> None:
    limits = Limits(True, lambda text: None)
    for number in range(50):
        limits.take(Bucket(f"route {number}"), "")

    with pytest.raises(Refused) as over:
        limits.take(Bucket("one more"), "")
    headers = limits.take(Bucket("an interaction"), "", everywhere=False)

    assert (over.value.scope, over.value.headers) == ("global", {"X-RateLimit-Global": "true"})
    assert headers["X-RateLimit-Remaining"] == "49"
