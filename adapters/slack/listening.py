"""Two ways to hear Slack: Socket Mode, and signed requests over HTTP. Both end in the same Bolt app.

Bolt is asked to run a listener before it answers: an acknowledgement then says that the event is stored.
"""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Protocol

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from adapters.slack.client import LOGGER, PacedClient
from adapters.slack.identity import Me
from adapters.slack.tasks import Tasks
from bot.errors import AddressInUse, SettingsError
from bot.ports import Clock
from bot.settings import SlackSettings

log = structlog.get_logger(__name__)

PATH = "/slack/events"

# A lost socket is told once, by `_watch`; slack_sdk tells each try in several lines.
SOCKET_LOGGER = logging.getLogger("adapters.slack.socket")
SOCKET_LOGGER.setLevel(logging.CRITICAL)

# Seconds between pings, and before a lost socket is noticed and replaced; slack_sdk's own default is slower.
_PING_S = 2.0
# How often the socket is looked at, and how long it may be gone before the history is read for what was missed.
_WATCH_S = 1.0
_GAP_S = 3.0
# How long acknowledgements under way are waited for when we stop; Slack itself waits as long.
_LAST_ACKS_S = 3.0


def bolt_app(client: PacedClient, me: Me, settings: SlackSettings) -> AsyncApp:
    """A Bolt app that knows who it is, and checks what comes over HTTP; Slack's own socket needs no check.

    With an `authorize` of its own it neither asks auth.test again nor turns to OAuth when SLACK_CLIENT_ID happens to
    stand in the environment.
    """
    result = AuthorizeResult(
        enterprise_id=None, team_id=me.team, bot_id=me.bot, bot_user_id=me.user, bot_token=client.token
    )

    async def authorize() -> AuthorizeResult:
        return result

    over_http = not settings.app_token
    plain = PacedClient(token="", base_url=client.base_url, session=client.shared_session, pace=client.pace)
    return AsyncApp(
        name="inkling",
        logger=LOGGER,
        client=plain,
        authorize=authorize,
        signing_secret=settings.signing_secret,
        process_before_response=True,
        request_verification_enabled=over_http,
        ssl_check_enabled=over_http,
        url_verification_enabled=over_http,
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )


class Ears(Protocol):
    """A way to hear."""

    async def open(self) -> None:
        """Begin to take events."""
        ...

    async def close(self) -> None:
        """Take no more; what was taken is acknowledged."""
        ...


class SocketEars:
    """Socket Mode; slack_sdk reconnects by itself."""

    def __init__(
        self,
        app: AsyncApp,
        settings: SlackSettings,
        client: PacedClient,
        url: str,
        clock: Clock,
        tasks: Tasks,
        on_return: Callable[[datetime], None],
    ) -> None:
        """Made inside the running loop.

        Args:
            url: the address of the first socket.
            on_return: told since when nothing could be heard, after a gap that Slack's retries may not outlast.
        """
        self._handler = AsyncSocketModeHandler(
            app, settings.app_token, logger=SOCKET_LOGGER, web_client=client, ping_interval=_PING_S
        )
        socket = self._handler.client
        socket.proxy = client.proxy
        socket.wss_uri = url
        socket.socket_mode_request_listeners[:] = [self._take]
        self._taken: set[asyncio.Task[None]] = set()
        self._clock = clock
        self._tasks = tasks
        self._on_return = on_return
        self._watching: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect."""
        await self._handler.connect_async()  # type: ignore[no-untyped-call]
        self._watching = self._tasks.spawn(self._watch(), "watch socket")

    async def close(self) -> None:
        """What comes from now on is left to be sent again; what was taken is answered, then the socket is closed."""
        self._handler.client.socket_mode_request_listeners.clear()
        if self._watching is not None:
            self._watching.cancel()
        if self._taken:
            await asyncio.wait(set(self._taken), timeout=_LAST_ACKS_S)
        await self._handler.close_async()  # type: ignore[no-untyped-call]

    async def _watch(self) -> None:
        """Notice when the socket is lost, and when it is back."""
        lost_at: datetime | None = None
        while True:
            await asyncio.sleep(_WATCH_S)
            if not await self._handler.client.is_connected():
                if lost_at is None:
                    lost_at = self._clock.now()
                    log.warning("socket lost; trying again until it is back")
            elif lost_at is not None:
                gap = (self._clock.now() - lost_at).total_seconds()
                log.info("socket is back", gap_s=round(gap, 1))
                if gap >= _GAP_S:
                    self._on_return(lost_at)
                lost_at = None

    async def _take(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._taken.add(task)
        try:
            await self._handler.handle(self._handler.client, request)
        except (ConnectionError, AttributeError) as error:
            # The socket went away under the acknowledgement: Slack sends the event again over the next one.
            log.warning("not acknowledged", error=type(error).__name__)
        except Exception:
            log.exception("event not taken", envelope=request.envelope_id)
        finally:
            self._taken.discard(task)


class HttpEars:
    """Requests signed with the app's signing secret; Bolt refuses others, and old ones."""

    def __init__(self, app: AsyncApp, settings: SlackSettings) -> None:
        self._app = app
        self._host = settings.http_host
        self._port = settings.http_port
        self._runner: web.AppRunner | None = None

    @property
    def address(self) -> str:
        """Where requests are taken."""
        assert self._runner is not None
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}{PATH}"

    async def open(self) -> None:
        """Listen.

        Raises:
            AddressInUse, SettingsError: the address cannot be had.
        """
        server = web.Application()
        server.router.add_post(PATH, self._take)
        runner = web.AppRunner(server, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError as error:
            await runner.cleanup()
            if error.errno == errno.EADDRINUSE:
                raise AddressInUse(
                    f"Port {self._port} on {self._host} is taken by another program. Set SLACK_HTTP_PORT in .env."
                ) from error
            raise SettingsError(
                f"SLACK_HTTP_HOST={self._host}, SLACK_HTTP_PORT={self._port} cannot be listened on: {error.strerror}."
            ) from error
        self._runner = runner

    async def close(self) -> None:
        """Answer what is under way, then listen no more."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        answered = await self._app.async_dispatch(await to_bolt_request(request))
        if answered.status == HTTPStatus.UNAUTHORIZED:
            log.warning("request refused: not signed with SLACK_SIGNING_SECRET, or too old")
        return await to_aiohttp_response(answered)
