"""The connection to Discord: which events come in, and who is handed them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import aiohttp
import discord
import structlog

from adapters.discord.buttons import Act, ActButton, ChangeMenu, Interaction
from adapters.discord.catching_up import catch_up
from adapters.discord.desk import Desk
from adapters.discord.inbound import Inbound
from adapters.discord.interacting import Interacting
from bot.errors import InklingError

log = structlog.get_logger(__name__)

# The bot has no voice, so nothing is missing for it.
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False

# Seconds that handing over what was heard may take when the bot leaves.
_HANDED_OVER_S = 5.0

# Seconds without a further server, after which Discord has told of all that the bot is in.
SERVERS_S = 2.0


def _in_one_line(record: logging.LogRecord) -> bool:
    """A gateway out of reach is tried again and again: each try is a line of warning, not a traceback."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, OSError | aiohttp.ClientError):
        record.msg, record.args = f"{record.getMessage()} ({type(error).__name__})", ()
        record.exc_info = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
    return True


logging.getLogger("discord.shard").addFilter(_in_one_line)


def intents_for(*, message_content: bool) -> discord.Intents:
    """What the bot must hear of, and no more."""
    return discord.Intents(
        guilds=True,
        guild_messages=True,
        dm_messages=True,
        guild_reactions=True,
        dm_reactions=True,
        message_content=message_content,
    )


class Client(discord.AutoShardedClient):
    """One login, with as many shards as Discord recommends. Events are handed on; nothing is cached but channels."""

    def __init__(self, desk: Desk, missed_since: datetime | None) -> None:
        """`missed_since`: when anything was last heard; None, and nothing before this login is caught up."""
        super().__init__(
            intents=intents_for(message_content=desk.settings.message_content),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=SERVERS_S,
            http_trace=desk.turns.trace(),
        )
        self._desk = desk
        self._inbound = Inbound(self, desk)
        self._interacting = Interacting(self, desk)
        # When each shard heard something last, for those that have no session, and for those that have a new one.
        self._missed_since = missed_since
        self._lost_since: dict[int, datetime] = {}
        self._new_since: dict[int, datetime] = {}
        self._is_leaving = False
        self._catching_up: dict[int, asyncio.Task[None]] = {}
        self._at_work = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def setup_hook(self) -> None:
        """Buttons and menus are known by their ids, whichever process made them."""
        self.add_dynamic_items(ActButton, ChangeMenu)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        """An event that broke is logged, and the next one is served."""
        log.exception("event failed", name=event_method)

    async def leave_gateway(self) -> None:
        """Hear of nothing more, and hand over what was heard; requests can still be made."""
        self._is_leaving = True
        for shard in self.shards.values():
            await shard.disconnect()
        for catching_up in self._catching_up.values():
            catching_up.cancel()
        try:
            async with asyncio.timeout(_HANDED_OVER_S):
                await self._idle.wait()
        except TimeoutError:
            log.warning("left before all was handed over", events=self._at_work)

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Tell of an event, unless the bot is leaving: a shard may be on its way back just then.

        What bots say, our own answers above all, is not worth the task that every event gets.
        """
        if self._is_leaving or (event == "message" and args[0].author.bot):
            return
        super().dispatch(event, *args, **kwargs)

    # --- the gateway's life -----------------------------------------------------------------------------------------

    async def on_shard_connect(self, shard_id: int) -> None:
        """A session began: events come from now on, and what was said before it has to be read."""
        since = self._lost_since.pop(shard_id, self._missed_since)
        if since is not None:
            self._new_since[shard_id] = since
        self._desk.connected.set()

    async def on_shard_disconnect(self, shard_id: int) -> None:
        """Remember since when a shard hears nothing."""
        self._lost_since.setdefault(shard_id, self._desk.clock.now())
        log.warning("gateway lost", shard=shard_id)

    async def on_shard_resumed(self, shard_id: int) -> None:
        """Discord sent what was missed meanwhile."""
        self._lost_since.pop(shard_id, None)
        log.info("gateway resumed", shard=shard_id)

    async def on_shard_ready(self, shard_id: int) -> None:
        """The servers of a new session are known: read what was said while there was none."""
        since = self._new_since.pop(shard_id, None)
        log.info("gateway ready", shard=shard_id, guilds=len(self.guilds))
        if since is not None and self._desk.settings.catch_up_hours:
            catching_up = self._catch_up(since, shard_id)
            self._catching_up[shard_id] = self._desk.spawn(catching_up, f"catch up shard {shard_id}")

    async def _catch_up(self, since: datetime, shard: int) -> None:
        async with self._working():
            try:
                await catch_up(self, self._inbound, self._desk, since, shard)
            except InklingError as error:
                log.error("not caught up", shard=shard, error=str(error))

    # --- what people do ---------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _working(self) -> AsyncIterator[None]:
        """An event is being handed over."""
        self._at_work += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._at_work -= 1
            if not self._at_work:
                self._idle.set()

    async def on_message(self, message: discord.Message) -> None:
        async with self._working():
            await self._inbound.message(message)

    async def on_thread_create(self, thread: discord.Thread) -> None:
        async with self._working():
            await self._inbound.thread(thread)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        async with self._working():
            await self._inbound.edit(event)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        async with self._working():
            await self._inbound.delete(event.channel_id, {event.message_id})

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        async with self._working():
            await self._inbound.delete(event.channel_id, event.message_ids)

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        async with self._working():
            await self._inbound.react(event, removed=False)

    async def on_raw_reaction_remove(self, event: discord.RawReactionActionEvent) -> None:
        async with self._working():
            await self._inbound.react(event, removed=True)

    async def on_interaction(self, interaction: Interaction) -> None:
        async with self._working():
            await self._interacting.receive(interaction)

    async def on_press(self, act: Act, detail: str, interaction: Interaction) -> None:
        async with self._working():
            await self._interacting.press(act, detail, interaction)
