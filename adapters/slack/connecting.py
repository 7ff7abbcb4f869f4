"""`connect slack`: the app's manifest, generated from the command table and the features, and where to click.

The manifest is what Slack documents at https://docs.slack.dev/reference/app-manifest.
"""

from __future__ import annotations

import json
from typing import Any

from adapters.slack.blocks import prompts
from adapters.slack.features import APP_SCOPE, EVENTS, REWRITE_THIS, SCOPES, SUMMARIZE_FROM_HERE
from adapters.slack.listening import PATH
from bot.domain.commands import COMMANDS, Command, Option, OptionType
from bot.settings import SlackSettings

_NAME_LIMIT = 35
_HINT_LIMIT = 1000
_PUBLIC = "https://YOUR.PUBLIC.ADDRESS"

_DESCRIPTION = "Writes, draws, summarises, and learns from your team's votes. Runs on your own machine."


def guide(settings: SlackSettings) -> str:
    """What a host does from nothing to a running bot: the manifest, then each click."""
    by_http = bool(settings.signing_secret) and not settings.app_token
    manifest_text = json.dumps(manifest(settings.bot_name, by_http=by_http), indent=2, ensure_ascii=False)
    return f"{manifest_text}\n\n{_by_http(settings) if by_http else _BY_SOCKET}"


def manifest(bot_name: str, *, by_http: bool = False) -> dict[str, Any]:
    """The app as Slack is told of it: name, agent, commands, shortcuts, scopes, events.

    With `by_http` every address is given, to be filled in; by Socket Mode none is needed.
    """
    url = {"url": f"{_PUBLIC}{PATH}"} if by_http else {}
    request_url = {"request_url": f"{_PUBLIC}{PATH}"} if by_http else {}
    return {
        "display_information": {"name": bot_name[:_NAME_LIMIT], "description": _DESCRIPTION},
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": bot_name[:_NAME_LIMIT], "always_online": True},
            "agent_view": {"agent_description": _DESCRIPTION, "suggested_prompts": prompts("en")},
            "slash_commands": [_slash(command) | url for command in COMMANDS],
            "shortcuts": [
                _shortcut("Summarise from here", SUMMARIZE_FROM_HERE, "Sum up what was said from this message on"),
                _shortcut("Rewrite this", REWRITE_THIS, "Write this message anew, in its thread"),
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {"bot_events": list(EVENTS)} | request_url,
            "interactivity": {"is_enabled": True} | request_url,
            "org_deploy_enabled": False,
            "socket_mode_enabled": not by_http,
            "token_rotation_enabled": False,
        },
    }


def _slash(command: Command) -> dict[str, Any]:
    hint = " ".join(_usage(option) for option in command.options)[:_HINT_LIMIT]
    told = {"command": f"/{command.name}", "description": command.help.en, "should_escape": False}
    return told | ({"usage_hint": hint} if hint else {})


def _usage(option: Option) -> str:
    word = _value(option) if option.main else f"{option.name}:{_value(option)}"
    return word if option.required else f"[{word}]"


def _value(option: Option) -> str:
    """What can be typed: the choices, a range, or (for words) what they are."""
    if option.choices:
        return "|".join(choice.value for choice in option.choices)
    if option.type in (OptionType.INTEGER, OptionType.NUMBER):
        return f"{option.low}-{option.high}"
    return option.name if option.main else "…"


def _shortcut(name: str, callback_id: str, description: str) -> dict[str, str]:
    return {"name": name, "type": "message", "callback_id": callback_id, "description": description}


_MAKE = """\
1. Open https://api.slack.com/apps, press “Create New App” → “From a manifest”, choose your workspace,
   and paste the JSON above."""

_CHANGED = "After a change of the manifest, paste it under “App Manifest” and press “Reinstall” under “Install App”."

_BY_SOCKET = f"""\
{_MAKE}
2. Under “Basic Information” → “App-Level Tokens”, press “Generate Token and Scopes”, add {APP_SCOPE},
   and copy the token (xapp-…): into .env as SLACK_APP_TOKEN, or here when asked.
3. Under “Install App”, press “Install to Workspace”, and copy the “Bot User OAuth Token” (xoxb-…) likewise:
   it is SLACK_BOT_TOKEN.
4. Start the bot with `make run`, and invite it to a channel: /invite @the-name-you-gave-it
{_CHANGED}
To be called by HTTP instead of a socket, put SLACK_SIGNING_SECRET=later into .env and see the steps for that here."""


def _by_http(settings: SlackSettings) -> str:
    return f"""\
{_MAKE}
   Put the address at which Slack reaches this machine in place of {_PUBLIC}; it has to lead to
   http://{settings.http_host}:{settings.http_port}{PATH}.
2. Under “Basic Information” → “App Credentials”, copy the “Signing Secret”: into .env as SLACK_SIGNING_SECRET, or
   here when asked.
3. Under “Install App”, press “Install to Workspace”, and copy the “Bot User OAuth Token” (xoxb-…) likewise:
   it is SLACK_BOT_TOKEN.
4. Start the bot with `make run`. Under “Event Subscriptions” press “Retry” beside the Request URL, until Slack
   says that it is verified.
5. Invite the bot to a channel: /invite @the-name-you-gave-it
{_CHANGED}"""
