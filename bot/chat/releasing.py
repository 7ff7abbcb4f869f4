"""`/release`: the releases, how people like them, and putting another one into service by hand.

Also the record of the base model as a release.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from bot.chat.jobs import Job, Services
from bot.chat.notices import prefer_notices_in
from bot.chat.options import options_of
from bot.chat.retraining import figure_line
from bot.domain.commands import RELEASE
from bot.domain.conversation import Turn, TurnStatus
from bot.domain.keeping import ReleaseVotes
from bot.domain.lines import say
from bot.domain.proportions import Share
from bot.domain.releases import Release, ReleaseState
from bot.domain.training import Figure
from bot.errors import Refused


async def release(job: Job, services: Services) -> Turn:
    """Do what the command asks, and say what serves now."""
    options = options_of(job.question, RELEASE)
    await prefer_notices_in(job.place, job.asker, services)
    text = await _ACTIONS[str(options.get("action", "list"))](job, services, str(options.get("name", "")))
    return job.answer.ended(TurnStatus.COMPLETE, text)


async def _list(job: Job, services: Services, name: str) -> str:
    async with services.units.reading() as uow:
        releases = await uow.releases.all()
        votes = {row.release: row for row in await uow.statistics.votes_by_release()}
    rows = [_row(row, votes.get(row.name), job.locale) for row in releases]
    return "\n".join(rows) or say("release.none", job.locale)


async def _show(job: Job, services: Services, name: str) -> str:
    async with services.units.reading() as uow:
        releases = await uow.releases.all()
        votes = {row.release: row for row in await uow.statistics.votes_by_release()}
    name = name or services.generator.health().release
    found = next((row for row in releases if row.name == name), None)
    if found is None:
        raise Refused("release.unknown" if releases else "release.none", name=name)
    lines = [_row(found, votes.get(name), job.locale)]
    if found.parent:
        lines.append(say("release.parent", job.locale, parent=found.parent))
    lines += [f"- {figure_line(f'figure.{key}', Figure(value), job.locale)}" for key, value in found.scores.items()]
    return "\n".join(lines)


async def _use(job: Job, services: Services, name: str) -> str:
    if not name:
        raise Refused("command.missing_option", option="name", command=RELEASE.name)
    used = await services.releases.use(name)
    return say("release.used", job.locale, name=used.name)


async def _roll_back(job: Job, services: Services, name: str) -> str:
    left, now = await services.releases.roll_back(name)
    return say("release.rolled_back_by_hand", job.locale, name=left.name, before=now.name)


_ACTIONS: Mapping[str, Callable[[Job, Services, str], Awaitable[str]]] = {
    "list": _list,
    "show": _show,
    "use": _use,
    "rollback": _roll_back,
}


def _row(row: Release, votes: ReleaseVotes | None, locale: str) -> str:
    liked = Share(votes.good, votes.good + votes.bad) if votes else Share(0, 0)
    low, high = liked.interval()
    share = say("release.liked", locale, share=f"{liked.value:.0%}", low=f"{low:.0%}", high=f"{high:.0%}")
    return say(
        "release.row",
        locale,
        name=row.name,
        state=say(f"release.{row.state.value}", locale),
        date=f"{row.created_at:%Y-%m-%d}",
        answers=votes.answers if votes else 0,
        good=votes.good if votes else 0,
        bad=votes.bad if votes else 0,
    ) + (share if liked.total else "")


async def note_release(name: str, services: Services) -> None:
    """Keep a base model that has answered as a release, so that its answers and votes have a home."""
    async with services.units() as uow:
        known = {row.name: row for row in await uow.releases.all()}
        if name in known:
            return
        model = services.generator.health().model
        trained = any(row.weights and row.base == name and row.state is ReleaseState.ACTIVE for row in known.values())
        state = ReleaseState.RETIRED if trained else ReleaseState.ACTIVE
        await uow.releases.put(Release(name, model, state, services.clock.now()))
        for row in known.values():
            if row.state is ReleaseState.ACTIVE and (row.base if row.weights else row.name) != name:
                await uow.releases.put(replace(row, state=ReleaseState.RETIRED))
