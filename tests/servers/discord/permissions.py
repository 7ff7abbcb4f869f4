"""Discord's permission bits by name, and how roles and overwrites add up to what a member may do in a channel.

Source: https://discord.com/developers/docs/topics/permissions
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.servers.discord.model import Channel, Member, User

BITS: dict[str, int] = {
    "create_instant_invite": 1 << 0,
    "kick_members": 1 << 1,
    "ban_members": 1 << 2,
    "administrator": 1 << 3,
    "manage_channels": 1 << 4,
    "manage_guild": 1 << 5,
    "add_reactions": 1 << 6,
    "view_channel": 1 << 10,
    "send_messages": 1 << 11,
    "manage_messages": 1 << 13,
    "embed_links": 1 << 14,
    "attach_files": 1 << 15,
    "read_message_history": 1 << 16,
    "mention_everyone": 1 << 17,
    "use_external_emojis": 1 << 18,
    "connect": 1 << 20,
    "change_nickname": 1 << 26,
    "manage_roles": 1 << 28,
    "manage_webhooks": 1 << 29,
    "use_application_commands": 1 << 31,
    "manage_threads": 1 << 34,
    "create_public_threads": 1 << 35,
    "create_private_threads": 1 << 36,
    "send_messages_in_threads": 1 << 38,
    "use_external_apps": 1 << 50,
}

ALL = sum(BITS.values())

_SPOKEN_IN = (2, 13)  # voice and stage channels


def bits(*names: str) -> int:
    """The bits of these names together."""
    return sum(BITS[name] for name in names)


# What @everyone may do in a guild as Discord makes it.
EVERYONE = bits(
    "create_instant_invite",
    "add_reactions",
    "view_channel",
    "send_messages",
    "embed_links",
    "attach_files",
    "read_message_history",
    "mention_everyone",
    "use_external_emojis",
    "connect",
    "change_nickname",
    "use_application_commands",
    "create_public_threads",
    "create_private_threads",
    "send_messages_in_threads",
    "use_external_apps",
)

# In a direct channel nobody can take these away.
DIRECT = bits(
    "add_reactions",
    "view_channel",
    "send_messages",
    "embed_links",
    "attach_files",
    "read_message_history",
    "mention_everyone",
    "use_external_emojis",
    "use_application_commands",
)


def in_guild(member: Member) -> int:
    """A member's permissions before any channel's overwrites."""
    if member.user is member.guild.owner:
        return ALL
    total = 0
    for role in (member.guild.everyone, *member.roles):
        total |= role.permissions
    return ALL if total & BITS["administrator"] else total


def in_channel(user: User, channel: Channel) -> int:
    """What a user may do in a channel; a thread has its parent's permissions."""
    if channel.guild is None:
        return DIRECT if user in channel.recipients else 0
    member = channel.guild.members.get(user.id)
    if member is None:
        return 0
    total = in_guild(member)
    if total & BITS["administrator"]:
        return total
    home = channel.parent or channel
    everyone = home.overwrites.get(channel.guild.id)
    if everyone is not None:
        total = total & ~everyone.deny | everyone.allow
    of_roles = [home.overwrites[role.id] for role in member.roles if role.id in home.overwrites]
    total = total & ~_union(each.deny for each in of_roles) | _union(each.allow for each in of_roles)
    own = home.overwrites.get(user.id)
    if own is not None:
        total = total & ~own.deny | own.allow
    # A voice channel's text is for those who may join it.
    needed = bits("view_channel", "connect") if home.kind in _SPOKEN_IN else BITS["view_channel"]
    return total if total & needed == needed else 0


def may(user: User, channel: Channel, *names: str) -> bool:
    """Whether a user has all of these permissions in a channel."""
    wanted = bits(*names)
    return in_channel(user, channel) & wanted == wanted


def _union(values: Iterable[int]) -> int:
    total = 0
    for value in values:
        total |= value
    return total
