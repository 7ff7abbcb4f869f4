"""What the local page and the terminal read: places, turns as one person sees them, and the dashboard's figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.chat.completing import proposals
from bot.chat.jobs import Services
from bot.chat.offering import changes_under, controls_under
from bot.domain.command_types import Choice
from bot.domain.conversation import Turn, TurnStatus
from bot.domain.generation import EngineHealth, PainterTraits
from bot.domain.keeping import Bucket, ReleaseVotes, Totals
from bot.domain.messages import Change, Control
from bot.domain.places import Person, Place, Platform
from bot.domain.ratings import Verdict
from bot.domain.releases import Run
from bot.domain.training import TrainingMetric, TrainingProgress
from bot.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class TurnView:
    """A turn as one person sees it: the votes on it, their own, and what they can press."""

    turn: Turn
    good: int
    bad: int
    own: Verdict | None
    suggested: bool
    controls: frozenset[Control]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class RunView:
    """The training run under way, or the last one: its curves, and how far it is while it goes."""

    run: Run
    progress: TrainingProgress | None
    curves: Sequence[TrainingMetric]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Figures of the last hours: stretches of `step_seconds`, votes, sizes, and the engine now."""

    buckets: Sequence[Bucket]
    step_seconds: int
    releases: Sequence[ReleaseVotes]
    totals: Totals
    engine: EngineHealth
    painter: EngineHealth | None
    line: int
    data_bytes: int
    training: RunView | None


class Reading:
    """Reads for adapters; nothing here changes anything."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def health(self) -> EngineHealth:
        """The engine now."""
        return self._services.generator.health()

    def painter(self) -> EngineHealth | None:
        """The painter now, where one is set."""
        return self._services.painter.health() if self._services.painter else None

    def line(self) -> int:
        """How many people's requests stand in line."""
        return self._services.admission.waiting

    async def last_heard(self, platform: Platform) -> datetime | None:
        """When the bot was last asked something on a platform; what came later and is unknown was missed."""
        async with self._services.units.reading() as uow:
            return await uow.inbox.latest(platform)

    async def complete(self, command: str, option: str, typed: str, locale: str) -> Sequence[Choice]:
        """Values to propose for an option that completes, the best first: see `bot.chat.completing`."""
        return await proposals(command, option, typed, locale, self._services)

    async def places(self, platform: Platform) -> Sequence[Place]:
        """The places of a platform where the bot was spoken to, latest talk first."""
        async with self._services.units.reading() as uow:
            return [conversation.place for conversation in await uow.turns.conversations(platform)]

    async def turns(
        self, place: Place, viewer: Person, *, before: str | None = None, limit: int = 200
    ) -> Sequence[TurnView]:
        """The latest turns of a place, oldest first; private ones of others are left out."""
        async with self._services.units.reading() as uow:
            conversation = await uow.turns.find_conversation(place)
            if conversation is None:
                return []
            turns = await uow.turns.in_conversation(conversation.id, before=before, limit=limit)
            return await _views(turns, viewer, self._services.traits, uow)

    async def view(self, turn_id: str, viewer: Person) -> TurnView | None:
        """One turn, unless it is private to another."""
        async with self._services.units.reading() as uow:
            turn = await uow.turns.get(turn_id)
            views = await _views([turn], viewer, self._services.traits, uow) if turn else []
            return views[0] if views else None

    async def dashboard(self, hours: int) -> Dashboard:
        """The figures of the last hours, in at most about 60 stretches of whole minutes."""
        services = self._services
        step = max(60, hours * 3600 // 60 // 60 * 60)
        since = services.clock.now() - timedelta(hours=hours)
        async with services.units.reading() as uow:
            buckets = await uow.statistics.buckets(since, step)
            releases = await uow.statistics.votes_by_release()
            totals = await uow.statistics.totals()
            training = await self._training(uow)
        return Dashboard(
            buckets=buckets,
            step_seconds=step,
            releases=releases,
            totals=totals,
            engine=services.generator.health(),
            painter=self.painter(),
            line=services.admission.waiting,
            data_bytes=await services.files.size(),
            training=training,
        )

    async def _training(self, uow: UnitOfWork) -> RunView | None:
        current = self._services.training.current
        runs = await uow.releases.runs(limit=1)
        run = current.run if current else next(iter(runs), None)
        if run is None:
            return None
        curves = [*await uow.releases.metrics(run.id), *(current.points if current else ())]
        return RunView(run, current.progress if current else None, curves)


async def _views(
    turns: Sequence[Turn], viewer: Person, painter: PainterTraits | None, uow: UnitOfWork
) -> list[TurnView]:
    ids = [turn.id for turn in turns]
    ratings = await uow.ratings.of_turns(ids)
    counts = Counter((rating.turn_id, rating.verdict) for rating in ratings)
    own = {rating.turn_id: rating.verdict for rating in ratings if rating.person == viewer.key}
    suggested = {better.turn_id for better in await uow.ratings.suggestions_of(ids)}
    authors = {turn.id: turn.author for turn in turns}
    return [
        TurnView(
            turn,
            counts[turn.id, Verdict.GOOD],
            counts[turn.id, Verdict.BAD],
            own.get(turn.id),
            turn.id in suggested,
            controls_under(turn),
            changes_under(turn, painter),
        )
        for turn in turns
        if turn.status is not TurnStatus.FORGOTTEN
        and (not turn.private or await _asker(turn, authors, uow) == viewer.key)
    ]


async def _asker(turn: Turn, authors: Mapping[str, str], uow: UnitOfWork) -> str:
    """Who asked a private question, or the question of a private answer."""
    if not turn.is_by_bot or turn.parent_id is None:
        return turn.author
    if turn.parent_id in authors:
        return authors[turn.parent_id]
    question = await uow.turns.get(turn.parent_id)
    return question.author if question else ""
