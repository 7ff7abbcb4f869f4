"""What holds in a place, for everyone to read: settings, persona, learning, digest, who answers, budgets."""

from __future__ import annotations

from collections.abc import Sequence

from limits import parse

from bot.chat.jobs import Job, Services
from bot.chat.moments import zone_named
from bot.chat.personas import in_force
from bot.chat.settings import settings_table
from bot.chat.summary.reports import Reader, at
from bot.domain.digests import DigestPlan
from bot.domain.lines import is_chinese, say
from bot.domain.preferences import Preference, PreferenceName, learning_choice, learns_from


async def standing(job: Job, services: Services) -> str:
    """The whole of it, in the asker's language and by their clock."""
    here, asker = job.place.channel_key, job.asker.key
    async with services.units.reading() as uow:
        table = await settings_table(job, services, uow)
        chosen = await uow.preferences.of_owners(here, job.place.key, asker)
    parts = [
        table,
        in_force(chosen, asker, job, services),
        _learning(chosen, job),
        _digest(chosen, job, services),
        _release(job, services),
        _budgets(job, services),
    ]
    return "\n\n".join(parts)


def _learning(chosen: Sequence[Preference], job: Job) -> str:
    choices = {each.owner: each.value for each in chosen if each.name is PreferenceName.LEARNING}
    learns = learns_from(job.place, learning_choice(job.place, choices))
    words = [say("help.learning_on" if learns else "help.learning_off", job.locale)]
    if any(each.name is PreferenceName.OPT_OUT for each in chosen):
        words.append(say("privacy.opted_out", job.locale))
    return ("" if is_chinese(job.locale) else " ").join(words)


def _digest(chosen: Sequence[Preference], job: Job, services: Services) -> str:
    order = next((each.value for each in chosen if each.name is PreferenceName.DIGEST), None)
    if order is None:
        return say("help.no_digest", job.locale)
    plan = DigestPlan.read(order)
    next_one = at(plan.next(services.clock.now()), Reader(job.locale, zone_named(plan.zone)))
    return say("help.digest", job.locale, next=next_one, zone=plan.zone)


def _release(job: Job, services: Services) -> str:
    health = services.generator.health()
    release = services.releases.chosen_for(job.question.conversation_id) or health.release
    if not release:
        return say("help.no_release", job.locale)
    return say("help.release", job.locale, release=release, model=health.model)


def _budgets(job: Job, services: Services) -> str:
    rates = services.settings.person_budget, services.settings.place_budget
    person, place = (_rate(rate, job.locale) for rate in rates)
    return say("help.budgets", job.locale, person=person, place=place)


def _rate(rate: str, locale: str) -> str:
    """`20/minute` in words."""
    limit = parse(rate)
    seconds = limit.get_expiry()
    unit, length = next(
        (unit, length)
        for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))
        if seconds % length == 0
    )
    each = "each" if seconds == length else "per"
    return say(f"help.{each}_{unit}", locale, amount=limit.amount, count=seconds // length)
