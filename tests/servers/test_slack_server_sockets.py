"""How the pretend Slack delivers: envelopes, acknowledgements, retries, broken sockets, signed requests, outages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from tests.servers.slack import NotAcked, SlackServer
from tests.servers.slack.apps import Bolt, bolt_app, connected, web_client

# The servers are the tests' own tools: what they keep to need not be proved at every quick run.
pytestmark = pytest.mark.slow


@pytest.fixture
async def server() -> AsyncIterator[SlackServer]:
    async with SlackServer() as running:
        running.rules.retry_delays_s = (0.0, 0.1, 0.1)
        yield running


@pytest.fixture
async def bolt(server: SlackServer) -> AsyncIterator[Bolt]:
    async with bolt_app(server) as app:
        yield app


async def open_socket(server: SlackServer, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
    """A socket of our own, past the hello."""
    async with web_client(server) as client:
        opened = await client.apps_connections_open(app_token=server.app_token)
    socket = await session.ws_connect(opened["url"])
    assert (await socket.receive_json())["type"] == "hello"
    return socket


async def take(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    """Receive an envelope and acknowledge it."""
    envelope: dict[str, Any] = await socket.receive_json(timeout=5)
    await socket.send_json({"envelope_id": envelope["envelope_id"]})
    return envelope


# --- Socket Mode ------------------------------------------------------------------------------------------------------


async def test_sockets_open_only_with_an_app_token_that_may(server: SlackServer) -> None:
    async with web_client(server) as client:
        for token, error in [(server.bot_token, "not_allowed_token_type"), ("xapp-wrong", "invalid_auth")]:
            with pytest.raises(SlackApiError) as refused:
                await client.apps_connections_open(app_token=token)
            assert refused.value.response["error"] == error
        server.app_scopes.clear()
        with pytest.raises(SlackApiError) as refused:
            await client.apps_connections_open(app_token=server.app_token)
    assert refused.value.response["error"] == "missing_scope"
    assert refused.value.response["needed"] == "connections:write"


async def test_an_unacknowledged_event_comes_again_in_a_new_envelope(server: SlackServer) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    server.rules.ack_limit_s = 0.1
    async with aiohttp.ClientSession() as session:
        socket = await open_socket(server, session)
        await ana.says(general, "hello")
        first, second = await socket.receive_json(timeout=5), await take(socket)
        await server.until(lambda: server.deliveries.under_way == 0)
    assert first["envelope_id"] != second["envelope_id"]
    assert first["payload"] == second["payload"]
    assert (first["retry_attempt"], first["retry_reason"]) == (0, "")
    assert (second["retry_attempt"], second["retry_reason"]) == (1, "timeout")
    assert [attempt.acked_after is None for attempt in server.deliveries.log] == [True, False]


async def test_an_event_is_tried_four_times_and_then_given_up(server: SlackServer) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    server.rules.ack_limit_s = 0.05
    async with aiohttp.ClientSession() as session:
        socket = await open_socket(server, session)
        await ana.says(general, "hello")
        attempts = [(await socket.receive_json(timeout=5))["retry_attempt"] for _ in range(4)]
        await server.until(lambda: server.deliveries.under_way == 0)
    assert attempts == [0, 1, 2, 3]


async def test_bolt_shows_the_retry_count_in_a_header(server: SlackServer, bolt: Bolt) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    counts = []

    @bolt.app.event("message")
    async def note(request: Any) -> None:
        counts.append(request.headers.get("x-slack-retry-num"))

    server.faults.redeliver(1.0)
    async with connected(server, bolt):
        await ana.says(general, "hello")
        await server.until(lambda: len(counts) == 2)
    assert counts == [["0"], ["1"]]


async def test_an_event_that_nobody_listens_to_is_not_acknowledged(server: SlackServer, bolt: Bolt) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    server.rules.ack_limit_s = 0.1
    async with connected(server, bolt):
        await ana.says(general, "hello")
        await server.until(lambda: len(server.deliveries.log) == 4)
    assert {attempt.acked_after for attempt in server.deliveries.log} == {None}


async def test_each_payload_goes_to_any_one_of_the_connections(server: SlackServer) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    async with aiohttp.ClientSession() as session:
        sockets = [await open_socket(server, session) for _ in range(2)]
        got: list[list[str]] = [[], []]

        async def drain(index: int) -> None:
            while True:
                got[index].append((await take(sockets[index]))["payload"]["event_id"])

        draining = [asyncio.create_task(drain(index)) for index in range(2)]
        for _ in range(20):
            await ana.says(general, "hello")
        await server.until(lambda: sum(map(len, got)) == 20)
        for task in draining:
            task.cancel()
        await asyncio.gather(*draining, return_exceptions=True)
    assert got[0]
    assert got[1]
    assert not set(got[0]) & set(got[1])


async def test_an_eleventh_connection_is_sent_away(server: SlackServer) -> None:
    async with aiohttp.ClientSession() as session:
        held = [await open_socket(server, session) for _ in range(10)]
        async with web_client(server) as client:
            opened = await client.apps_connections_open(app_token=server.app_token)
        socket = await session.ws_connect(opened["url"])
        assert (await socket.receive_json())["reason"] == "too_many_websockets"
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
    assert server.sockets.opened == len(held)


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_bolt_reconnects_when_told_to(server: SlackServer, bolt: Bolt, reason: str) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    bolt.hears("message")
    async with connected(server, bolt):
        await server.sockets.say_goodbye(reason)
        await server.until(lambda: server.sockets.opened >= 2 and len(server.sockets.connections) == 1)
        await ana.says(general, "still there?")
        await server.until(lambda: bolt.heard)


async def test_bolt_comes_back_after_its_socket_was_cut_and_gets_what_it_missed(
    server: SlackServer, bolt: Bolt
) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    server.rules.retry_delays_s = (0.0, 1.0, 1.0)
    bolt.hears("message")
    async with connected(server, bolt):
        server.faults.drop_sockets()
        await ana.says(general, "in between")
        await server.until(lambda: bolt.heard)
    assert [attempt.acked_after is None for attempt in server.deliveries.log] == [True, True, False]


async def test_an_outage_refuses_everything_for_a_while(server: SlackServer, bolt: Bolt) -> None:
    bolt.hears("message")
    async with connected(server, bolt):
        server.faults.outage(0.5)
        with pytest.raises(SlackApiError) as refused:
            await bolt.app.client.auth_test()
        assert refused.value.response.status_code == 503
        await server.until(lambda: server.sockets.connections)
        await bolt.app.client.auth_test()


async def test_a_server_that_stops_and_starts_again_is_found_again(server: SlackServer, bolt: Bolt) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    bolt.hears("message")
    async with connected(server, bolt):
        await server.stop()
        assert not server.connected
        await server.start()
        await server.until(lambda: server.connected)
        await ana.says(general, "back?")
        await server.until(lambda: bolt.heard)


async def test_an_acknowledgement_of_nothing_is_a_violation(server: SlackServer) -> None:
    async with aiohttp.ClientSession() as session:
        socket = await open_socket(server, session)
        await socket.send_json({"envelope_id": "made up"})
        await server.until(lambda: server.violations)


async def test_redelivery_has_the_same_event_id_and_is_counted_once(server: SlackServer, bolt: Bolt) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    bolt.hears("message")
    server.faults.redeliver(0.5, seed=1)
    async with connected(server, bolt):
        for _ in range(20):
            await ana.says(general, "hello")
        await server.until(lambda: server.deliveries.under_way == 0 and len(bolt.heard) == len(server.deliveries.log))
    ids = [body["event_id"] for body in bolt.heard]
    assert len(set(ids)) == 20
    assert 24 <= len(ids) <= 36


# --- HTTP mode --------------------------------------------------------------------------------------------------------


async def test_bolt_serves_signed_requests(server: SlackServer) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    async with web_client(server) as client:
        bolt = Bolt(AsyncApp(client=client, signing_secret=server.signing_secret))
        bolt.hears("message")

        @bolt.app.command("/write")
        async def write(ack: Any) -> None:
            await ack("on it")

        async with TestServer(bolt.app.web_app("/slack/events")) as app:
            await server.use_request_url(str(app.make_url("/slack/events")))
            await ana.says(general, "hello")
            await server.until(lambda: bolt.heard)
            call = await ana.calls(general, "write", text="x")
    assert bolt.of("message")[0]["text"] == "hello"
    assert [reply.text for reply in call.replies] == ["on it"]


async def test_a_wrong_signing_secret_fails_the_challenge(server: SlackServer) -> None:
    async with web_client(server) as client:
        app = AsyncApp(client=client, signing_secret="another")
        async with TestServer(app.web_app("/slack/events")) as running:
            with pytest.raises(NotAcked, match="http_error"):
                await server.use_request_url(str(running.make_url("/slack/events")))


async def test_a_refused_request_is_sent_again_with_its_number(server: SlackServer) -> None:
    ana, general = server.add_user("Ana"), server.add_channel("general")
    seen = []

    async def events(request: aiohttp.web.Request) -> aiohttp.web.Response:
        body = await request.json()
        if body["type"] == "url_verification":
            return aiohttp.web.json_response({"challenge": body["challenge"]})
        seen.append(
            (body["event_id"], request.headers.get("X-Slack-Retry-Num"), request.headers.get("X-Slack-Retry-Reason"))
        )
        return aiohttp.web.Response(status=500 if len(seen) == 1 else 200)

    app = aiohttp.web.Application()
    app.router.add_post("/", events)
    async with TestServer(app) as running:
        await server.use_request_url(str(running.make_url("/")))
        await ana.says(general, "hello")
        await server.until(lambda: len(seen) == 2)
    assert seen[0][0] == seen[1][0]
    assert [told[1:] for told in seen] == [(None, None), ("1", "http_error")]
