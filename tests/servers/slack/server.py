"""The pretend Slack: one workspace with one app, on a port of 127.0.0.1, for slack-bolt and slack_sdk unmodified.

This room opens and closes it and holds the few acts that change the workspace and tell the app of it.
"""

from __future__ import annotations

import asyncio
import mimetypes
import time
from collections.abc import Callable
from typing import Any, Self, TypeVar

from aiohttp import web

from tests.patience import PATIENCE_S
from tests.servers.slack.delivering import Deliveries
from tests.servers.slack.events import Events
from tests.servers.slack.faults import Faults
from tests.servers.slack.hosting import routes
from tests.servers.slack.interactions import Interactions, ResponseUrls, Triggers
from tests.servers.slack.limits import Limiter
from tests.servers.slack.manifest import problems
from tests.servers.slack.methods import METHODS
from tests.servers.slack.modals import Modal
from tests.servers.slack.requesting import Requests
from tests.servers.slack.sockets import Sockets
from tests.servers.slack.users import User
from tests.servers.slack.views_of import message_view
from tests.servers.slack.webapi import WebApi
from tests.servers.slack.world import Channel, File, Message, Rules, Seen, Session, Team, World

LOOK_AGAIN_S = 0.1
T = TypeVar("T")


class SlackServer:
    """A workspace to talk in. `limits=False` switches volume limits off, never the checks of what is sent."""

    def __init__(self, *, port: int = 0, limits: bool = True, seed: int = 0) -> None:
        self.world = World(seed)
        self.faults = Faults()
        self.limiter = Limiter()
        self.bot_token = "xoxb-1-2-bot"
        self.app_token = "xapp-1-A0-1-app"
        self.signing_secret = "8f742231b10e8888abcd99yyyzzz85a5"
        self.revoked = False
        self.socket_mode = True
        self.modals: dict[str, Modal] = {}
        self.bot = self.add_user("Inkling", bot=True)
        self.bot.app_id = self.world.app_id
        self.sockets = Sockets(self.world, self.faults, self.changed)
        self.deliveries = Deliveries(self.world, self.faults, self.sockets, self.changed)
        self.notify = Events(self.world, self.bot, self.deliveries.event)
        self.interactions = Interactions(self)
        self.triggers = Triggers(self)
        self.response_urls = ResponseUrls(self)
        self.web_api = WebApi(self, METHODS, limits=limits)
        self.faults.cuts_with(self.sockets.cut)
        self._port = port
        self._runner: web.AppRunner | None = None
        self._http: Requests | None = None
        self._waiting: set[asyncio.Future[None]] = set()

    # --- opening and closing ----------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.deliveries.close()
        await self.stop()
        if self._http is not None:
            await self._http.close()

    async def start(self) -> None:
        """Listen, on the same port as before if there was one."""
        self._runner = web.AppRunner(routes(self), access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close every connection and the port; the workspace stays for the next start."""
        if self._runner is None:
            return
        runner, self._runner = self._runner, None
        await self.sockets.close()
        await runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def api_url(self) -> str:
        """What SLACK_API_URL is set to."""
        return f"{self.url}/api/"

    @property
    def sockets_url(self) -> str:
        return f"ws://127.0.0.1:{self._port}/link/"

    # --- the workspace ----------------------------------------------------------------------------------------------

    @property
    def token(self) -> str:
        return self.bot_token

    @property
    def team(self) -> Team:
        return self.world.team

    @property
    def rules(self) -> Rules:
        return self.world.rules

    @property
    def requests(self) -> list[Seen]:
        return self.world.requests

    @property
    def violations(self) -> list[str]:
        return self.world.violations

    @property
    def connected(self) -> bool:
        """Whether the app has a socket open."""
        return bool(self.sockets.connections)

    def seen(self, name: str) -> list[Seen]:
        """The requests to a Web API method, or to paths that hold this part."""
        return [seen for seen in self.requests if name in (seen.api, seen.path) or f"/{name}/" in seen.path]

    @property
    def scopes(self) -> set[str]:
        """The scopes granted to the bot; a test may take some away."""
        return self.world.scopes

    @scopes.setter
    def scopes(self, scopes: set[str]) -> None:
        self.world.scopes = set(scopes)

    @property
    def app_scopes(self) -> set[str]:
        return self.world.app_scopes

    @property
    def events(self) -> set[str]:
        """The app's event subscriptions, as a manifest names them."""
        return self.world.events

    @events.setter
    def events(self, events: set[str]) -> None:
        self.world.events = set(events)

    def install(self, manifest: dict[str, Any]) -> None:
        """Install the app as its manifest says: scopes, events, commands, shortcuts; nothing else is offered then.

        Raises:
            ValueError: Slack would refuse the manifest.
        """
        if found := problems(manifest):
            raise ValueError(found)
        features, settings = manifest.get("features", {}), manifest.get("settings", {})
        self.scopes = set(manifest.get("oauth_config", {}).get("scopes", {}).get("bot", []))
        self.events = set(settings.get("event_subscriptions", {}).get("bot_events", []))
        self.world.commands = {command["command"]: command for command in features.get("slash_commands", [])}
        self.world.shortcuts = list(features.get("shortcuts", []))
        self.world.is_agent = "agent_view" in features
        self.socket_mode = bool(settings.get("socket_mode_enabled"))

    def add_channel(self, name: str, *, kind: str = "channel", bot: bool = True) -> Channel:
        """A channel ("channel", private "group", "mpim") with every user in it, and the bot unless told."""
        prefix = "G" if kind == "mpim" else "C"
        members = [user for user in self.world.users.values() if bot or user is not self.bot]
        channel = Channel(self.world.new_id(prefix), name, kind, members)
        self.world.channels[channel.id] = channel
        return channel

    def add_user(self, name: str, **told: Any) -> User:
        """A member of the workspace and of every channel; `bot=True` for another app's bot."""
        user = User(self, name, **told)
        self.world.users[user.id] = user
        for channel in self.world.channels.values():
            if channel.kind != "im":
                channel.members.append(user)
        return user

    def new_file(self, name: str, data: bytes, owner: User, *, alt_text: str = "") -> File:
        file_id = self.world.new_id("F")
        mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
        url = f"{self.url}/files-pri/{self.team.id}-{file_id}/{name}"
        file = File(file_id, name, owner, url, data, alt_text=alt_text, mimetype=mimetype)
        self.world.files[file_id] = file
        return file

    def session(self, message: Message) -> Session:
        """The agent session of a message's thread."""
        return self.world.session(message.channel, message.root_ts)

    async def use_request_url(self, url: str) -> None:
        """Switch to HTTP mode: from now on everything is posted to this URL, signed.

        Raises:
            NotAcked: it does not answer the challenge.
        """
        if self._http is not None:
            await self._http.close()
        self._http = Requests(self.world, url, self.signing_secret)
        await self._http.verify()
        self.socket_mode = False
        self.deliveries.transport = self._http

    # --- what changes the workspace ---------------------------------------------------------------------------------

    def publish(self, message: Message) -> None:
        """A message appears for everybody, and the app is told."""
        self.show(message)
        session = self.world.sessions.get((message.channel.id, message.root_ts))
        if session is not None and message.author is self.bot and session.loading and session.loading[-1]:
            session.loading.append("")
        self.notify.said(message)

    def show(self, message: Message) -> None:
        """A message appears for everybody."""
        message.channel.add(message)
        message.changed()
        self.changed()

    def show_to(self, user: User, message: Message) -> None:
        """A message appears for one person; it is kept nowhere."""
        message.changed()
        user.ephemerals.append(message)
        self.changed()

    def republish(self, message: Message, before: dict[str, Any], *, by_person: bool = False) -> None:
        """A message looks different now."""
        message.changed()
        if message.ephemeral_for is None:
            self.notify.changed(message, before, edited_by_person=by_person)
        self.changed()

    def withdraw(self, message: Message) -> None:
        """A message goes away."""
        before = message_view(self.world, message)
        if message.ephemeral_for is not None:
            message.deleted = True
            message.ephemeral_for.ephemerals.remove(message)
        else:
            message.channel.remove(message)
            (self.notify.tombstoned if message.replies else self.notify.deleted)(message, before)
        self.changed()

    async def unfurl(self, message: Message) -> None:
        """Slack attaches a preview to a message's link: it changed, and nobody changed it."""
        before = message_view(self.world, message)
        message.attachments = [{"id": 1, "title": "A page", "from_url": "https://example.com", "fallback": "A page"}]
        self.republish(message, before)

    def react(self, user: User, message: Message, name: str, *, item_user: bool = True) -> None:
        who = message.reactions.setdefault(name, [])
        if user in who:
            raise ValueError(f"{user.name} reacted with {name} already")
        who.append(user)
        self.notify.reacted(message, user, name, added=True, item_user=item_user)
        self.changed()

    def unreact(self, user: User, message: Message, name: str, *, item_user: bool = True) -> None:
        message.reactions[name].remove(user)
        self.notify.reacted(message, user, name, added=False, item_user=item_user)
        self.changed()

    def end_expired(self, message: Message) -> None:
        """A stream that has lived its time is over."""
        stream = message.stream
        if stream is None or stream.state != "in_progress":
            return
        if time.monotonic() - stream.started > self.rules.stream_lifetime_s:
            stream.state = "expired"

    def kill_stream(self, message: Message) -> None:
        """End a stream now, as if its time were up."""
        if message.stream is None or message.stream.state != "in_progress":
            raise ValueError("the message is not being streamed")
        message.stream.state = "expired"
        self.changed()

    def stop_session(self, user: User, message: Message) -> None:
        """A person pressed Stop in a thread; its streams end, its status is left to the app.

        Raises:
            LookupError: no Stop button is shown there.
        """
        if self.session(message).status != "processing" or "agent_session_stopped" not in self.events:
            raise LookupError("no Stop button is shown")
        channel, root_ts = message.channel, message.root_ts
        streaming = [
            reply
            for reply in channel.threads.get(root_ts, [])
            if reply.stream is not None and reply.stream.state == "in_progress"
        ]
        for reply in streaming:
            if reply.stream is not None:
                reply.stream.state = "stopped"
        self.notify.session_stopped(user, channel, root_ts, [reply.ts for reply in streaming])
        self.changed()

    # --- waiting ----------------------------------------------------------------------------------------------------

    def changed(self) -> None:
        """Wake whoever waits for something to happen."""
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    async def until(self, holds: Callable[[], T], timeout: float = PATIENCE_S) -> T:  # noqa: ASYNC109
        """Wait until something holds and give it; asked at every change, and now and then for changes elsewhere.

        Raises:
            TimeoutError: it did not in time; with what the server saw last.
        """
        held = await self.waits(holds, timeout)
        if not held:
            raise TimeoutError(f"not within {timeout} s\n{self.story()}")
        return held

    async def waits(self, holds: Callable[[], T], seconds: float) -> T:
        """What something comes to within a time, true or not."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not (held := holds()):
            left = end - loop.time()
            if left <= 0:
                return held
            waiting: asyncio.Future[None] = loop.create_future()
            self._waiting.add(waiting)
            await asyncio.wait([waiting], timeout=min(left, LOOK_AGAIN_S))
            self._waiting.discard(waiting)
        return held

    def story(self) -> str:
        """The last messages and requests, for a failed test's reader."""
        said = sorted((m for c in self.world.channels.values() for m in c.messages), key=lambda m: m.ts)
        lines = [f"#{m.channel.name} {m.author.name}: {m.text[:200]!r}" for m in said[-15:]]
        asked = [f"{seen.path} {seen.status} {seen.error or ''}" for seen in self.requests[-15:]]
        return "\n".join([*lines, "requests:", *asked, "violations:", *self.violations[-10:]])
