"""`/privacy`: what is kept of a person, consent to learning, and being forgotten."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bot.chat.jobs import Job, Services
from bot.chat.options import options_of
from bot.chat.permissions import check_admin
from bot.domain.commands import PRIVACY
from bot.domain.conversation import Turn, TurnStatus
from bot.domain.digests import DigestPlan
from bot.domain.keeping import Erased
from bot.domain.lines import say
from bot.domain.preferences import Preference, PreferenceName, learning_choice, learns_from
from bot.ports import UnitOfWork

# Among a release's scores: how many people were forgotten whose examples it was built on.
FORGOTTEN_PEOPLE = "forgotten_people"


async def privacy(job: Job, services: Services) -> Turn:
    """Do what the command asks and say what is so now."""
    action = str(options_of(job.question, PRIVACY).get("action", "show"))
    text = await _ACTIONS[action](job, services)
    return job.answer.ended(TurnStatus.COMPLETE, text)


async def _show(job: Job, services: Services) -> str:
    async with services.units.reading() as uow:
        kept = await uow.erasure.kept_of(job.asker.key)
        chosen = await uow.preferences.of_owners(job.place.key, job.place.channel_key, job.asker.key)
    opted_out = any(each.name is PreferenceName.OPT_OUT for each in chosen)
    choices = {each.owner: each.value for each in chosen if each.name is PreferenceName.LEARNING}
    learning = learns_from(job.place, learning_choice(job.place, choices))
    lines = [
        say("privacy.kept", job.locale, turns=kept.turns, ratings=kept.ratings, suggestions=kept.suggestions),
        say("privacy.learning_is_on" if learning else "privacy.learning_is_off", job.locale),
        say("privacy.opted_out", job.locale) if opted_out else "",
        say("privacy.choices", job.locale),
    ]
    return "\n\n".join(line for line in lines if line)


async def _opt_out(job: Job, services: Services) -> str:
    async with services.units() as uow:
        owner, now = job.asker.key, services.clock.now()
        await uow.preferences.put(Preference(owner, PreferenceName.OPT_OUT, "yes", owner, now))
    return say("privacy.opted_out", job.locale)


async def _opt_in(job: Job, services: Services) -> str:
    async with services.units() as uow:
        await uow.preferences.remove(job.asker.key, PreferenceName.OPT_OUT)
    return say("privacy.opted_in", job.locale)


async def _forget(job: Job, services: Services) -> str:
    async with services.units() as uow:
        await _end_digests_for(job.asker.key, uow)
        erased = await uow.erasure.forget(job.asker.key)
    await discard_files(erased, services)
    runs = await services.records.forget(job.asker.key)
    done = say(
        "privacy.forgotten",
        job.locale,
        turns=erased.turns,
        ratings=erased.ratings,
        suggestions=erased.suggestions,
    )
    stopped = say("privacy.run_stopped", job.locale) if _stop_run(erased, runs, services) else ""
    built = await _mark_releases(runs, services)
    named = say("privacy.built_on", job.locale, releases=", ".join(f"`{name}`" for name in built)) if built else ""
    return "\n\n".join(line for line in (done, stopped, named) if line)


async def _end_digests_for(person: str, uow: UnitOfWork) -> None:
    """A place's digest that is sent to one person ends with them; one that is posted there is the place's."""
    for order in await uow.preferences.of_name(PreferenceName.DIGEST):
        if order.set_by == person and DigestPlan.read(order.value).sent_to:
            await uow.preferences.remove(order.owner, order.name)


def _stop_run(erased: Erased, runs: Sequence[str], services: Services) -> bool:
    """Stop the run under way if it learns from the person, or may: what it is still collecting cannot be told."""
    current = services.training.current
    if current is None or (current.progress is not None and current.run.id not in runs):
        return False
    return bool(erased.turns or erased.ratings or erased.suggestions) and services.training.stop()


async def _mark_releases(runs: Sequence[str], services: Services) -> list[str]:
    """The releases that these runs made and whose weights are kept, each marked as built on a forgotten person's."""
    if not runs:
        return []
    async with services.units() as uow:
        built = [row for row in await uow.releases.all() if row.weights and Path(row.weights).parent.name in runs]
        for row in built:
            forgotten = row.scores.get(FORGOTTEN_PEOPLE, 0) + 1
            await uow.releases.put(replace(row, scores={**row.scores, FORGOTTEN_PEOPLE: forgotten}))
    return [row.name for row in built]


async def _learn(job: Job, services: Services) -> str:
    await check_admin(job.asker, job.place, services)
    await _choose_learning("on", job, services)
    lines = ["privacy.learning_on"]
    if not job.place.platform.is_local:
        lines.append(f"privacy.policy_{job.place.platform}")
    return "\n\n".join(say(line, job.locale) for line in lines)


async def _stop_learning(job: Job, services: Services) -> str:
    await check_admin(job.asker, job.place, services)
    await _choose_learning("off", job, services)
    return say("privacy.learning_is_off", job.locale)


async def _choose_learning(value: str, job: Job, services: Services) -> None:
    """For the channel and all its threads. What this thread chose for itself earlier does not outlive it."""
    place, name = job.place, PreferenceName.LEARNING
    async with services.units() as uow:
        await uow.preferences.remove(place.key, name)
        await uow.preferences.put(Preference(place.channel_key, name, value, job.asker.key, services.clock.now()))


async def discard_files(erased: Erased, services: Services) -> None:
    """Delete the files that belonged to erased turns: our pictures, and the adapters' copies of uploads."""
    await services.files.remove([picture.path for picture in erased.pictures])
    for platform in services.platforms.values():
        await platform.discard(erased.attachments)


_ACTIONS: Mapping[str, Callable[[Job, Services], Awaitable[str]]] = {
    "show": _show,
    "opt-out": _opt_out,
    "opt-in": _opt_in,
    "forget-me": _forget,
    "learning-on": _learn,
    "learning-off": _stop_learning,
}
