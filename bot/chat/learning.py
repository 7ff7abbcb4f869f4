"""Learning without being asked: runs by schedule or by new votes, and the watch over a release in service.

One round every few seconds: follow the database's releases, judge the newest one by its votes, start a run that is due.
What comes of it is told to the admins.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

import structlog
from cronsim import CronSim

from bot.chat.jobs import Services
from bot.chat.notices import notice
from bot.chat.retraining import card, pictures_of
from bot.chat.serving import Judgement
from bot.chat.training import Outcome
from bot.domain.lines import say
from bot.domain.messages import Notice, Picture
from bot.domain.proportions import Share
from bot.errors import EngineLoading, InklingError, Refused, StorageError, TrainingFailed

log = structlog.get_logger(__name__)

ROUND_S = 5.0
YOUNG_S = 3600.0

Announce = Callable[[Notice], Awaitable[object]]


async def keep_learning(services: Services, announce: Announce) -> None:
    """Make the rounds for as long as the bot runs."""
    upkeep = Upkeep(services, announce)
    await upkeep.begin()
    try:
        while True:
            try:
                await upkeep.round()
            except StorageError as error:
                log.error("learning round failed", error=str(error))
            await asyncio.sleep(ROUND_S)
    finally:
        await upkeep.close()


class Upkeep:
    """The rounds, and the run that one of them may have started."""

    def __init__(self, services: Services, announce: Announce) -> None:
        self._services = services
        self._announce = announce
        self._run: asyncio.Task[None] | None = None
        self._due: datetime | None = None
        self._refused_at = -1

    async def begin(self) -> None:
        """What an earlier process left is set right; the schedule is read."""
        try:
            await self._services.training.close_interrupted()
        except StorageError as error:
            log.error("interrupted runs not closed", error=str(error))
        self._due = self._next_due()

    async def round(self) -> None:
        """One look at everything.

        Raises:
            StorageError: the database cannot be read.
        """
        await self._services.releases.follow()
        judgement = await self._services.releases.judge()
        if judgement is not None:
            log.info("release judged", release=judgement.release.name, rolled_back=judgement.rolled_back)
            await self._tell(lambda locale: judgement_text(judgement, locale))
        await self._discard_unneeded()
        if self._run is None or self._run.done():
            reason = await self._reason_to_run()
            if reason:
                self._run = asyncio.create_task(self._train(reason), name=f"training by {reason}")

    async def close(self) -> None:
        """End a run that a round started."""
        if self._run is not None:
            self._run.cancel()
            await asyncio.gather(self._run, return_exceptions=True)

    async def _discard_unneeded(self) -> None:
        """Delete weights that no release needs, except those so new that their release may not be recorded yet."""
        oldest = time.time() - YOUNG_S
        for folder in await self._services.releases.unneeded_weights():
            await asyncio.to_thread(_remove_if_older, folder, oldest)

    def _next_due(self) -> datetime | None:
        schedule = self._services.learning.retrain_schedule
        return next(CronSim(schedule, self._services.clock.now())) if schedule else None

    async def _reason_to_run(self) -> str:
        if self._services.training.trainer is None or self._services.training.current is not None:
            return ""
        if self._due is not None and self._services.clock.now() >= self._due:
            self._due = self._next_due()
            return "schedule"
        threshold = self._services.learning.retrain_after_votes
        if not threshold:
            return ""
        async with self._services.units.reading() as uow:
            votes = await uow.feedback.votes_since(await self._services.training.last_begun())
        # A run that was refused for too little is tried again when there is more.
        return "votes" if votes >= threshold and votes > self._refused_at else ""

    async def _train(self, reason: str) -> None:
        services = self._services
        try:
            outcome = await services.training.run(
                run_id=services.new_id(),
                asked_by=reason,
                recipe="standard",
                on_progress=lambda progress: None,
            )
        except Refused as refused:
            await self._note_refusal(refused)
        except (TrainingFailed, EngineLoading) as error:
            line, values = error.line, error.values
            await self._tell(lambda locale: say(line, locale, **values))
        except InklingError as error:
            log.error("training failed", reason=reason, error=str(error))
        except Exception:
            log.exception("training failed", reason=reason)
        else:
            await self._tell_outcome(outcome)

    async def _note_refusal(self, refused: Refused) -> None:
        log.info("no training", reason=refused.line)
        async with self._services.units.reading() as uow:
            self._refused_at = await uow.feedback.votes_since(await self._services.training.last_begun())

    async def _tell_outcome(self, outcome: Outcome) -> None:
        pictures = pictures_of(outcome, self._services, "en")
        await self._tell(lambda locale: card(outcome, locale), pictures)

    async def _tell(self, words: Callable[[str], str], pictures: tuple[Picture, ...] = ()) -> None:
        told = await notice(words, self._services, pictures)
        if told is not None:
            await self._announce(told)


def _remove_if_older(folder: Path, oldest: float) -> None:
    try:
        if folder.stat().st_mtime < oldest:
            shutil.rmtree(folder)
            log.info("weights deleted", folder=folder.parent.name)
    except OSError as error:
        log.warning("weights not deleted", folder=folder.parent.name, error=error.strerror)


def judgement_text(judgement: Judgement, locale: str) -> str:
    """What votes decided about a release, with the counts."""
    return say(
        "release.rolled_back_by_votes" if judgement.rolled_back else "release.took_over",
        locale,
        name=judgement.release.name,
        before=judgement.before.name,
        liked=_counted(judgement.liked),
        liked_before=_counted(judgement.liked_before),
        low=f"{judgement.gain[0]:+.0%}",
        high=f"{judgement.gain[1]:+.0%}",
    )


def _counted(share: Share) -> str:
    return f"{share.value:.0%} ({share.count}/{share.total})"
