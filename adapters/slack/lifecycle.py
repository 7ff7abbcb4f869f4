"""The Slack platform: signs in, listens, and gives the core's answers a place to stand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

import structlog

from adapters.slack.acts import Acts
from adapters.slack.asides import AsideReply, Interactions
from adapters.slack.client import PacedClient, new_session
from adapters.slack.commands import Commands
from adapters.slack.desk import Desk
from adapters.slack.files import fetch
from adapters.slack.history import CatchUp, History
from adapters.slack.identity import Me, check_kinds, check_scopes, open_socket, sign_in
from adapters.slack.inbound import Inbound
from adapters.slack.listening import Ears, HttpEars, SocketEars, bolt_app
from adapters.slack.outbound import SlackReply
from adapters.slack.pacing import SLACK_RATES, Pace
from adapters.slack.people import People
from adapters.slack.pictures import Pictures
from adapters.slack.places import is_direct
from adapters.slack.posting import Poster, Spot
from adapters.slack.status import AgentSurface, Status
from adapters.slack.tasks import Tasks
from bot.chat.dispatch import Core
from bot.domain.messages import Attachment, HistoryMessage
from bot.domain.places import Person, Place, Platform
from bot.domain.ratings import Reactions
from bot.errors import DeliveryError
from bot.ports import Clock, FoundPlace, Reply, ReplyTarget
from bot.settings import SlackSettings

log = structlog.get_logger(__name__)

# What came this long before the last event that we heard may have been under way with it.
_OVERLAP = timedelta(seconds=60)

# How long an answer waits to hear which workspace its asker is of; ours is taken where nobody says.
_RECIPIENT_S = 2.0


class SlackPlatform:
    """One workspace. `rates` are the limits that are kept by ourselves; a server without limits needs none."""

    name = Platform.SLACK
    pace = 1.0

    def __init__(self, settings: SlackSettings, clock: Clock, rates: Mapping[str, str] = SLACK_RATES) -> None:
        self._settings = settings
        self._clock = clock
        self._pace = Pace(rates)
        self._tasks = Tasks()
        self._interactions = Interactions(clock)
        self._surface = AgentSurface()
        self._open = AsyncExitStack()
        self._signed_in = asyncio.Event()
        self.ears: Ears | None = None

    # --- lifecycle --------------------------------------------------------------------------------------------------

    async def start(self, core: Core) -> None:
        """Sign in, listen, and begin to catch up with what was missed.

        Raises:
            SettingsError: a token, a scope or an address is wrong; the text says which and what to do.
        """
        settings = self._settings
        check_kinds(settings)
        session = await self._open.enter_async_context(new_session())
        self._client = PacedClient(
            token=settings.bot_token, base_url=settings.api_url, session=session, pace=self._pace
        )
        self._me = me = await sign_in(self._client)
        check_scopes(me)
        self._people = People(self._client, self._clock)
        self._poster = Poster(self._client, session, me)
        self._pictures = Pictures(self._poster, settings.data_folder)
        self._history = History(self._client, me, self._people, settings.bot_name)
        self._reading = core.reading
        self._signed_in.set()
        last_heard = await core.reading.last_heard(Platform.SLACK)
        inbound = await self._listen(core, me)
        log.info("listening", team=me.team, bot=me.user, by="socket" if settings.app_token else "http")
        self._catch_up = CatchUp(self._history, inbound, core.reading)
        if last_heard is not None:
            self._catch_up_since(last_heard)

    async def _listen(self, core: Core, me: Me) -> Inbound:
        settings, client = self._settings, self._client
        app = bolt_app(client, me, settings)
        reactions = Reactions.of(settings.good_reactions, settings.bad_reactions)
        desk = Desk(core, client, me, self._people, self._poster, self._interactions, self._clock, self._tasks)
        inbound = Inbound(desk, reactions, settings.bot_name)
        inbound.listen(app)
        Commands(desk).listen(app)
        Acts(desk).listen(app)
        if settings.app_token:
            url = await open_socket(client, settings.app_token)
            self.ears = SocketEars(app, settings, client, url, self._clock, self._tasks, self._catch_up_since)
        else:
            self.ears = HttpEars(app, settings)
        await self.ears.open()
        return inbound

    def _catch_up_since(self, last_heard: datetime) -> None:
        """Read what may have been missed since a moment, as far back as the host allows."""
        oldest = self._clock.now() - timedelta(hours=self._settings.catch_up_hours)
        self._tasks.spawn(self._catch_up.since(max(last_heard - _OVERLAP, oldest)), "catch up")

    async def stop_listening(self) -> None:
        """Take no more events; answers in flight may still be shown."""
        if self.ears is not None:
            ears, self.ears = self.ears, None
            await ears.close()

    async def close(self) -> None:
        """Let go of everything."""
        await self.stop_listening()
        await self._tasks.close()
        if self._signed_in.is_set():
            await self._people.close()
        await self._open.aclose()

    # --- answers ----------------------------------------------------------------------------------------------------

    async def open_reply(self, target: ReplyTarget) -> Reply:
        """Begin to show an answer, or take up one that an earlier process began."""
        await self._signed_in.wait()
        place = target.place
        if target.private and not is_direct(place.channel):
            return self._aside(target)
        spot = Spot(place.channel, place.thread)
        has_interaction = self._interactions.of(target.event_id) is not None
        recipient = await self._recipient(target)
        return SlackReply(
            target,
            spot,
            self._poster,
            self._pictures,
            Status(self._client, spot, self._surface, self._tasks),
            recipient=recipient,
            streams=bool(place.thread) and (is_direct(place.channel) or recipient is not None),
            aside=self._aside(target, in_channel=True) if has_interaction else None,
            reading=self._reading,
            tasks=self._tasks,
        )

    def _aside(self, target: ReplyTarget, *, in_channel: bool = False) -> AsideReply:
        return AsideReply(
            target,
            self._poster,
            self._interactions.of(target.event_id),
            self._clock,
            self._tasks,
            bot_name=self._me.name,
            in_channel=in_channel,
        )

    async def _recipient(self, target: ReplyTarget) -> tuple[str, str] | None:
        """Whom a stream in a channel is for."""
        if target.asker.is_bot or is_direct(target.place.channel):
            return None
        try:
            # When the budget for users.info is spent, Slack would have the answer wait for a minute.
            async with asyncio.timeout(_RECIPIENT_S):
                profile = await self._people.profile(target.asker.id)
                team = self._me.team if self._me.team in profile.teams else profile.team
        except (TimeoutError, DeliveryError) as error:
            log.info("recipient not known", user=target.asker.id, error=type(error).__name__)
            team = ""
        return team or self._me.team, target.asker.id

    # --- what the core asks -----------------------------------------------------------------------------------------

    async def fetch(self, attachment: Attachment) -> bytes:
        """The bytes of an attached file."""
        return await fetch(self._client, attachment)

    async def discard(self, attachments: Sequence[Attachment]) -> None:
        """Files stay on Slack; no copies are kept."""

    async def history(self, place: Place, *, limit: int) -> AsyncGenerator[HistoryMessage, None]:
        """The latest messages of a place, newest first."""
        async for message in self._history.of_place(place, limit):
            yield message

    async def find_place(self, name: str, near: Place, reader: Person) -> FoundPlace | None:
        """A channel of the workspace by name or mention, where this person is in it."""
        return await self._history.find_channel(name, near, reader)

    async def direct_place(self, person: Person, near: Place) -> Place | None:
        """The direct message channel with a person."""
        return await self._history.open_direct(person, near)

    async def is_admin(self, person: Person, place: Place) -> bool:
        """Whether Slack says, now, that this person is an admin or owner of this workspace; else nobody is one."""
        try:
            return (await self._people.ask(person.id)).administers(self._me.team)
        except DeliveryError as error:
            log.error("roles not known", person=person.key, error=str(error))
            return False
