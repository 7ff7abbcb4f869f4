"""What ends a start with one sentence, and what does not disturb it; the two ways to listen."""

from __future__ import annotations

import json
import time
from pathlib import Path

import aiohttp
import pytest
from structlog.testing import capture_logs

from adapters.slack.listening import HttpEars
from bot.errors import AddressInUse, SettingsError
from bot.settings import SlackSettings
from tests.servers.slack import Channel, SlackServer, User
from tests.slack.workspaces import Workspace, at_work, slack_settings


async def start_fails(server: SlackServer, folder: Path, settings: SlackSettings) -> str:
    with pytest.raises(SettingsError) as caught:
        async with at_work(server, folder, settings=settings):
            pass
    return str(caught.value)


@pytest.mark.parametrize(
    ("variable", "token", "said"),
    [
        ("SLACK_BOT_TOKEN", "xapp-1-A0-1-app", "SLACK_BOT_TOKEN holds an app-level token"),
        ("SLACK_BOT_TOKEN", "xoxp-1-2", "SLACK_BOT_TOKEN holds a user token"),
        ("SLACK_BOT_TOKEN", "xoxb-wrong", "Slack refuses SLACK_BOT_TOKEN (invalid_auth)"),
        ("SLACK_APP_TOKEN", "xoxb-1-2-bot", "SLACK_APP_TOKEN holds a bot token"),
        ("SLACK_APP_TOKEN", "xapp-wrong", "Slack refuses SLACK_APP_TOKEN (invalid_auth)"),
    ],
)
async def test_a_wrong_token_ends_the_start_with_its_variable_and_never_its_value(
    server: SlackServer, tmp_path: Path, variable: str, token: str, said: str
) -> None:
    text = await start_fails(server, tmp_path, slack_settings(server, tmp_path, **{variable: token}))

    assert text.startswith(said)
    assert token not in text


async def test_a_missing_scope_ends_the_start_and_is_named(server: SlackServer, tmp_path: Path) -> None:
    server.scopes = server.scopes - {"reactions:read"}

    text = await start_fails(server, tmp_path, slack_settings(server, tmp_path))

    assert "reactions:read" in text
    assert "reinstall" in text


async def test_an_app_token_without_its_scope_is_named(server: SlackServer, tmp_path: Path) -> None:
    server.app_scopes.clear()

    text = await start_fails(server, tmp_path, slack_settings(server, tmp_path))

    assert "SLACK_APP_TOKEN lacks the scope connections:write" in text


async def test_without_any_way_to_listen_both_are_named(server: SlackServer, tmp_path: Path) -> None:
    settings = slack_settings(server, tmp_path, SLACK_APP_TOKEN="", SLACK_SIGNING_SECRET="")

    text = await start_fails(server, tmp_path, settings)

    assert "SLACK_APP_TOKEN" in text
    assert "SLACK_SIGNING_SECRET" in text


async def test_client_credentials_and_proxies_in_the_environment_change_nothing(
    server: SlackServer, general: Channel, ana: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_CLIENT_ID", "1.2")
    monkeypatch.setenv("SLACK_CLIENT_SECRET", "secret")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-other")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")

    async with at_work(server, tmp_path) as workspace:
        await ana.says(general, f"{server.bot.mention} hello")
        answer = await workspace.answer(general)

    assert answer.text == "You said: hello"


# --- by HTTP --------------------------------------------------------------------------------------------------------


async def by_http(workspace: Workspace) -> str:
    ears = workspace.platform.ears
    assert isinstance(ears, HttpEars)
    await workspace.server.use_request_url(ears.address)
    return ears.address


async def test_by_http_everything_works_as_by_socket(
    server: SlackServer, general: Channel, ana: User, tmp_path: Path
) -> None:
    async with at_work(server, tmp_path, settings=slack_settings(server, tmp_path, SLACK_APP_TOKEN="")) as workspace:
        await by_http(workspace)

        await ana.says(general, f"{server.bot.mention} hello")
        answer = await workspace.answer(general)
        call = await ana.calls(general, "help")
        await server.until(lambda: call.replies)
        act = await ana.presses(answer, "bad")
        await server.until(lambda: act.modal)

        assert await workspace.votes(answer) == ["bad"]
        assert server.violations == []


@pytest.mark.parametrize("fault", ["signature", "old"])
async def test_by_http_a_request_that_slack_did_not_sign_just_now_is_refused(
    server: SlackServer, general: Channel, ana: User, tmp_path: Path, fault: str
) -> None:
    async with at_work(server, tmp_path, settings=slack_settings(server, tmp_path, SLACK_APP_TOKEN="")) as workspace:
        address = await by_http(workspace)
        event = {"type": "message", "channel": ana.dm.id, "user": ana.id, "ts": "1795332991.369342", "text": "hello"}
        body = json.dumps({"type": "event_callback", "team_id": server.team.id, "event_id": "Ev1", "event": event})
        assert server._http is not None
        headers = server._http.signed(body, int(time.time()) - (600 if fault == "old" else 0))
        if fault == "signature":
            headers["X-Slack-Signature"] = "v0=" + "0" * 64

        with capture_logs() as logs:
            async with (
                aiohttp.ClientSession() as session,
                session.post(address, data=body, headers=headers | {"Content-Type": "application/json"}) as response,
            ):
                status = response.status

        assert status == 401
        assert [line["event"] for line in logs if "SLACK_SIGNING_SECRET" in line["event"]]
        assert await workspace.pending() == 0


async def test_by_http_a_taken_port_is_named(server: SlackServer, tmp_path: Path) -> None:
    port = server.url.rpartition(":")[2]
    settings = slack_settings(server, tmp_path, SLACK_APP_TOKEN="", SLACK_HTTP_PORT=port)

    with pytest.raises(AddressInUse, match="SLACK_HTTP_PORT"):
        async with at_work(server, tmp_path, settings=settings):
            pass
