"""The web platform: from settings to a listening server, and back."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncGenerator, Sequence

import structlog
from aiohttp import web
from prometheus_client import REGISTRY, CollectorRegistry

from adapters.web.channels import Channels, link_to, place_of
from adapters.web.dashboard import Monitor
from adapters.web.files import UPLOAD_LIMIT, Files
from adapters.web.guard import Guard, require_token_beyond_loopback
from adapters.web.hub import Hub
from adapters.web.inbound import Inbound
from adapters.web.outbound import WebReply
from adapters.web.pages import Pages
from adapters.web.proposals import Proposals
from adapters.web.sockets import Sockets
from bot.chat.dispatch import Core
from bot.chat.reading import TurnView
from bot.domain.messages import Attachment, HistoryMessage, MessageRef
from bot.domain.places import Person, Place, PlaceKind, Platform
from bot.errors import AddressInUse, DeliveryError, SettingsError, StorageError
from bot.ports import Clock, FoundPlace, Reply, ReplyTarget
from bot.settings import WebSettings

log = structlog.get_logger(__name__)

# Seconds that requests in hand get when the server closes.
_GRACE_S = 2.0
# Turns read at a time for a place's history.
_HISTORY_PAGE = 200
# Sees what everybody sees, and nothing private.
_NOBODY = Person(Platform.WEB, "", "")


class WebPlatform:
    """The local page as a chat platform."""

    def __init__(
        self,
        settings: WebSettings,
        clock: Clock,
        *,
        bot_name: str = "Inkling",
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._bot_name = bot_name
        self._registry = registry
        self._hub = Hub()
        self._files = Files(settings.data_folder)
        self._core: Core | None = None
        self._inbound: Inbound | None = None
        self._runner: web.AppRunner | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def name(self) -> Platform:
        """Which platform this is."""
        return Platform.WEB

    @property
    def pace(self) -> float:
        """Seconds between two states of an answer."""
        return 0.08

    @property
    def address(self) -> str:
        """Where the page is, once started."""
        if self._runner is None or not self._runner.addresses:
            raise RuntimeError("the web platform is not started")
        port = self._runner.addresses[0][1]
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self._settings.host, self._settings.host)
        return f"http://{f'[{host}]' if ':' in host and '[' not in host else host}:{port}/"

    async def start(self, core: Core) -> None:
        """Serve the page.

        Raises:
            SettingsError: others could reach the page without a token, or the host is none of this machine's.
            AddressInUse: another program listens on the port.
            StorageError: the list of channels cannot be read.
        """
        require_token_beyond_loopback(self._settings.host, self._settings.token)
        channels = Channels(self._settings.data_folder)
        await channels.load()
        self._core = core
        self._inbound = Inbound(core, self._hub, self._files, channels, self._clock)
        sockets = Sockets(core, self._hub, self._files, channels)
        self._runner = web.AppRunner(
            self._application(core, self._inbound, sockets), access_log=None, shutdown_timeout=_GRACE_S
        )
        await self._runner.setup()
        await self._listen(self._runner)
        self._watch = asyncio.create_task(sockets.watch_health(), name="watch the engine for the page")
        log.info("page served", address=self.address)

    async def stop_listening(self) -> None:
        """Refuse new acts; windows keep them and send them again later."""
        if self._inbound is not None:
            self._inbound.listening = False

    async def close(self) -> None:
        """Close the windows' connections and the server."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        await self._hub.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def open_reply(self, target: ReplyTarget) -> Reply:
        """Show an answer under way. The page knows turns by id, so one that was begun earlier is the same one."""
        return WebReply(target, self._hub, self._files, self._started_core.reading)

    async def fetch(self, attachment: Attachment) -> bytes:
        """The bytes of an upload.

        Raises:
            DeliveryError: the file is gone.
        """
        return await self._files.read(attachment)

    async def discard(self, attachments: Sequence[Attachment]) -> None:
        """Delete uploads of people who asked to be forgotten, or whose time is over."""
        await self._files.discard(attachments)

    async def history(self, place: Place, *, limit: int) -> AsyncGenerator[HistoryMessage, None]:
        """What everybody sees in a place, newest first; a thread ends with the message it began at.

        Raises:
            DeliveryError: the storage does not give it.
        """
        try:
            before: str | None = None
            while limit > 0:
                page = min(limit, _HISTORY_PAGE)
                views = await self._started_core.reading.turns(place, _NOBODY, before=before, limit=page)
                for view in reversed(views):
                    if view.turn.text and limit > 0:
                        limit -= 1
                        yield _message(view, place)
                if not views:
                    break
                before = views[0].turn.id
            root = await self._started_core.reading.view(place.thread, _NOBODY) if place.thread and limit > 0 else None
        except StorageError as error:
            raise DeliveryError("the place's history cannot be read", retryable=True) from error
        if root is not None:
            # The message that a thread began at stands in the channel.
            yield _message(root, place_of(place.channel))

    async def find_place(self, name: str, near: Place, reader: Person) -> FoundPlace | None:
        """A channel of the page by name; all of them are open to whoever reaches it.

        Raises:
            DeliveryError: the storage does not give it.
        """
        wanted = name.removeprefix("#").casefold()
        try:
            places = await self._started_core.reading.places(Platform.WEB)
        except StorageError as error:
            raise DeliveryError("the channels cannot be read", retryable=True) from error
        channels = (place for place in places if place.kind is PlaceKind.CHANNEL)
        return next((FoundPlace(each.channel, each) for each in channels if each.channel.casefold() == wanted), None)

    async def direct_place(self, person: Person, near: Place) -> Place | None:
        """The page has channels and threads only."""
        return None

    async def is_admin(self, person: Person, place: Place) -> bool:
        """Those who reach the page sit at the host's machine, or were given its token."""
        return person.platform is Platform.WEB

    @property
    def _started_core(self) -> Core:
        if self._core is None:
            raise RuntimeError("the web platform is not started")
        return self._core

    def _application(self, core: Core, inbound: Inbound, sockets: Sockets) -> web.Application:
        guard = Guard(self._settings.token)
        application = web.Application(middlewares=[guard.middleware()], client_max_size=UPLOAD_LIMIT)
        application.on_response_prepare.append(guard.add_headers)
        application.add_routes(Pages(guard, self._hub, self._files, self._bot_name).routes())
        application.add_routes(Monitor(core.reading, self._registry).routes())
        application.add_routes(Proposals(core.reading).routes())
        application.add_routes(inbound.routes())
        application.add_routes(sockets.routes())
        return application

    async def _listen(self, runner: web.AppRunner) -> None:
        host, port = self._settings.host, self._settings.port
        try:
            await web.TCPSite(runner, host.strip("[]"), port).start()
        except OSError as error:
            await runner.cleanup()
            if error.errno == errno.EADDRINUSE:
                raise AddressInUse(
                    f"Port {port} on {host} is taken by another program. "
                    "Set WEB_PORT in .env to another one, or to 0 for a free one."
                ) from error
            if error.errno == errno.EACCES:
                raise SettingsError(
                    f"WEB_PORT={port} may not be opened by this user. Choose one above 1023."
                ) from error
            if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
                raise SettingsError(
                    f"WEB_HOST={host} is no address of this machine. Remove it to use 127.0.0.1."
                ) from error
            raise


def _message(view: TurnView, place: Place) -> HistoryMessage:
    turn = view.turn
    ref = MessageRef(place.platform, place.channel, turn.id)
    return HistoryMessage(
        ref,
        turn.author_name,
        turn.text,
        turn.created_at,
        turn.is_by_bot,
        link=link_to(place, turn.id),
        person=turn.author,
    )
