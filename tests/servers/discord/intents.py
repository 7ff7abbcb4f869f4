"""Gateway intents: which events a session asked for, and which of them need a switch in the portal.

Source: https://discord.com/developers/docs/events/gateway#gateway-intents
"""

from __future__ import annotations

from enum import IntFlag


class Intent(IntFlag):
    """The intents that the server knows events of."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15


PRIVILEGED = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT

KNOWN_BITS = (1 << 26) - 1  # the highest one is DIRECT_MESSAGE_POLLS, 1 << 25

# An application's flags that say which privileged intents are switched on, for bots in fewer than 100 guilds.
_LIMITED_FLAGS: dict[Intent, int] = {
    Intent.GUILD_PRESENCES: 1 << 13,
    Intent.GUILD_MEMBERS: 1 << 15,
    Intent.MESSAGE_CONTENT: 1 << 19,
}


def application_flags(portal: Intent) -> int:
    """The application's flags for the intents that the portal grants."""
    return sum(flag for intent, flag in _LIMITED_FLAGS.items() if intent & portal)
