"""`/release`: which releases there are and how people like them; and the record of the base release."""

from __future__ import annotations

from bot.chat.jobs import Job, Services
from bot.chat.options import options_of
from bot.domain.commands import RELEASE
from bot.domain.conversation import Turn, TurnStatus
from bot.domain.keeping import ReleaseVotes
from bot.domain.lines import say
from bot.domain.releases import Release, ReleaseState


async def release(job: Job, services: Services) -> Turn:
    """List the releases, or show the one in service."""
    action = str(options_of(job.question, RELEASE).get("action", "list"))
    async with services.units.reading() as uow:
        releases = await uow.releases.all()
        votes = {row.release: row for row in await uow.statistics.votes_by_release()}
    if action == "show":
        releases = [row for row in releases if row.name == services.generator.health().release]
    if not releases:
        return job.answer.ended(TurnStatus.COMPLETE, say("release.none", job.locale))
    rows = [_row(row, votes.get(row.name), job.locale) for row in releases]
    return job.answer.ended(TurnStatus.COMPLETE, "\n".join(rows))


def _row(row: Release, votes: ReleaseVotes | None, locale: str) -> str:
    return say(
        "release.row",
        locale,
        name=row.name,
        state=say(f"release.{row.state.value}", locale),
        date=f"{row.created_at:%Y-%m-%d}",
        answers=votes.answers if votes else 0,
        good=votes.good if votes else 0,
        bad=votes.bad if votes else 0,
    )


async def note_release(name: str, services: Services) -> None:
    """Keep a base model that has answered as a release, so that its answers and votes have a home."""
    async with services.units() as uow:
        known = {row.name: row for row in await uow.releases.all()}
        if name in known:
            return
        model = services.generator.health().model
        await uow.releases.put(Release(name, model, ReleaseState.ACTIVE, services.clock.now()))
        for row in known.values():
            if row.state is ReleaseState.ACTIVE and row.weights is None:
                await uow.releases.put(Release(row.name, row.base, ReleaseState.RETIRED, row.created_at))
