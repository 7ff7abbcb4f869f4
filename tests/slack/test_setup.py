"""`connect slack` and `doctor`: the manifest is accepted and suffices; each fault is found with its remedy."""

from __future__ import annotations

import json
from pathlib import Path

from adapters.slack.checking import check
from adapters.slack.connecting import guide, manifest
from adapters.slack.features import EVENTS, SCOPES
from bot.domain.commands import COMMANDS
from bot.domain.findings import Finding
from bot.settings import SlackSettings
from tests.servers.slack import Channel, SlackServer, User
from tests.servers.slack.manifest import EVENT_SCOPES, problems
from tests.slack.workspaces import at_work, slack_settings


async def findings(settings: SlackSettings, channel: str = "") -> list[Finding]:
    return [finding async for finding in check(settings, channel=channel)]


async def events(settings: SlackSettings) -> Finding:
    (found,) = [finding for finding in await findings(settings) if finding.subject == "Slack events"]
    return found


def test_slack_accepts_the_manifest_and_every_command_stands_in_it() -> None:
    for by_http in (False, True):
        made = manifest("Inkling", by_http=by_http)

        assert problems(made) == []
        offered = [command["command"] for command in made["features"]["slash_commands"]]
        assert offered == [f"/{command.name}" for command in COMMANDS]


def test_the_manifest_says_how_each_command_is_written() -> None:
    hints = {row["command"]: row["usage_hint"] for row in manifest("Inkling")["features"]["slash_commands"]}

    assert "about [tone:neutral|formal" in hints["/write"]
    assert "[count:1-4]" in hints["/image"]
    assert "[guidance:0-20]" in hints["/image"]


async def test_with_nothing_but_the_manifest_everything_works(
    server: SlackServer, general: Channel, ana: User, tmp_path: Path
) -> None:
    server.install(manifest("Inkling"))
    gathered = {seen.error for seen in server.requests}

    async with at_work(server, tmp_path) as workspace:
        question = await ana.says(general, f"{server.bot.mention} hello")
        answer = await workspace.answer(general)
        await ana.says(general, "go on", thread=question)
        await workspace.answers(general, 2)
        await ana.reacts(answer, "👍")
        act = await ana.uses(question, "Summarise from here")
        await server.until(lambda: act.replies)
        await ana.opens_agent()
        await server.until(lambda: ana.dm.suggested_prompts)
        await ana.says(ana.dm, "hello", files=[("a.txt", b"text")])
        await workspace.answers(ana.dm)
        gathered = {seen.error for seen in server.requests}

    assert "missing_scope" not in gathered
    assert server.violations == []


def test_the_guide_holds_the_manifest_and_every_click(server: SlackServer, tmp_path: Path) -> None:
    text = guide(slack_settings(server, tmp_path))
    made, _, steps = text.partition("\n}\n")

    assert json.loads(made + "\n}")["oauth_config"]["scopes"]["bot"] == list(SCOPES)
    assert "SLACK_BOT_TOKEN" in steps
    assert "connections:write" in steps


def test_the_guide_for_http_asks_for_the_signing_secret(server: SlackServer, tmp_path: Path) -> None:
    text = guide(slack_settings(server, tmp_path, SLACK_APP_TOKEN=""))

    assert "SLACK_SIGNING_SECRET" in text
    assert "/slack/events" in text
    assert '"socket_mode_enabled": false' in text
    assert "“Retry” beside the Request URL" in text


def test_who_has_no_secret_yet_is_told_how_to_see_the_steps_for_http(server: SlackServer, tmp_path: Path) -> None:
    by_socket = guide(slack_settings(server, tmp_path, SLACK_SIGNING_SECRET="", SLACK_APP_TOKEN=""))
    by_http = guide(slack_settings(server, tmp_path, SLACK_SIGNING_SECRET="later", SLACK_APP_TOKEN=""))

    assert "put SLACK_SIGNING_SECRET=later into .env" in by_socket
    assert "copy the “Signing Secret”: into .env as SLACK_SIGNING_SECRET" in by_http


async def test_all_is_well_when_it_is(server: SlackServer, general: Channel, tmp_path: Path) -> None:
    server.install(manifest("Inkling"))

    found = await findings(slack_settings(server, tmp_path), general.id)

    assert [finding.subject for finding in found if not finding.well] == []
    assert len(found) == 6


async def test_a_wrong_token_is_the_only_finding(server: SlackServer, tmp_path: Path) -> None:
    found = await findings(slack_settings(server, tmp_path, SLACK_BOT_TOKEN="xoxb-wrong"))

    assert [finding.well for finding in found] == [False]
    assert "xoxb-wrong" not in found[0].text


async def test_a_missing_token_is_said_to_be_missing(server: SlackServer, tmp_path: Path) -> None:
    found = await findings(slack_settings(server, tmp_path, SLACK_BOT_TOKEN=""))

    assert "SLACK_BOT_TOKEN is missing" in found[0].text


async def test_missing_scopes_a_wrong_app_token_and_a_foreign_channel_are_each_found(
    server: SlackServer, tmp_path: Path
) -> None:
    elsewhere = server.add_channel("elsewhere", bot=False)
    server.scopes = server.scopes - {"reactions:read"}

    found = await findings(slack_settings(server, tmp_path, SLACK_APP_TOKEN="xapp-wrong"), elsewhere.id)

    faults = {finding.subject: finding.text for finding in found if not finding.well}
    assert set(faults) == {"Slack scopes", "Slack events", f"Slack channel {elsewhere.id}"}
    assert "reactions:read" in faults["Slack scopes"]
    assert "/invite" in faults[f"Slack channel {elsewhere.id}"]


async def test_by_http_it_is_seen_who_listens_where_slacks_requests_arrive(
    server: SlackServer, tmp_path: Path, unused_tcp_port: int
) -> None:
    ours = slack_settings(server, tmp_path, SLACK_APP_TOKEN="", SLACK_HTTP_PORT=str(unused_tcp_port))
    servers_own = server.url.rpartition(":")[2]
    foreign = slack_settings(server, tmp_path, SLACK_APP_TOKEN="", SLACK_HTTP_PORT=servers_own)

    before = await events(ours)
    async with at_work(server, tmp_path, settings=ours):
        meanwhile = await events(ours)
    taken = await events(foreign)

    assert (before.well, meanwhile.well, taken.well) == (True, True, False)
    assert "does not run now" in before.text
    assert "the bot listens, to what Slack signed only" in meanwhile.text
    assert "set SLACK_HTTP_PORT" in taken.text


async def test_an_app_that_is_no_agent_is_found(server: SlackServer, tmp_path: Path) -> None:
    server.world.is_agent = False

    found = await findings(slack_settings(server, tmp_path))

    assert [finding.subject for finding in found if not finding.well] == ["Slack agent"]


async def test_every_event_asked_for_has_its_scope() -> None:
    assert {EVENT_SCOPES[event] for event in EVENTS} - {None} <= SCOPES.keys()
