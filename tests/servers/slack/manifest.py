"""The app's manifest: what Slack checks of it, and the scopes and events there are.

Limits from docs.slack.dev, "App manifest reference".
"""

from __future__ import annotations

import re
from typing import Any

# The event subscriptions and the scope that each needs.
EVENT_SCOPES = {
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
    "reaction_added": "reactions:read",
    "reaction_removed": "reactions:read",
    "app_home_opened": None,
    "app_context_changed": "assistant:write",
    "agent_session_stopped": "assistant:write",
    "member_joined_channel": "channels:read",
}
ALL_EVENTS = frozenset(EVENT_SCOPES)
ALL_SCOPES = frozenset(
    f"{kind}:{right}" for kind in ("channels", "groups", "im", "mpim") for right in ("history", "read")
) | {
    *("app_mentions:read", "assistant:write", "channels:join", "chat:write", "commands", "files:read", "files:write"),
    *("im:write", "mpim:write", "reactions:read", "reactions:write", "team:read", "users:read"),
}
KNOWN_SCOPES = ALL_SCOPES | {"chat:write.public", "chat:write.customize", "users:read.email", "users.profile:read"}


def problems(manifest: dict[str, Any]) -> list[dict[str, str]]:
    """What Slack refuses in a manifest, as apps.manifest.validate tells it."""
    found: list[dict[str, str]] = []

    def must(holds: bool, message: str, pointer: str) -> None:
        if not holds:
            found.append({"message": message, "pointer": pointer})

    features, settings = manifest.get("features", {}), manifest.get("settings", {})
    name = manifest.get("display_information", {}).get("name", "")
    must(0 < len(name) <= 35, "must be 1 to 35 characters", "/display_information/name")
    scopes = manifest.get("oauth_config", {}).get("scopes", {}).get("bot", [])
    for index, scope in enumerate(scopes):
        must(scope in KNOWN_SCOPES, f"Illegal bot scopes found `{scope}`", f"/oauth_config/scopes/bot/{index}")
    must(not scopes or "bot_user" in features, "requires a bot user", "/features/bot_user")
    _check_events(settings, scopes, must)
    _check_features(features, settings, scopes, must)
    return found


def _check_events(settings: dict[str, Any], scopes: list[str], must: Any) -> None:
    events = settings.get("event_subscriptions", {})
    for index, event in enumerate(events.get("bot_events", [])):
        pointer = f"/settings/event_subscriptions/bot_events/{index}"
        must(event in EVENT_SCOPES, f"Unknown event `{event}`", pointer)
        needed = EVENT_SCOPES.get(event)
        must(needed is None or needed in scopes, f"Event `{event}` requires the scope `{needed}`", pointer)
    if not settings.get("socket_mode_enabled"):
        pointer = "/settings/event_subscriptions/request_url"
        must(not events or "request_url" in events, "requires a request URL or Socket Mode", pointer)


def _check_features(features: dict[str, Any], settings: dict[str, Any], scopes: list[str], must: Any) -> None:
    commands = features.get("slash_commands", [])
    must(not commands or "commands" in scopes, "Commands require the scope `commands`", "/features/slash_commands")
    must(len(commands) <= 50, "at most 50 commands", "/features/slash_commands")
    for index, command in enumerate(commands):
        pointer = f"/features/slash_commands/{index}"
        name, told, usage = (command.get(key, "") for key in ("command", "description", "usage_hint"))
        must(bool(re.fullmatch(r"/[^\s/A-Z]{1,31}", name)), "must start with / and be lower case", f"{pointer}/command")
        must(0 < len(told) <= 2000, "must be 1 to 2000 characters", f"{pointer}/description")
        must(len(usage) <= 1000, "must be at most 1000 characters", f"{pointer}/usage_hint")
        served = settings.get("socket_mode_enabled") or "url" in command
        must(bool(served), "requires a URL or Socket Mode", f"{pointer}/url")
    shortcuts = features.get("shortcuts", [])
    must(len(shortcuts) <= 10, "at most 10 shortcuts", "/features/shortcuts")
    must(not shortcuts or "commands" in scopes, "Shortcuts require the scope `commands`", "/features/shortcuts")
    for index, shortcut in enumerate(shortcuts):
        pointer = f"/features/shortcuts/{index}"
        must(shortcut.get("type") in ("message", "global"), "must be message or global", f"{pointer}/type")
        must(0 < len(shortcut.get("name", "")) <= 24, "must be 1 to 24 characters", f"{pointer}/name")
        must(0 < len(shortcut.get("callback_id", "")) <= 255, "must be 1 to 255 characters", f"{pointer}/callback_id")
        must(0 < len(shortcut.get("description", "")) <= 150, "must be 1 to 150 characters", f"{pointer}/description")
    _check_agent(features, scopes, must)


def _check_agent(features: dict[str, Any], scopes: list[str], must: Any) -> None:
    agent = features.get("agent_view")
    if agent is None:
        return
    must("assistant:write" in scopes, "requires the scope `assistant:write`", "/features/agent_view")
    must("assistant_view" not in features, "cannot be used with assistant_view", "/features/agent_view")
    told = agent.get("agent_description", "")
    must(0 < len(told) <= 300, "must be 1 to 300 characters", "/features/agent_view/agent_description")
    prompts = agent.get("suggested_prompts", [])
    must(len(prompts) <= 4, "at most 4 prompts", "/features/agent_view/suggested_prompts")
    for index, prompt in enumerate(prompts):
        whole = bool(prompt.get("title")) and bool(prompt.get("message"))
        must(whole, "requires a title and a message", f"/features/agent_view/suggested_prompts/{index}")
