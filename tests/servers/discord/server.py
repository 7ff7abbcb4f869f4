"""The Discord server: one process-local Discord on 127.0.0.1, for clients that do not know the difference."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable
from types import TracebackType
from typing import TypeVar
from urllib.parse import unquote

from aiohttp import web

from tests.patience import PATIENCE_S
from tests.servers.discord import routes_application, routes_interactions, routes_messages, routes_places
from tests.servers.discord.faults import Faults
from tests.servers.discord.gateway import Gateway
from tests.servers.discord.intents import Intent
from tests.servers.discord.interactions import Interactions
from tests.servers.discord.limits import Limits
from tests.servers.discord.model import Guild, Json, Message
from tests.servers.discord.people import Person
from tests.servers.discord.permissions import BITS
from tests.servers.discord.rest import PREFIX, Api, Request
from tests.servers.discord.world import World

T = TypeVar("T")

ROUTES = [*routes_application.ROUTES, *routes_places.ROUTES, *routes_messages.ROUTES, *routes_interactions.ROUTES]
LARGEST_REQUEST = 64 * 1024 * 1024
LOOK_AGAIN_SECONDS = 0.05  # `until` looks this often at what the server is not told of


class DiscordServer:
    """An async context manager that listens while it is open. `stop` and `start` make an outage: the world stays.

    `limits=False` switches the rate limits off, `heartbeat` is the seconds between two beats of a client's gateway
    connection. `message_content` is the portal's switch for that intent and may be set at any time.
    """

    def __init__(
        self, port: int = 0, *, limits: bool = True, heartbeat: float = 41.25, message_content: bool = True
    ) -> None:
        self.port = port
        self.message_content = message_content
        self.portal_members = False
        self.interactions_endpoint_url: str | None = None
        self.requests: list[Request] = []
        self.violations: list[str] = []
        self.commands: dict[str, dict[str, Json]] = {}
        self.command_syncs = 0
        self.commands_created = 0
        self.nonces: dict[tuple[str, str], tuple[float, Message]] = {}
        self.world = World("Inkling", self.changed, self.violation)
        self.bot = self.world.bot
        self.token = f"{base64.b64encode(self.bot.id.encode()).decode().rstrip('=')}.GtEsT0.{'x' * 38}"
        self.faults = Faults(self)
        self.limits = Limits(limits, self.violation)
        self.gateway = Gateway(self.world, self.faults, self.token, lambda: self.portal, heartbeat, self.changed)
        self.world.publisher = self.gateway
        self.interactions = Interactions(self.world, self.gateway)
        self._something = asyncio.Event()
        self._runner: web.AppRunner | None = None

    # --- addresses ---

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def api_url(self) -> str:
        return self.origin + PREFIX

    @property
    def gateway_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/gateway/"

    @property
    def portal(self) -> Intent:
        """The privileged intents that are switched on."""
        granted = Intent(0)
        if self.message_content:
            granted |= Intent.MESSAGE_CONTENT
        if self.portal_members:
            granted |= Intent.GUILD_MEMBERS
        return granted

    # --- life ---

    async def __aenter__(self) -> DiscordServer:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, after a stop on the same port."""
        app = web.Application(client_max_size=LARGEST_REQUEST)
        Api(self).add_to(app, ROUTES)
        app.router.add_get("/gateway/", self.gateway.handle)
        app.router.add_get("/gateway/resume/", self.gateway.handle)
        app.router.add_get("/attachments/{channel}/{id}/{name}", self._file)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = runner.addresses[0][1]
        self.world.origin, self.gateway.url = self.origin, self.gateway_url
        self._runner = runner

    async def stop(self) -> None:
        """Stop listening and cut what is open; everything there is stays for the next start."""
        if self._runner is None:
            return
        runner, self._runner = self._runner, None
        self.gateway.cut()
        await runner.cleanup()

    # --- making the world ---

    def add_guild(self, name: str, locale: str = "en-US") -> Guild:
        """A guild with the bot and everybody in it."""
        guild = self.world.add_guild(name, locale)
        for user in self.world.users.values():
            if isinstance(user, Person) and user.admin:
                self._make_admin(guild, user)
        self.changed()
        return guild

    def add_user(
        self,
        name: str,
        *,
        locale: str = "en-US",
        admin: bool = False,
        bot: bool = False,
        guilds: list[Guild] | None = None,
    ) -> Person:
        """Somebody new, a member of every guild unless told which."""
        person = Person(self, self.world.ids.make(), name, locale=locale, admin=admin, bot=bot)
        self.world.users[person.id] = person
        for guild in self.world.guilds.values() if guilds is None else guilds:
            self.world.join(guild, person)
            if admin:
                self._make_admin(guild, person)
        return person

    def _make_admin(self, guild: Guild, person: Person) -> None:
        role = next((each for each in guild.roles.values() if each.permissions & BITS["administrator"]), None)
        guild.give(person, role or guild.add_role("Admin", "administrator"))

    async def unfurls(self, message: Message, url: str = "https://example.org/") -> None:
        """Discord adds an embed for a link: an update that changes no text and is no edit."""
        self.world.touch(message, embeds=[*message.embeds, {"type": "link", "url": url, "title": "Example"}])
        await asyncio.sleep(0)

    # --- watching ---

    @property
    def connected(self) -> bool:
        """Whether a client is connected and identified."""
        return bool(self.gateway.connected)

    def changed(self) -> None:
        """Wake whoever waits for a change."""
        something, self._something = self._something, asyncio.Event()
        something.set()

    async def change(self) -> None:
        """Wait for the next change."""
        await self._something.wait()

    def violation(self, text: str) -> None:
        """Note what a real Discord would refuse or punish."""
        self.violations.append(text)

    def seen(self, method: str, path_part: str = "") -> list[Request]:
        """The requests of a method whose path holds this part."""
        return [each for each in self.requests if each.method == method and path_part in each.path]

    async def until(self, condition: Callable[[], T], timeout: float = PATIENCE_S) -> T:  # noqa: ASYNC109 - it tells what was seen
        """Wait until a condition holds, and return what it gave.

        Raises:
            TimeoutError: it does not hold in time; the text shows what was said lately.
        """
        deadline = time.monotonic() + timeout
        while True:
            waiting = self._something
            value = condition()
            if value:
                return value
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"not within {timeout} s; lately: {self._lately()}")
            try:
                await asyncio.wait_for(waiting.wait(), min(left, LOOK_AGAIN_SECONDS))
            except TimeoutError:
                continue

    def _lately(self) -> str:
        messages = sorted(self.world.messages.values(), key=lambda each: int(each.id))[-6:]
        return f"{messages}, requests {[str(each) + f' {each.status}' for each in self.requests[-6:]]}"

    async def _file(self, request: web.Request) -> web.Response:
        """An attachment's bytes, while its address is good."""
        kept = self.world.files.get(request.match_info["id"])
        if kept is None or unquote(kept.url).partition("?")[2] != request.query_string:
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=kept.data, headers={"Content-Type": kept.content_type})
