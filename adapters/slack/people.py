"""Who people are: their names, languages and roles, asked of Slack and remembered for minutes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.errors import as_ours
from bot.domain.places import Person, Platform
from bot.errors import DeliveryError
from bot.ports import Clock

log = structlog.get_logger(__name__)

_REMEMBERED_S = 600.0
_MOST = 20_000
# An event has to be acknowledged within three seconds, when many people are new at once, too; a name that comes later
# is there for the next event.
_PATIENCE_S = 0.4
# Where a bot must not be taken for a person, more of these seconds are spent; Slack delivers again what took longer.
_LONGER_PATIENCE_S = 2.0


@dataclass(frozen=True, slots=True)
class Profile:
    """A user as Slack tells. `team` is their workspace; `teams` has all of theirs in an organisation of several."""

    person: Person
    team: str
    is_admin: bool
    teams: frozenset[str] = frozenset()

    def administers(self, team: str) -> bool:
        """Whether this is an admin of a workspace: not one of another that shares a channel with it."""
        return self.is_admin and team in self.teams


class People:
    """The users of the workspace."""

    def __init__(self, client: AsyncWebClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._known: dict[str, tuple[float, Profile]] = {}
        self._asking: dict[str, asyncio.Task[Profile]] = {}

    async def person(self, user: str) -> Person:
        """Someone, by id, as Slack told last; who was never seen, with nothing but the id if Slack does not tell soon.

        What was told long ago is asked again, but not waited for: an acknowledgement may be waiting for this.
        """
        known = self._known.get(user)
        if known is not None:
            until, profile = known
            if until <= self._clock.monotonic():
                self._begin_asking(user)
            return profile.person
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return (await self.profile(user)).person
        except (TimeoutError, DeliveryError) as error:
            log.warning("user not known", user=user, error=type(error).__name__)
            return Person(Platform.SLACK, user, user)

    async def surely(self, user: str) -> Person:
        """Someone, by id, of whom Slack has told that they are a person or a bot.

        Raises:
            DeliveryError: it does not tell in time.
        """
        if user in self._known:
            return await self.person(user)
        try:
            async with asyncio.timeout(_LONGER_PATIENCE_S):
                return (await self.profile(user)).person
        except TimeoutError as error:
            raise DeliveryError(f"users.info: no answer about {user} in time", retryable=True) from error

    async def profile(self, user: str) -> Profile:
        """What Slack told in the last minutes, or tells now.

        Raises:
            DeliveryError: it does not tell.
        """
        known = self._known.get(user)
        if known is not None and known[0] > self._clock.monotonic():
            return known[1]
        # Whoever loses patience leaves the question to the others.
        return await asyncio.shield(self._begin_asking(user))

    def _begin_asking(self, user: str) -> asyncio.Task[Profile]:
        """The question about someone that is under way, or a new one."""
        asking = self._asking.get(user)
        if asking is None:
            asking = self._asking[user] = asyncio.create_task(self.ask(user), name=f"user {user}")
            asking.add_done_callback(lambda task: self._answered(user, task))
        return asking

    async def ask(self, user: str) -> Profile:
        """What Slack tells now.

        Raises:
            DeliveryError: it does not tell.
        """
        with as_ours("users.info"):
            told = (await self._client.users_info(user=user, include_locale=True))["user"]
        shown = told.get("profile", {})
        name = shown.get("display_name") or shown.get("real_name") or told.get("real_name") or told.get("name") or user
        person = Person(
            Platform.SLACK,
            user,
            str(name),
            told.get("locale") or "en",
            is_bot=bool(told.get("is_bot")) or user == "USLACKBOT",
            timezone=told.get("tz") or "",
        )
        is_admin = any(told.get(role) for role in ("is_admin", "is_owner", "is_primary_owner"))
        team = str(told.get("team_id", ""))
        teams = (told.get("enterprise_user") or {}).get("teams") or (team,)
        profile = Profile(person, team, is_admin and not told.get("is_stranger"), frozenset(teams))
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[user] = (self._clock.monotonic() + _REMEMBERED_S, profile)
        return profile

    async def close(self) -> None:
        """Ask no more."""
        asking = list(self._asking.values())
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    def _answered(self, user: str, task: asyncio.Task[Profile]) -> None:
        self._asking.pop(user, None)
        if not task.cancelled():
            # Read here, since those who asked may have gone.
            task.exception()
