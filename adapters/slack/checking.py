"""`doctor` and `connect slack`: everything looked at again against the live workspace, each finding with its remedy."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from http import HTTPStatus

import aiohttp

from adapters.slack.client import PacedClient, new_session
from adapters.slack.errors import SlackRefused, as_ours
from adapters.slack.features import SCOPES
from adapters.slack.identity import Me, check_kinds, open_socket, sign_in
from adapters.slack.listening import PATH
from adapters.slack.pacing import SLACK_RATES, Pace
from bot.domain.findings import Finding
from bot.errors import DeliveryError, SettingsError
from bot.settings import SlackSettings

_HELLO_S = 10.0

_COMMANDS = (
    "Slack tells no app which of them it has. Where it does not offer one after an update, paste the manifest of "
    "`make connect-slack` under “App Manifest”, then reinstall the app."
)


async def check(settings: SlackSettings, *, channel: str = "") -> AsyncIterator[Finding]:
    """Look at the tokens, the scopes, the socket, the agent surface, and (when given) a channel by its id."""
    try:
        check_kinds(settings)
    except SettingsError as error:
        yield Finding("Slack tokens", False, str(error))
        return
    async with new_session() as session:
        client = PacedClient(
            token=settings.bot_token, base_url=settings.api_url, session=session, pace=Pace(SLACK_RATES)
        )
        try:
            me = await sign_in(client)
        except SettingsError as error:
            yield Finding("Slack bot token", False, str(error))
            return
        yield Finding("Slack bot token", True, f"signed in to {me.team_name} as {me.name}")
        yield _scopes(me)
        yield Finding("Slack commands", True, _COMMANDS)
        yield await (_socket(client, settings, session) if settings.app_token else _http(settings, session))
        yield await _agent(client, me)
        if channel:
            yield await _channel(client, channel, me)


def _scopes(me: Me) -> Finding:
    if me.scopes is None:
        return Finding("Slack scopes", True, "the server does not tell which were granted")
    if me.missing_scopes:
        lacking = "; ".join(f"{scope} ({SCOPES[scope]})" for scope in me.missing_scopes)
        remedy = "Paste the manifest of `make connect-slack` under “App Manifest”, then reinstall the app."
        return Finding("Slack scopes", False, f"missing: {lacking}. {remedy}")
    beyond = sorted(me.scopes - SCOPES.keys())
    more = f"; not needed: {', '.join(beyond)}" if beyond else ""
    return Finding("Slack scopes", True, f"all {len(SCOPES)} granted{more}")


async def _socket(client: PacedClient, settings: SlackSettings, session: aiohttp.ClientSession) -> Finding:
    """Whether events would arrive: a socket is opened until Slack says hello."""
    try:
        url = await open_socket(client, settings.app_token)
    except SettingsError as error:
        return Finding("Slack events", False, str(error))
    try:
        async with asyncio.timeout(_HELLO_S), session.ws_connect(url, proxy=client.proxy) as socket:
            hello = json.loads(await socket.receive_str())
    except (aiohttp.ClientError, TimeoutError, TypeError, ValueError) as error:
        remedy = "Check that this machine may open WebSockets (a proxy or firewall may forbid it)."
        return Finding("Slack events", False, f"the socket does not open ({type(error).__name__}). {remedy}")
    count = hello.get("num_connections", 1)
    return Finding("Slack events", hello.get("type") == "hello", f"the socket opens; connections now: {count}")


async def _http(settings: SlackSettings, session: aiohttp.ClientSession) -> Finding:
    """Who answers where Slack's requests should arrive, asked by one that Slack did not sign."""
    address = f"http://{settings.http_host}:{settings.http_port}{PATH}"
    try:
        async with session.post(address, data=b"{}") as response:
            status = response.status
    except (aiohttp.ClientError, TimeoutError):
        return Finding("Slack events", True, f"by HTTP at {address}, where the bot does not run now")
    if status == HTTPStatus.UNAUTHORIZED:
        return Finding("Slack events", True, f"by HTTP at {address}: the bot listens, to what Slack signed only")
    remedy = "Stop that program, or set SLACK_HTTP_PORT."
    return Finding("Slack events", False, f"another program answers at {address} (status {status}). {remedy}")


async def _agent(client: PacedClient, me: Me) -> Finding:
    """Whether the app is declared an agent, seen by a request that changes nothing: it names no conversation."""
    try:
        with as_ours("assistant.threads.setStatus"):
            await client.assistant_threads_setStatus(channel_id=me.user, thread_ts="1.000000", status="")
    except SlackRefused as error:
        if error.code in ("not_allowed", "missing_scope", "unknown_method"):
            remedy = (
                "Turn on “Agents & AI Apps” for the app, or paste the manifest again; until then answers are edited "
            )
            return Finding(
                "Slack agent", False, f"the app is no agent ({error.code}). {remedy}in place, without status."
            )
    except DeliveryError as error:
        return Finding("Slack agent", False, f"{error}. Try again later.")
    return Finding("Slack agent", True, "the app is an agent: streams, status and Stop button are there")


async def _channel(client: PacedClient, channel: str, me: Me) -> Finding:
    subject = f"Slack channel {channel}"
    try:
        with as_ours("conversations.info"):
            told = (await client.conversations_info(channel=channel))["channel"]
    except DeliveryError as error:
        return Finding(subject, False, f"{error}. Give the channel's id (at the foot of its details).")
    name = f"#{told.get('name', channel)}"
    if told.get("is_archived"):
        return Finding(subject, False, f"{name} is archived: unarchive it, or choose another.")
    if not (told.get("is_member") or told.get("is_im")):
        return Finding(subject, False, f"the bot is not in {name}: type /invite @{me.name} there.")
    return Finding(subject, True, f"the bot is in {name} and may post there")
