"""The gateway: sessions that identify, beat, miss events and get them again when they resume.

Frames are plain JSON texts. Source: https://discord.com/developers/docs/events/gateway
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from tests.servers.discord import payloads, permissions
from tests.servers.discord.intents import KNOWN_BITS, PRIVILEGED, Intent, application_flags
from tests.servers.discord.model import Channel, Json, Message

if TYPE_CHECKING:
    from tests.servers.discord.faults import Faults
    from tests.servers.discord.world import World

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, RESUME, RECONNECT = 0, 1, 2, 3, 6, 7
REQUEST_MEMBERS, INVALID_SESSION, HELLO, ACK = 8, 9, 10, 11

IDENTIFIES_A_DAY = 1_000
FRAMES_A_MINUTE = 120
REPLAYED_AT_MOST = 5_000  # events kept for a session; one that missed more must identify anew
RESUMABLE_SECONDS = 300.0


@dataclass(eq=False, slots=True)
class Session:
    """What survives a dropped socket: who it is, and the events it may ask for again."""

    id: str
    intents: Intent
    shard: tuple[int, int]
    sequence: int = 0
    sent: deque[Json] = field(default_factory=lambda: deque(maxlen=REPLAYED_AT_MOST))
    link: Link | None = None
    lost_at: float | None = None
    cut_by_us: bool = False

    def sees(self, guild_id: str | None) -> bool:
        """Whether this shard has the events of a guild; those of direct channels go to shard 0."""
        number, count = self.shard
        return number == (0 if guild_id is None else (int(guild_id) >> 22) % count)

    def dispatch(self, name: str, data: Json, times: int = 1) -> None:
        """Give the session an event; one without a socket gets it when it resumes."""
        self.sequence += 1
        frame = {"op": DISPATCH, "t": name, "s": self.sequence, "d": data}
        self.sent.append(frame)
        if self.link is not None:
            for _ in range(times):
                self.link.send(frame)


class Link:
    """One socket: what it is to send, in order, and when it last beat."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.socket = socket
        self.session: Session | None = None
        self.beat_at = time.monotonic()
        self._received: deque[float] = deque(maxlen=FRAMES_A_MINUTE)
        self._request = request
        self._outgoing: asyncio.Queue[str | int] = asyncio.Queue()

    def talks_too_much(self) -> bool:
        """Whether this frame is one too many within a minute."""
        full = len(self._received) == FRAMES_A_MINUTE and time.monotonic() - self._received[0] < 60
        self._received.append(time.monotonic())
        return full

    def send(self, frame: Json) -> None:
        self._outgoing.put_nowait(json.dumps(frame, ensure_ascii=False))

    def close(self, code: int) -> None:
        """Close after what waits to be sent."""
        self._outgoing.put_nowait(code)

    def cut(self) -> None:
        """Break the connection without a word."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def write(self) -> None:
        """Send what was queued, until the socket closes."""
        while True:
            item = await self._outgoing.get()
            if isinstance(item, int):
                await self.socket.close(code=item)
                return
            try:
                await self.socket.send_str(item)
            except ConnectionError:
                return


class Gateway:
    """Takes sockets in and tells sessions what happens."""

    def __init__(
        self,
        world: World,
        faults: Faults,
        token: str,
        portal: Callable[[], Intent],
        heartbeat: float,
        changed: Callable[[], None],
    ) -> None:
        self.sessions: list[Session] = []
        self.links: list[Link] = []
        self.identifies = 0
        self.resumes = 0
        self.url = ""
        self._world = world
        self._faults = faults
        self._token = token
        self._portal = portal
        self._heartbeat = heartbeat
        self._changed = changed

    @property
    def connected(self) -> list[Session]:
        """Sessions with a socket."""
        return [session for session in self.sessions if session.link is not None]

    @property
    def identifies_left(self) -> int:
        return IDENTIFIES_A_DAY - self.identifies

    # --- telling ---

    def publish(self, name: str, intent: Intent, data: Json, channel: Channel | None = None) -> None:
        """Tell every session that asked for this kind of event and may see the channel."""
        guild_id = data["id"] if name in ("GUILD_CREATE", "GUILD_DELETE") else data.get("guild_id")
        for session in self._listening(intent, guild_id, channel):
            session.dispatch(name, data, self._faults.copies(name))

    def publish_message(self, name: str, message: Message) -> None:
        """Tell a message, emptied for sessions that may not read it."""
        guild = message.channel.guild
        intent = Intent.DIRECT_MESSAGES if guild is None else Intent.GUILD_MESSAGES
        written: dict[bool, Json] = {}
        for session in self._listening(intent, guild.id if guild else None, message.channel):
            content = bool(session.intents & Intent.MESSAGE_CONTENT)
            if content not in written:
                written[content] = payloads.message_event(message, self._world.bot, content=content)
            session.dispatch(name, written[content], self._faults.copies(name))

    def interact(self, data: Json) -> bool:
        """Hand an interaction to every session, whether connected or to be resumed; whether there is one."""
        sessions = [each for each in self.sessions if each.sees(data.get("guild_id"))]
        for session in sessions:
            session.dispatch("INTERACTION_CREATE", data, self._faults.copies("INTERACTION_CREATE"))
        return bool(sessions)

    def _listening(self, intent: Intent, guild_id: str | None, channel: Channel | None) -> list[Session]:
        if channel is not None and not permissions.may(self._world.bot, channel, "view_channel"):
            return []
        return [each for each in self.sessions if each.intents & intent and each.sees(guild_id)]

    # --- sockets ---

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One socket from its hello to its end."""
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        link = Link(socket, request)
        self.links.append(link)
        writer = asyncio.create_task(link.write(), name="discord-gateway-writer")
        watcher = asyncio.create_task(self._watch(link), name="discord-gateway-watcher")
        link.send({"op": HELLO, "t": None, "s": None, "d": {"heartbeat_interval": int(self._heartbeat * 1000)}})
        try:
            async for frame in socket:
                if frame.type is not WSMsgType.TEXT:
                    link.close(4002)
                    break
                self._receive(link, json.loads(frame.data))
            if socket.close_code is None:
                await writer
        finally:
            self.links.remove(link)
            self._lost(link, socket.close_code)
            for task in (writer, watcher):
                task.cancel()
            await asyncio.gather(writer, watcher, return_exceptions=True)
        return socket

    async def _watch(self, link: Link) -> None:
        """Drop a client that does not beat."""
        while True:
            await asyncio.sleep(self._heartbeat / 2)
            if time.monotonic() - link.beat_at > self._heartbeat * 1.5 + 1:
                self._world.violation("a gateway connection did not send its heartbeat in time")
                link.close(4009)
                return

    def _lost(self, link: Link, code: int | None) -> None:
        """A socket is gone: its session waits to be resumed, unless the client ended it."""
        session = link.session
        if session is None or session.link is not link:
            return
        session.link = None
        session.lost_at = time.monotonic()
        if code in (1000, 1001) and not session.cut_by_us:
            self.sessions.remove(session)
        self._changed()

    def _receive(self, link: Link, frame: Json) -> None:
        op, data = frame.get("op"), frame.get("d") or {}
        if link.talks_too_much():
            self._world.violation("a gateway connection sent more than 120 frames in a minute")
            link.close(4008)
            return
        if op == HEARTBEAT:
            link.beat_at = time.monotonic()
            link.send({"op": ACK, "t": None, "s": None, "d": None})
        elif op == IDENTIFY:
            self._identify(link, data)
        elif op == RESUME:
            self._resume(link, data)
        elif op == REQUEST_MEMBERS and link.session is not None:
            self._members(link.session, data)
        elif op == PRESENCE and link.session is not None:
            return
        else:
            link.close(4003 if link.session is None else 4001)

    def _identify(self, link: Link, data: Json) -> None:
        if link.session is not None:
            self._world.violation("a gateway connection identified twice")
            link.close(4005)
            return
        refused = self._refusal(data)
        if refused is not None:
            link.close(refused)
            return
        self.identifies += 1
        number, count = data.get("shard") or (0, 1)
        self._review_lost((number, count))
        session = Session(self._world.ids.make(), Intent(data["intents"]), (number, count), link=link)
        link.session = session
        self.sessions.append(session)
        self._welcome(session)
        self._changed()

    def _refusal(self, data: Json) -> int | None:
        """The code to close with, when the one who identifies may not come in."""
        if data.get("token") != self._token:
            return 4004
        intents = data.get("intents")
        if not isinstance(intents, int) or intents & ~KNOWN_BITS:
            return 4013
        if Intent(intents) & PRIVILEGED & ~self._portal():
            return 4014
        number, count = data.get("shard") or (0, 1)
        if not 0 <= number < count:
            return 4010
        if self.identifies_left <= 0:
            self._world.violation("the day's 1,000 identifies are used up: Discord resets the token")
            return 4004
        return None

    def _review_lost(self, shard: tuple[int, int]) -> None:
        """At a new session of a shard: those lost for long are over; one that we cut should have been resumed."""
        for old in [each for each in self.sessions if each.link is None]:
            if not self._resumable(old, old.sequence):
                self.sessions.remove(old)
            elif old.cut_by_us and old.shard == shard:
                old.cut_by_us = False
                self._world.violation("a client identified anew though its session could be resumed")

    def _welcome(self, session: Session) -> None:
        world = self._world
        mine = [guild for guild in world.guilds.values() if session.sees(guild.id)]
        session.dispatch(
            "READY",
            {
                "v": 10,
                "user": payloads.user(world.bot) | {"mfa_enabled": True, "verified": True, "email": None, "flags": 0},
                "guilds": [{"id": guild.id, "unavailable": True} for guild in mine],
                "session_id": session.id,
                "session_type": "normal",
                "resume_gateway_url": self.url + "resume/",
                "shard": list(session.shard),
                "application": {"id": world.bot.id, "flags": application_flags(self._portal())},
                "private_channels": [],
                "relationships": [],
                "presences": [],
            },
        )
        if session.intents & Intent.GUILDS:
            for guild in mine:
                everybody = bool(session.intents & Intent.GUILD_MEMBERS)
                session.dispatch("GUILD_CREATE", world.guild_create(guild, all_members=everybody))

    def _resume(self, link: Link, data: Json) -> None:
        if data.get("token") != self._token:
            link.close(4004)
            return
        session = next((each for each in self.sessions if each.id == data.get("session_id")), None)
        since = data.get("seq")
        if session is None or not isinstance(since, int) or not self._resumable(session, since):
            link.send({"op": INVALID_SESSION, "t": None, "s": None, "d": False})
            return
        if since > session.sequence:
            link.close(4007)
            return
        if session.link is not None:
            session.link.close(4000)
        self.resumes += 1
        session.link, link.session = link, session
        session.lost_at, session.cut_by_us = None, False
        for frame in session.sent:
            if frame["s"] > since - self._faults.replayed_again():
                link.send(frame)
        session.dispatch("RESUMED", {"_trace": []})
        self._changed()

    def _resumable(self, session: Session, since: int) -> bool:
        if session.lost_at is not None and time.monotonic() - session.lost_at > RESUMABLE_SECONDS:
            return False
        oldest: int = session.sent[0]["s"]
        return oldest <= since + 1

    def _members(self, session: Session, data: Json) -> None:
        """Answer a request for members: by ids anybody may ask, for all only with the intent."""
        guild = self._world.guilds.get(str(data.get("guild_id")))
        if guild is None:
            return
        wanted: Any = data.get("user_ids")
        if wanted is None and not session.intents & Intent.GUILD_MEMBERS and not data.get("query"):
            return
        ids = None if wanted is None else {str(each) for each in (wanted if isinstance(wanted, list) else [wanted])}
        found = [
            payloads.member(each)
            for each in guild.members.values()
            if (ids is None or each.user.id in ids) and each.user.name.lower().startswith(data.get("query") or "")
        ]
        answer = {"guild_id": guild.id, "members": found, "chunk_index": 0, "chunk_count": 1, "not_found": []}
        session.dispatch("GUILD_MEMBERS_CHUNK", answer | {"nonce": data.get("nonce")})

    # --- what goes wrong ---

    def drop(self) -> int:
        """Cut every socket without a word, and expect the clients to resume; how many."""
        for session in self.connected:
            session.cut_by_us = True
        return self.cut()

    def cut(self) -> int:
        """Cut every socket without a word; how many."""
        for link in self.links:
            link.cut()
        return len(self.links)

    def ask_to_reconnect(self) -> None:
        """Opcode 7: every client is told to come again, and to resume."""
        for link in self.links:
            if link.session is not None:
                link.session.cut_by_us = True
            link.send({"op": RECONNECT, "t": None, "s": None, "d": None})

    def invalidate(self) -> None:
        """Opcode 9: every session is over and cannot be resumed."""
        for link in self.links:
            if link.session is not None:
                self.sessions.remove(link.session)
                link.session = None
            link.send({"op": INVALID_SESSION, "t": None, "s": None, "d": False})
