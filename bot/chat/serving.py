"""Which releases serve: the database says, and every process's engine follows it.

A new release is a candidate while it answers a share of the conversations, then active. Votes decide: a release that
people credibly like less than the one before is rolled back.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from bot.domain.keeping import ReleaseVotes
from bot.domain.proportions import Share, difference
from bot.domain.releases import Release, ReleaseState
from bot.errors import EngineDown, EngineLoading, InklingError, ModelError, Refused
from bot.ports import Engine, UnitOfWork, UnitOfWorkFactory
from bot.settings import LearningSettings

log = structlog.get_logger(__name__)

_IN_SERVICE = (ReleaseState.ACTIVE, ReleaseState.CANDIDATE)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What votes say of a release against the one before: `gain` is the interval of the difference in liked shares."""

    release: Release
    before: Release
    liked: Share
    liked_before: Share
    gain: tuple[float, float]
    rolled_back: bool


class ServedReleases:
    """The releases of one process's engine, as the database wants them.

    A process without an engine (the command line) changes the database only, and names the base model's release.
    """

    def __init__(
        self, units: UnitOfWorkFactory, engine: Engine | None, settings: LearningSettings, *, base: str = ""
    ) -> None:
        self._units = units
        self._engine = engine
        self._settings = settings
        self._base = base
        self._active: str | None = None
        self._candidate = ""
        self._refused: set[str] = set()
        self._unloading: set[asyncio.Task[None]] = set()

    @property
    def base(self) -> str:
        """The name of the base model as a release; empty while the engine has not been ready yet."""
        return self._base

    # --- what answers -----------------------------------------------------------------------------------------------

    def chosen_for(self, conversation_id: str) -> str | None:
        """The candidate for its share of the conversations, always the same ones; None: the release in service."""
        if not self._candidate:
            return None
        digest = hashlib.sha256(f"{self._candidate}/{conversation_id}".encode()).digest()
        covered = int.from_bytes(digest[:8]) < self._settings.release_canary_share * 2**64
        return self._candidate if covered else None

    # --- following the database -------------------------------------------------------------------------------------

    async def follow(self) -> None:
        """Load and serve what the database says, where the engine does not yet. What cannot be served leaves the base.

        Raises:
            StorageError: the database cannot be read.
        """
        engine = self._engine
        if engine is None or not engine.health().is_ready:
            return
        self._base = self._base or engine.health().release
        async with self._units.reading() as uow:
            releases = await uow.releases.all()
        wanted = [row for row in releases if row.state in _IN_SERVICE and row.weights and row.base == self._base]
        active = next((row for row in wanted if row.state is ReleaseState.ACTIVE), None)
        candidate = next((row for row in wanted if row.state is ReleaseState.CANDIDATE), None)
        try:
            await self._serve(active, engine)
            await self._try_out(candidate, engine)
        except (EngineLoading, EngineDown) as error:
            log.info("releases wait for the engine", error=type(error).__name__)

    async def _serve(self, release: Release | None, engine: Engine) -> None:
        name = release.name if release else ""
        loaded = engine.health().releases
        # A worker that died may have come back without it.
        if name in self._refused or (name == self._active and (not name or name in loaded)):
            return
        before = self._active if self._active != name else ""
        try:
            if release is not None and name not in loaded:
                await engine.load_release(name, self._folder(release))
            await engine.serve_release(name)
        except ModelError as error:
            self._set_aside(name, error)
            return
        self._active = name
        log.info("release serves", release=name or self._base)
        if name == self._candidate:
            self._candidate = ""
        if before:
            self._unload(before, engine)

    async def _try_out(self, release: Release | None, engine: Engine) -> None:
        name = release.name if release else ""
        if name == self._candidate or name in self._refused:
            return
        before, self._candidate = self._candidate, ""
        if before and before != self._active:
            self._unload(before, engine)
        if release is None:
            return
        try:
            await engine.load_release(name, self._folder(release))
        except ModelError as error:
            self._set_aside(name, error)
            return
        self._candidate = name
        log.info("release tried out", release=name, share=self._settings.release_canary_share)

    def _unload(self, name: str, engine: Engine) -> None:
        """Let go of a release when its last answers have ended, which nobody waits for."""
        unloading = asyncio.create_task(engine.unload_release(name), name=f"unload {name}")
        self._unloading.add(unloading)
        unloading.add_done_callback(self._unloading.discard)

    def _folder(self, release: Release) -> str:
        assert release.weights is not None
        return str(self._settings.data_folder / release.weights)

    def _set_aside(self, name: str, error: InklingError) -> None:
        # Not tried again by this process: the weights do not mend themselves.
        self._refused.add(name)
        log.error("release cannot serve", release=name, error=str(error))

    # --- changing the database --------------------------------------------------------------------------------------

    async def bring_in(self, release: Release) -> ReleaseState:
        """A tested release begins to serve: to everyone, or as a candidate to its share of the conversations."""
        canary = self._settings.release_canary_share < 1
        state = ReleaseState.CANDIDATE if canary else ReleaseState.ACTIVE
        async with self._units() as uow:
            for row in await uow.releases.all():
                if row.state is ReleaseState.CANDIDATE or (row.state is ReleaseState.ACTIVE and not canary):
                    await uow.releases.put(replace(row, state=ReleaseState.RETIRED))
            await uow.releases.put(replace(release, state=state))
            await self._discard_old(uow)
        await self.follow()
        return state

    async def use(self, name: str) -> Release:
        """Put a release that is kept, or the base model, into service by hand.

        Raises:
            Refused: it is not known, was rejected, its weights are gone, or it belongs to another base model.
        """
        async with self._units() as uow:
            releases = await uow.releases.all()
            wanted = next((row for row in releases if row.name == name), None)
            self._check_usable(name, wanted)
            assert wanted is not None
            for row in releases:
                if row.state in _IN_SERVICE and row.name != name:
                    await uow.releases.put(replace(row, state=ReleaseState.RETIRED))
            await uow.releases.put(replace(wanted, state=ReleaseState.ACTIVE))
        self._refused.discard(name)
        await self.follow()
        return wanted

    def _check_usable(self, name: str, release: Release | None) -> None:
        if release is None:
            raise Refused("release.unknown", name=name)
        if release.weights is None and release.name != self._base:
            raise Refused("release.gone", name=name)
        if release.weights is not None and release.base != self._base:
            raise Refused("release.other_base", name=name, base=release.base)
        if release.state is ReleaseState.REJECTED:
            raise Refused("release.was_rejected", name=name)

    async def roll_back(self, name: str = "") -> tuple[Release, Release]:
        """Take the newest release out of service for the one before it; both, the former first.

        Raises:
            Refused: there is none to go back from.
        """
        async with self._units() as uow:
            releases = await uow.releases.all()
            newest = _in_service(releases, name)
            if newest is None:
                raise Refused("release.nothing_to_roll_back")
            before = _before(newest, releases)
            await uow.releases.put(replace(newest, state=ReleaseState.ROLLED_BACK))
            if newest.state is ReleaseState.ACTIVE and before is not None:
                await uow.releases.put(replace(before, state=ReleaseState.ACTIVE))
        await self.follow()
        return newest, before or Release(self._base, self._base, ReleaseState.ACTIVE, newest.created_at)

    async def judge(self) -> Judgement | None:
        """Let votes decide on the newest release, once there are enough: it takes over, or is rolled back."""
        async with self._units.reading() as uow:
            releases = await uow.releases.all()
            newest = _in_service(releases)
            before = _before(newest, releases) if newest else None
            if newest is None or before is None:
                # Votes are counted over all turns: not at every round of a bot that never trained.
                return None
            votes = {row.release: row for row in await uow.statistics.votes_by_release()}
        liked, liked_before = _liked(votes.get(newest.name)), _liked(votes.get(before.name))
        if min(liked.total, liked_before.total) < self._settings.release_least_votes:
            return None
        gain = difference(liked, liked_before)
        if gain[1] < 0:
            await self.roll_back(newest.name)
            return Judgement(newest, before, liked, liked_before, gain, rolled_back=True)
        if newest.state is ReleaseState.CANDIDATE:
            await self.use(newest.name)
            return Judgement(newest, before, liked, liked_before, gain, rolled_back=False)
        return None

    async def _discard_old(self, uow: UnitOfWork) -> None:
        """Forget the weights of the oldest releases out of service; their files are deleted by `bot.chat.learning`."""
        kept = [row for row in await uow.releases.all() if row.weights and row.state not in _IN_SERVICE]
        for row in kept[self._settings.keep_releases :]:
            await uow.releases.put(replace(row, weights=None, state=ReleaseState.DISCARDED))

    async def unneeded_weights(self) -> list[Path]:
        """The folders of weights that no release needs any longer."""
        async with self._units.reading() as uow:
            needed = {row.weights for row in await uow.releases.all() if row.weights}
        folders = (self._settings.data_folder / "runs").glob("*/weights")
        return [path for path in folders if str(path.relative_to(self._settings.data_folder)) not in needed]


def _in_service(releases: Sequence[Release], name: str = "") -> Release | None:
    """The newest trained release that serves: a candidate before the active one."""
    serving = [row for row in releases if row.weights and row.state in _IN_SERVICE and name in ("", row.name)]
    return min(serving, key=lambda row: row.state is not ReleaseState.CANDIDATE, default=None)


def _before(release: Release, releases: Sequence[Release]) -> Release | None:
    """The release that it took the place of: its parent, else the base model."""
    by_name = {row.name: row for row in releases}
    parent = by_name.get(release.parent or "")
    usable = parent is not None and (parent.weights is not None or parent.name == release.base)
    return parent if usable else by_name.get(release.base)


def _liked(votes: ReleaseVotes | None) -> Share:
    return Share(votes.good, votes.good + votes.bad) if votes else Share(0, 0)
