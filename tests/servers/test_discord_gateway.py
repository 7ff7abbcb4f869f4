"""The Discord server's gateway: who may come in, what is heard, and what happens when the line breaks."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import discord
import pytest

from tests.patience import PATIENCE_S
from tests.servers.discord_client import Listener, running, team

# The servers are the tests' own tools: what they keep to need not be proved at every quick run.
pytestmark = pytest.mark.slow


async def test_a_wrong_token_is_refused_by_rest_and_by_the_gateway() -> None:
    async with team() as t:
        async with aiohttp.ClientSession() as http, http.ws_connect(t.server.gateway_url) as socket:
            await socket.receive_json()
            await socket.send_json({"op": 2, "d": {"token": "wrong", "intents": 0}})
            await socket.receive()
            code = socket.close_code
        t.server.token = "another"
        with pytest.raises(discord.LoginFailure):
            async with running(t.server, Impostor()):
                pass

    assert code == 4004


class Impostor(Listener):
    async def login(self, token: str) -> None:
        await super().login("stolen")


async def test_a_privileged_intent_that_is_not_switched_on_ends_the_connection() -> None:
    async with team(message_content=False) as t, running(t.server, Listener()) as task:
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await task


async def test_the_application_says_which_intents_are_switched_on() -> None:
    client = Listener(discord.Intents(guilds=True))
    async with team(message_content=False) as t, running(t.server, client):
        before = (await client.application_info()).flags
        t.server.message_content = True
        after = (await client.application_info()).flags

    assert (before.gateway_message_content_limited, after.gateway_message_content_limited) == (False, True)


async def test_without_the_content_intent_only_what_concerns_the_bot_has_words() -> None:
    client = Listener(discord.Intents(guilds=True, guild_messages=True, dm_messages=True))
    async with team() as t, running(t.server, client):
        own = await client.get_partial_messageable(int(t.channel.id)).send("I am the bot")
        answer = t.channel.messages[0]
        await t.ana.says(t.channel, "between us", files=[("a.txt", b"a")])
        await t.ana.says(t.channel, f"hey {t.server.bot.mention}")
        await t.ana.says(t.channel, "go on", reply_to=answer)
        await t.ana.says(t.channel, "quietly", reply_to=answer, ping=False)
        await t.ana.says(t.ana.dm, "psst")
        await t.server.until(lambda: len(client.heard) == 6)

    assert own.content == "I am the bot"
    assert client.texts == ["I am the bot", "", f"hey {t.server.bot.mention}", "go on", "", "psst"]
    assert client.heard[1].attachments == []


async def test_rest_empties_content_by_the_portals_switch() -> None:
    client = Listener(discord.Intents(guilds=True, guild_messages=True))
    async with team(message_content=False) as t, running(t.server, client):
        await t.ana.says(t.channel, "between us")
        channel = client.get_partial_messageable(int(t.channel.id))
        hidden = [message.content async for message in channel.history()]
        t.server.message_content = True
        shown = [message.content async for message in channel.history()]

    assert (hidden, shown) == ([""], ["between us"])


async def test_events_come_only_for_the_intents_that_were_asked_for() -> None:
    client = Listener(discord.Intents(guilds=True, guild_messages=True))
    async with team() as t, running(t.server, client):
        await t.ana.says(t.ana.dm, "psst")
        message = await t.ana.says(t.channel, "hello")
        await t.ana.reacts(message, "👍")
        await t.ana.says(t.channel, "last")
        await t.server.until(lambda: len(client.heard) == 2)

    assert client.reactions == []


async def test_members_are_not_listed_without_their_intent() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        guild = client.guilds[0]
        members = [member.name for member in guild.members]
        ana = await guild.fetch_member(int(t.ana.id))

    assert members == ["Inkling"]
    assert (ana.display_name, guild.member_count) == ("Ana", 3)


async def test_a_dropped_socket_is_resumed_and_what_was_missed_comes_again() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        await t.ana.says(t.channel, "one")
        await t.server.until(lambda: client.texts == ["one"])
        t.server.faults.drop_sockets()
        await t.ana.says(t.channel, "two")
        await t.ana.says(t.channel, "three")
        await t.server.until(lambda: client.resumed)

    assert client.texts == ["one", "two", "three"]
    assert (t.server.gateway.identifies, t.server.gateway.resumes) == (1, 1)
    assert t.server.violations == []


async def test_a_request_to_reconnect_is_followed_by_a_resume() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        t.server.faults.ask_to_reconnect()
        await t.server.until(lambda: client.resumed)

    assert (t.server.gateway.identifies, t.server.violations) == (1, [])


@pytest.mark.slow
async def test_an_invalidated_session_is_identified_anew_and_what_was_missed_is_lost() -> None:
    """Slow: the library waits five seconds before it identifies again."""
    client = Listener()
    async with team() as t, running(t.server, client):
        t.server.faults.invalidate_sessions()
        await t.server.until(lambda: not t.server.connected)
        await t.ana.says(t.channel, "while you were away")
        await t.server.until(lambda: t.server.connected, timeout=15)
        await t.ana.says(t.channel, "back")
        await t.server.until(lambda: client.heard)

    assert client.texts == ["back"]
    assert (t.server.gateway.identifies, t.server.violations) == (2, [])


async def test_a_resume_may_bring_events_that_were_seen() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        await t.ana.says(t.channel, "one")
        await t.server.until(lambda: client.heard)
        t.server.faults.replay_more(1)
        t.server.faults.drop_sockets()
        await t.server.until(lambda: client.resumed)

    assert client.texts == ["one", "one"]
    assert client.heard[0].id == client.heard[1].id


async def test_redelivered_events_come_twice_with_the_same_message() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        t.server.faults.redeliver(share=1.0)
        await t.ana.says(t.channel, "one")
        await t.server.until(lambda: len(client.heard) == 2)

    assert client.heard[0].id == client.heard[1].id
    assert t.server.faults.redelivered == 1


async def test_the_next_process_does_not_hear_what_an_ended_one_missed() -> None:
    first, second = Listener(), Listener()
    async with team() as t:
        async with running(t.server, first):
            pass
        await t.ana.says(t.channel, "one")
        async with running(t.server, second):
            await t.ana.says(t.channel, "two")
            await t.server.until(lambda: second.heard)

    assert second.texts == ["two"]


async def test_two_connections_both_hear_everything() -> None:
    first, second = Listener(), Listener()
    async with team() as t, running(t.server, first), running(t.server, second):
        await t.ana.says(t.channel, "one")
        await t.server.until(lambda: first.heard and second.heard)

    assert t.server.violations == []


async def test_an_outage_ends_on_the_same_port_and_loses_nothing() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        port = t.server.port
        away = t.server.faults.outage(0.3)
        await t.server.until(lambda: not t.server.connected)
        await t.ana.says(t.channel, "anybody there?")
        await away
        await t.server.until(lambda: client.resumed, timeout=15)

    assert (t.server.port, client.texts) == (port, ["anybody there?"])


async def test_a_client_that_does_not_beat_is_dropped() -> None:
    async with (
        team(heartbeat=0.1) as t,
        aiohttp.ClientSession() as http,
        http.ws_connect(t.server.gateway_url) as socket,
    ):
        hello = await socket.receive_json()
        await socket.send_json({"op": 2, "d": {"token": t.server.token, "intents": 1}})
        async for _ in socket:
            pass
        code = socket.close_code

    assert (hello["op"], hello["d"]["heartbeat_interval"], code) == (10, 100, 4009)
    assert t.server.violations == ["a gateway connection did not send its heartbeat in time"]


async def test_a_session_that_is_left_though_it_could_be_resumed_is_a_violation() -> None:
    async with team() as t, aiohttp.ClientSession() as http:
        identify = {"op": 2, "d": {"token": t.server.token, "intents": 1}}
        for _ in range(2):
            async with http.ws_connect(t.server.gateway_url) as socket:
                await socket.send_json(identify)
                await _told(socket, "READY")
                t.server.faults.drop_sockets()
                async for _ in socket:
                    pass
            await t.server.until(lambda: not t.server.connected)

    assert t.server.violations == ["a client identified anew though its session could be resumed"]


async def test_a_resume_without_a_session_is_invalid() -> None:
    async with team() as t, aiohttp.ClientSession() as http, http.ws_connect(t.server.gateway_url) as socket:
        await socket.receive_json()
        await socket.send_json({"op": 6, "d": {"token": t.server.token, "session_id": "none", "seq": 3}})
        answer = await socket.receive_json()

    assert (answer["op"], answer["d"]) == (9, False)


async def test_the_gateway_counts_a_days_identifies() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        _, url, limit = await client.http.get_bot_gateway()

    assert url == t.server.gateway_url
    assert (limit["total"], limit["remaining"], limit["max_concurrency"]) == (1000, 999, 1)


async def test_a_channel_that_the_bot_cannot_see_is_silent_and_closed() -> None:
    client = Listener()
    async with team() as t:
        secret = t.guild.add_channel("secret")
        secret.bot_may(view_channel=False)
        async with running(t.server, client):
            await t.ana.says(secret, f"hush {t.server.bot.mention}")
            await t.ana.says(t.channel, "hello")
            await t.server.until(lambda: client.heard)
            seen = client.get_channel(int(secret.id))
            assert isinstance(seen, discord.TextChannel)
            allowed = seen.permissions_for(seen.guild.me)
            with pytest.raises(discord.Forbidden) as refused:
                await seen.send("hello?")

    assert client.texts == ["hello"]
    assert (allowed.view_channel, refused.value.code) == (False, 50001)


async def test_a_guild_that_kicks_the_bot_is_gone() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        t.guild.remove_bot()
        await t.server.until(lambda: not client.guilds)
        with pytest.raises(discord.Forbidden) as refused:
            await client.get_partial_messageable(int(t.channel.id)).send("bye")

    assert refused.value.code == 50001


async def test_a_role_given_to_the_bot_is_known_to_it() -> None:
    client = Listener()
    async with team() as t, running(t.server, client):
        t.guild.give(t.server.bot, t.guild.add_role("Scribes", "manage_messages"))
        await t.server.until(lambda: client.guilds[0].me.guild_permissions.manage_messages)


async def _told(socket: aiohttp.ClientWebSocketResponse, name: str) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            frame: dict[str, Any] = json.loads((await socket.receive()).data)
            if frame["t"] == name:
                return frame
