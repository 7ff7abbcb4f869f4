"""Who a message mentions and whom it notifies, from its text and `allowed_mentions`.

Source: https://discord.com/developers/docs/resources/message#allowed-mentions-object
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tests.servers.discord import permissions
from tests.servers.discord.errors import Form
from tests.servers.discord.model import Channel, Json, Message, Role, User

_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_EVERYONE = re.compile(r"@(everyone|here)\b")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_KINDS = ("roles", "users", "everyone")


@dataclass(slots=True)
class Mentions:
    """What a text mentions, and who is told."""

    users: list[User] = field(default_factory=list)
    roles: list[Role] = field(default_factory=list)
    everyone: bool = False
    pinged: list[User] = field(default_factory=list)


def check(form: Form, allowed: Json | None) -> None:
    """Whether an `allowed_mentions` object is well formed."""
    if not allowed:
        return
    parse = allowed.get("parse", [])
    for number, kind in enumerate(parse):
        form.one_of(f"allowed_mentions.parse.{number}", kind, _KINDS)
    for kind in ("users", "roles"):
        ids = allowed.get(kind) or []
        if ids and kind in parse:
            text = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            form.wrong("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", text)
        if len(ids) > 100:
            form.wrong(f"allowed_mentions.{kind}", "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length.")


def read(text: str, channel: Channel, author: User, reply_to: Message | None, allowed: Json | None) -> Mentions:
    """What a message mentions. Without `allowed` everything in the text is parsed and the replied-to author told.

    Users in the text stay in `users` only when they may be told, as Discord's own lists do for bots.
    """
    found = Mentions()
    plain = _CODE.sub("", text)
    world = channel.world
    for number in _USER.findall(plain):
        user = world.users.get(number)
        if user is not None and user not in found.users and _allows(allowed, "users", number):
            found.users.append(user)
    found.pinged = [user for user in found.users if user is not author]
    if reply_to is not None and _reply_pings(allowed) and reply_to.webhook is None:
        target = reply_to.author
        if target not in found.users:
            found.users.append(target)
        if target is not author and target not in found.pinged:
            found.pinged.append(target)
    if channel.guild is not None:
        _read_roles(found, plain, channel, author, allowed)
    return found


def _read_roles(found: Mentions, plain: str, channel: Channel, author: User, allowed: Json | None) -> None:
    guild = channel.guild
    assert guild is not None
    may_all = permissions.may(author, channel, "mention_everyone")
    for number in _ROLE.findall(plain):
        role = guild.roles.get(number)
        if role is None or role in found.roles or not _allows(allowed, "roles", number):
            continue
        if role.mentionable or may_all:
            found.roles.append(role)
            _ping(found, [each.user for each in guild.members.values() if role in each.roles], author)
    if may_all and _EVERYONE.search(plain) and _allows(allowed, "everyone", ""):
        found.everyone = True
        _ping(found, [each.user for each in guild.members.values()], author)


def _ping(found: Mentions, users: list[User], author: User) -> None:
    found.pinged.extend(each for each in users if each is not author and each not in found.pinged)


def _allows(allowed: Json | None, kind: str, number: str) -> bool:
    if allowed is None:
        return True
    return kind in allowed.get("parse", []) or number in [str(each) for each in allowed.get(kind) or []]


def _reply_pings(allowed: Json | None) -> bool:
    return True if allowed is None else bool(allowed.get("replied_user", False))
