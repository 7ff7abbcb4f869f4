"""`connect discord|slack`: what to click, then the tokens, kept in .env, then a check against the live platform."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import click
from dotenv import set_key
from rich.console import Console
from rich.markup import escape

from bot.domain.findings import Finding
from bot.settings import Settings

ENV_FILE = Path(".env")

Check = Callable[[Settings, str], AsyncIterator[Finding]]


@dataclass(frozen=True, slots=True)
class _Way:
    """How one platform is connected: its guide, what to ask for by variable, and its check."""

    guide: Callable[[Settings], str]
    tokens: Callable[[Settings], Mapping[str, str]]
    check: Check


async def connect(settings: Settings, platform: str, channel: str) -> int:
    """Print the guide, ask for the tokens, and check them; 0 when all is well.

    Without a terminal nothing is asked: the guide says which variables to set.
    """
    way = _WAYS[platform]
    console = Console(highlight=False)
    print(way.guide(settings))
    if _ask_for_tokens(way.tokens(settings), settings, platform):
        settings = Settings.load()
    code = await show(way.check(settings, channel), console)
    console.print("Some things need you; each line above says what to do." if code else "All is well. Now: make run")
    return code


async def show(findings: AsyncIterator[Finding], console: Console) -> int:
    """Print findings as they come; 0 when all is well, else 1."""
    well = True
    async for finding in findings:
        well = well and finding.well
        mark = "[green]✓[/]" if finding.well else "[red]✗[/]"
        console.print(f"{mark} [bold]{escape(finding.subject)}[/]: {escape(finding.text)}", soft_wrap=True)
    return 0 if well else 1


def _ask_for_tokens(tokens: Mapping[str, str], settings: Settings, platform: str) -> bool:
    """Ask for the tokens and keep in .env what was given; whether anything was."""
    if not sys.stdin.isatty():
        return False
    changed = False
    for name, what in tokens.items():
        empty = "keeps the one that is set" if _given(settings, platform, name) else "leaves it empty"
        token = click.prompt(f"{what} (Enter {empty})", default="", hide_input=True, show_default=False).strip()
        if token:
            _keep(name, token)
            changed = True
    return changed


def _given(settings: Settings, platform: str, name: str) -> str:
    area = settings.discord if platform == "discord" else settings.slack
    value: str = getattr(area, name.lower().removeprefix(f"{platform}_"))
    return value


def _keep(name: str, token: str) -> None:
    """Into .env, which nobody else may read."""
    ENV_FILE.touch(mode=0o600)
    ENV_FILE.chmod(0o600)
    set_key(ENV_FILE, name, token, quote_mode="never")
    os.environ.pop(name, None)
    click.echo(f"{name} is in {ENV_FILE.absolute()} now.")


def _discord_guide(settings: Settings) -> str:
    from adapters.discord.connecting import guide

    return guide(settings.discord)


def _slack_guide(settings: Settings) -> str:
    from adapters.slack.connecting import guide

    return guide(settings.slack)


async def _check_discord(settings: Settings, channel: str) -> AsyncIterator[Finding]:
    from adapters.discord.checking import check

    async for finding in check(settings.discord, channel=channel):
        yield finding


async def _check_slack(settings: Settings, channel: str) -> AsyncIterator[Finding]:
    from adapters.slack.checking import check

    async for finding in check(settings.slack, channel=channel):
        yield finding


def _discord_tokens(settings: Settings) -> Mapping[str, str]:
    return {"DISCORD_TOKEN": "The bot's token"}


def _slack_tokens(settings: Settings) -> Mapping[str, str]:
    by_http = settings.slack.signing_secret and not settings.slack.app_token
    listening = (
        {"SLACK_SIGNING_SECRET": "The app's signing secret"}
        if by_http
        else {"SLACK_APP_TOKEN": "The app's token (xapp-…)"}
    )
    return {"SLACK_BOT_TOKEN": "The bot's token (xoxb-…)", **listening}


_WAYS: Mapping[str, _Way] = {
    "discord": _Way(_discord_guide, _discord_tokens, _check_discord),
    "slack": _Way(_slack_guide, _slack_tokens, _check_slack),
}


async def check_platforms(settings: Settings, channel: str) -> AsyncIterator[Finding]:
    """The live checks of every platform that has a token. A channel belongs to the platform that it is written for."""
    platform, _, name = channel.partition("/")
    if settings.discord.token:
        async for finding in _check_discord(settings, name if platform == "discord" else ""):
            yield finding
    if settings.slack.bot_token or settings.slack.app_token:
        async for finding in _check_slack(settings, name if platform == "slack" else ""):
            yield finding
