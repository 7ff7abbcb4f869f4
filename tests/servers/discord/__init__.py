"""A Discord server for tests: REST v10 and the gateway over real sockets, written from Discord's documentation.

    async with DiscordServer() as server:
        channel = server.add_guild("Team").add_channel("general")
        ana = server.add_user("Ana")
        await ana.says(channel, f"hello {server.bot.mention}")
        await server.until(lambda: len(channel.messages) == 2)

It knows nothing of the bot under test.
"""

from tests.servers.discord.calling import Impossible
from tests.servers.discord.interactions import Act, Modal
from tests.servers.discord.model import (
    ANNOUNCEMENT,
    FORUM,
    MEDIA,
    STAGE,
    VOICE,
    Attachment,
    Channel,
    Guild,
    Message,
    Role,
    User,
)
from tests.servers.discord.people import Person
from tests.servers.discord.server import DiscordServer

__all__ = [
    "ANNOUNCEMENT",
    "FORUM",
    "MEDIA",
    "STAGE",
    "VOICE",
    "Act",
    "Attachment",
    "Channel",
    "DiscordServer",
    "Guild",
    "Impossible",
    "Message",
    "Modal",
    "Person",
    "Role",
    "User",
]
