"""What a host needs to bring the bot to Discord: where to click, and the invite link with the permissions in use."""

from __future__ import annotations

import base64
import binascii

import discord

from bot.settings import DiscordSettings

PERMISSIONS = discord.Permissions(
    view_channel=True,  # hear what is said in a channel at all
    send_messages=True,  # answer there
    send_messages_in_threads=True,  # answer in threads and forum posts
    read_message_history=True,  # reply to a message, sum up a channel, catch up after a pause
    attach_files=True,  # show pictures
)
# `bot` makes it a member, `applications.commands` brings the slash commands.
SCOPES = ("bot", "applications.commands")

_GUIDE = """\
Bring {name} to Discord
=======================

1. Open https://discord.com/developers/applications and press “New Application”.
2. Under “Bot”, press “Reset Token” and copy the token: into .env as DISCORD_TOKEN, or here when asked.
3. {intent}
4. Leave “Interactions Endpoint URL” (under “General Information”) empty: commands arrive over the gateway.
5. Open this link, choose your server and press “Authorise”:

   {link}
{unnamed}
   It asks for these permissions and no more: {permissions}.
6. Start the bot. Mention it, write to it directly, or type / to see its commands.
"""
_WITH_CONTENT = (
    "On the same page, under “Privileged Gateway Intents”, switch on “Message Content Intent”.\n"
    "   (With DISCORD_MESSAGE_CONTENT=false in .env it is not needed: then threads are not followed without a mention.)"
)
_UNNAMED = """
   YOUR_APPLICATION_ID stands under “General Information”; once the token is set, the link has it.
"""
_WITHOUT_CONTENT = "No privileged intent is needed, since DISCORD_MESSAGE_CONTENT is false."


def guide(settings: DiscordSettings) -> str:
    """Where to click, and the invite link; the link names the application once there is a token."""
    application = application_of(settings.token)
    return _GUIDE.format(
        name=settings.bot_name,
        intent=_WITH_CONTENT if settings.message_content else _WITHOUT_CONTENT,
        link=invite_link(application or "YOUR_APPLICATION_ID"),
        unnamed="" if application else _UNNAMED,
        permissions=", ".join(readable(name) for name, granted in PERMISSIONS if granted),
    )


def invite_link(application: str) -> str:
    """The address at which a server's admin lets the bot in."""
    return discord.utils.oauth_url(application, permissions=PERMISSIONS, scopes=SCOPES)


def application_of(token: str) -> str | None:
    """The application's id, which is the first part of a token; None for what is no token."""
    head = token.partition(".")[0]
    try:
        number = base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return number if number.isdigit() else None


def readable(permission: str) -> str:
    """A permission as Discord's own pages write it; the library still has the first one's older name."""
    return "View Channels" if permission == "read_messages" else permission.replace("_", " ").title()
