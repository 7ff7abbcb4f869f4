"""What the app asks Slack for: scopes and events, each for a feature, and no more.

The manifest is made from these, the start compares them with what was granted, and `doctor` names what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping

SCOPES: Mapping[str, str] = {
    "app_mentions:read": "to hear mentions",
    "assistant:write": "to be an agent: status, Stop button, suggested prompts",
    "channels:history": "to follow threads and sum up public channels",
    "channels:read": "to find the channels it is in when catching up",
    "chat:write": "to answer",
    "commands": "for slash commands and shortcuts",
    "files:read": "to read attached text files",
    "files:write": "to send pictures",
    "groups:history": "to follow threads and sum up private channels",
    "groups:read": "to find the private channels it is in when catching up",
    "im:history": "to hear direct messages",
    "im:read": "to find its direct messages when catching up",
    "im:write": "to send a digest to who ordered it",
    "mpim:history": "to follow talks of several people",
    "mpim:read": "to find those talks when catching up",
    "reactions:read": "to count 👍 and 👎",
    "users:read": "to know names, languages and admins",
}
"""The bot token's scopes, and what each is for."""

APP_SCOPE = "connections:write"
"""The app-level token's only scope: Socket Mode."""

EVENTS: tuple[str, ...] = (
    "agent_session_stopped",
    "app_home_opened",
    "app_mention",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "reaction_added",
    "reaction_removed",
)

SUMMARIZE_FROM_HERE = "summarize_from_here"
REWRITE_THIS = "rewrite_this"
