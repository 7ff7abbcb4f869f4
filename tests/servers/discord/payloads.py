"""The world as Discord's JSON objects, with the fields that API v10 sends."""

from __future__ import annotations

from datetime import datetime

from tests.servers.discord import permissions
from tests.servers.discord.model import (
    DIRECT,
    HAS_THREAD,
    STAGE,
    VOICE,
    Attachment,
    Channel,
    Guild,
    Json,
    Member,
    Message,
    Role,
    User,
    made_at,
)


def timestamp(moment: datetime | None) -> str | None:
    """Discord's ISO 8601."""
    return None if moment is None else moment.isoformat(timespec="microseconds")


def user(account: User) -> Json:
    data: Json = {
        "id": account.id,
        "username": account.name.lower().replace(" ", "_"),
        "global_name": None if account.bot else account.name,
        "discriminator": f"{int(account.id) % 10_000:04}" if account.bot else "0",
        "avatar": None,
        "avatar_decoration_data": None,
        "public_flags": 0,
    }
    if account.bot:
        data["username"] = account.name
        data["bot"] = True
    return data


def member(of: Member, *, with_user: bool = True) -> Json:
    data: Json = {
        "roles": [role.id for role in of.roles],
        "nick": None,
        "avatar": None,
        "joined_at": timestamp(of.joined_at),
        "premium_since": None,
        "communication_disabled_until": None,
        "pending": False,
        "deaf": False,
        "mute": False,
        "flags": 0,
    }
    if with_user:
        data["user"] = user(of.user)
    return data


def role(of: Role, guild: Guild) -> Json:
    data: Json = {
        "id": of.id,
        "name": of.name,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "position": [guild.everyone, *guild.roles.values()].index(of),
        "permissions": str(of.permissions),
        "managed": of.managed_by is not None,
        "mentionable": of.mentionable,
        "flags": 0,
    }
    if of.managed_by is not None:
        data["tags"] = {"bot_id": of.managed_by.id}
    return data


def channel(of: Channel, viewer: User) -> Json:
    """A channel as the viewer (the bot) gets it."""
    last = of.history[-1].id if of.history else of.latest_post
    if of.guild is None:
        recipients = [user(each) for each in of.recipients if each is not viewer]
        return {"id": of.id, "type": DIRECT, "last_message_id": last, "flags": 0, "recipients": recipients}
    data: Json = {
        "id": of.id,
        "type": of.kind,
        "guild_id": of.guild.id,
        "name": of.name,
        "last_message_id": last,
        "parent_id": of.parent.id if of.parent else None,
        "rate_limit_per_user": 0,
        "flags": 0,
    }
    if of.is_thread:
        return data | _thread_fields(of, viewer)
    return (
        data
        | _kind_fields(of)
        | {
            "topic": None,
            "nsfw": False,
            "position": list(of.guild.channels.values()).index(of),
            "last_pin_timestamp": None,
            "permission_overwrites": [
                {"id": each.id, "type": each.kind, "allow": str(each.allow), "deny": str(each.deny)}
                for each in of.overwrites.values()
            ],
        }
    )


def _kind_fields(of: Channel) -> Json:
    """What only channels of one kind have."""
    if of.kind in (VOICE, STAGE):
        return {"bitrate": 64_000, "user_limit": 0, "rtc_region": None, "video_quality_mode": 1}
    if of.holds_posts:
        return {
            "available_tags": [],
            "default_reaction_emoji": None,
            "default_sort_order": None,
            "default_forum_layout": 0,
            "default_thread_rate_limit_per_user": 0,
        }
    return {}


def _thread_fields(of: Channel, viewer: User) -> Json:
    data: Json = {
        "owner_id": of.owner.id if of.owner else None,
        "message_count": min(len(of.messages), 50),
        "total_message_sent": of.count_sent,
        "member_count": min(len(of.thread_members), 50),
        "thread_metadata": {
            "archived": of.archived,
            "auto_archive_duration": 1440,
            "archive_timestamp": timestamp(made_at(of.id)),
            "create_timestamp": timestamp(made_at(of.id)),
            "locked": of.locked,
        },
    }
    if viewer in of.thread_members:
        data["member"] = thread_member(of, viewer)
    return data


def thread_member(of: Channel, account: User) -> Json:
    return {"id": of.id, "user_id": account.id, "join_timestamp": timestamp(made_at(of.id)), "flags": 1}


def guild_fields(of: Guild) -> Json:
    """What REST and the gateway both say of a guild."""
    return {
        "id": of.id,
        "name": of.name,
        "icon": None,
        "splash": None,
        "discovery_splash": None,
        "owner_id": of.owner.id,
        "afk_channel_id": None,
        "afk_timeout": 300,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "roles": [role(each, of) for each in (of.everyone, *of.roles.values())],
        "emojis": [],
        "stickers": [],
        "features": [],
        "mfa_level": 0,
        "application_id": None,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "max_members": 250_000,
        "vanity_url_code": None,
        "description": None,
        "banner": None,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": of.locale,
        "public_updates_channel_id": None,
        "nsfw_level": 0,
        "premium_progress_bar_enabled": False,
        "safety_alerts_channel_id": None,
    }


def guild_create(of: Guild, viewer: User, *, all_members: bool) -> Json:
    """GUILD_CREATE: without the members intent only the bot's own member is there; archived threads are not."""
    members = of.members.values() if all_members else [of.members[viewer.id]]
    threads = [each for each in of.threads.values() if not each.archived]
    return guild_fields(of) | {
        "joined_at": timestamp(of.members[viewer.id].joined_at),
        "large": False,
        "unavailable": False,
        "member_count": len(of.members),
        "voice_states": [],
        "members": [member(each) for each in members],
        "channels": [channel(each, viewer) for each in of.channels.values()],
        "threads": [channel(each, viewer) for each in threads if permissions.may(viewer, each, "view_channel")],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def emoji(key: str) -> Json:
    """A reaction's emoji: a character, or `name:id` of a custom one."""
    name, mark, number = key.rpartition(":")
    return {"id": number, "name": name, "animated": False} if mark else {"id": None, "name": key}


def attachment(of: Attachment) -> Json:
    data: Json = {
        "id": of.id,
        "filename": of.filename,
        "size": len(of.data),
        "url": of.url,
        "proxy_url": of.url,
        "content_type": of.content_type,
    }
    if of.width is not None:
        data |= {"width": of.width, "height": of.height}
    if of.description is not None:
        data["description"] = of.description
    if of.ephemeral:
        data["ephemeral"] = True
    return data


def message(of: Message, viewer: User, *, content: bool, nested: bool = True) -> Json:
    """A message as REST gives it. Without `content` the privileged fields are empty unless the viewer may see them."""
    shown = content or readable(of, viewer)
    data: Json = {
        "id": of.id,
        "type": of.kind,
        "channel_id": of.channel.id,
        "author": _author(of),
        "content": of.content if shown else "",
        "timestamp": timestamp(of.created_at),
        "edited_timestamp": timestamp(of.edited_at),
        "tts": False,
        "mention_everyone": of.mention_everyone,
        "mentions": [user(each) for each in of.mentions],
        "mention_roles": [each.id for each in of.mention_roles],
        "attachments": [attachment(each) for each in of.files] if shown else [],
        "embeds": of.embeds if shown else [],
        "components": of.components if shown else [],
        "pinned": of.pinned,
        "flags": of.flags | (HAS_THREAD if of.thread else 0),
    }
    if of.channel.is_thread:
        data["position"] = of.position
    if of.reactions:
        data["reactions"] = [_reaction(key, users, viewer) for key, users in of.reactions.items()]
    return data | _origin(of, viewer, content=content, nested=nested)


def _origin(of: Message, viewer: User, *, content: bool, nested: bool) -> Json:
    """Where a message comes from: a reply, a webhook, an interaction; and the thread begun at it."""
    data: Json = {}
    if of.reference is not None:
        data["message_reference"] = of.reference
        if nested:
            source = of.reply_to
            gone = source is None or source.deleted
            data["referenced_message"] = (
                None if gone or source is None else message(source, viewer, content=content, nested=False)
            )
    if of.nonce is not None and of.author is viewer:
        data["nonce"] = of.nonce
    if of.webhook is not None:
        data["webhook_id"] = of.webhook.id
    if of.interaction is not None:
        data |= {
            "webhook_id": of.author.id,
            "application_id": of.author.id,
            "interaction_metadata": of.interaction,
        }
    if of.thread is not None:
        data["thread"] = channel(of.thread, viewer)
    return data


def readable(of: Message, viewer: User) -> bool:
    """Whether the bot sees a message's content without the message content intent: its own, in a direct channel, or
    one that mentions it."""
    return of.author is viewer or of.channel.guild is None or viewer in of.mentions


def message_event(of: Message, viewer: User, *, content: bool) -> Json:
    """A message as MESSAGE_CREATE and MESSAGE_UPDATE carry it: with guild and members."""
    data = message(of, viewer, content=content) | {"channel_type": of.channel.kind}
    guild = of.channel.guild
    if guild is None:
        return data
    data["guild_id"] = guild.id
    if of.webhook is None and of.author.id in guild.members:
        data["member"] = member(guild.members[of.author.id], with_user=False)
    for mentioned in data["mentions"]:
        if mentioned["id"] in guild.members:
            mentioned["member"] = member(guild.members[mentioned["id"]], with_user=False)
    return data


def _author(of: Message) -> Json:
    if of.webhook is None:
        return user(of.author)
    return {"id": of.webhook.id, "username": of.author.name, "avatar": None, "discriminator": "0000", "bot": True}


def _reaction(key: str, users: list[User], viewer: User) -> Json:
    return {
        "emoji": emoji(key),
        "count": len(users),
        "count_details": {"burst": 0, "normal": len(users)},
        "me": viewer in users,
        "me_burst": False,
        "burst_colors": [],
    }
