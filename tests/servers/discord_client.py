"""The real discord.py client, pointed at the server under test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.servers.discord import Channel, DiscordServer, Guild, Person

INTENTS = discord.Intents(
    guilds=True, guild_messages=True, dm_messages=True, guild_reactions=True, dm_reactions=True, message_content=True
)


@dataclass(frozen=True, slots=True)
class Team:
    """A server with one guild, one channel and one person."""

    server: DiscordServer
    guild: Guild
    channel: Channel
    ana: Person


@asynccontextmanager
async def team(**options: Any) -> AsyncIterator[Team]:
    """A server that listens, with somebody in it."""
    async with DiscordServer(**options) as server:
        guild = server.add_guild("Team")
        yield Team(server, guild, guild.add_channel("general"), server.add_user("Ana"))


class Listener(discord.Client):
    """Keeps what it hears, and has a command tree."""

    def __init__(self, intents: discord.Intents = INTENTS, **options: Any) -> None:
        super().__init__(intents=intents, **options)
        self.tree = discord.app_commands.CommandTree(self)
        self.heard: list[discord.Message] = []
        self.edits: list[discord.RawMessageUpdateEvent] = []
        self.deletions: list[discord.RawMessageDeleteEvent] = []
        self.reactions: list[discord.RawReactionActionEvent] = []
        self.resumed = 0

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        self.edits.append(payload)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        self.deletions.append(payload)

    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        self.reactions.append(payload)

    async def on_raw_reaction_remove(self, payload: discord.RawReactionActionEvent) -> None:
        self.reactions.append(payload)

    async def on_resumed(self) -> None:
        self.resumed += 1

    @property
    def texts(self) -> list[str]:
        return [message.content for message in self.heard]


@asynccontextmanager
async def logged_in(server: DiscordServer, client: discord.Client) -> AsyncIterator[None]:
    """The client with its REST half only; the library's global addresses are given back afterwards."""
    base, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = server.api_url, yarl.URL(server.gateway_url)
    try:
        await client.login(server.token)
        yield
    finally:
        await client.close()
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


@asynccontextmanager
async def running(server: DiscordServer, client: discord.Client) -> AsyncIterator[asyncio.Task[None]]:
    """The client connected and told its guilds."""
    async with logged_in(server, client):
        task = asyncio.create_task(client.connect())
        try:
            await server.until(lambda: task.done() or len(client.guilds) == len(server.world.guilds))
            await server.until(lambda: task.done() or all(guild.me for guild in client.guilds))
            yield task
        finally:
            await client.close()
            await asyncio.gather(task, return_exceptions=True)
