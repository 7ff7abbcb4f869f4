"""`/digest`: what was said in a place, summed up by itself every day or week, posted there or sent to who ordered it.

The orders are preferences of places, so they survive restarts; a round every half minute makes what is due. A digest is
a notice whose identity is its place and its time, so that it is said once, whoever makes it how often. It is kept like
all that the bot says, and therefore quotes nobody: it links to the key messages instead.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from zoneinfo import available_timezones

import structlog

from bot.chat.jobs import Job, Services
from bot.chat.moments import zone_named
from bot.chat.options import options_of
from bot.chat.summarizing import coverage, left_out_of
from bot.chat.summary.reports import Reader, at, findings_of, report
from bot.chat.summary.scopes import Scope, read
from bot.chat.summary.summaries import Summarizer, SummaryOrder
from bot.chat.summary.transcripts import Transcript, of_history
from bot.domain.commands import DIGEST
from bot.domain.conversation import Turn, TurnStatus
from bot.domain.digests import DAYS, DigestPlan
from bot.domain.lines import say
from bot.domain.messages import Notice
from bot.domain.places import Person, Place, PlaceKind, Platform, owning_place
from bot.domain.preferences import Preference, PreferenceName
from bot.errors import DeliveryError, InklingError, Refused, StorageError
from bot.ports import FoundPlace

log = structlog.get_logger(__name__)

ROUND_S = 30.0
DEFAULT_HOUR = "9:00"
DEFAULT_DAY = "monday"

_HOUR = re.compile(r"(\d{1,2})(?:[:：.点](\d{2})?)?\s*(am|pm)?", re.IGNORECASE)

Announce = Callable[[Notice], Awaitable[object]]


async def digest(job: Job, services: Services) -> Turn:
    """Order a digest of this place, show the order, or end it."""
    options = {name: str(value) for name, value in options_of(job.question, DIGEST).items()}
    place = _posted_in(job.place)
    every = options.get("every", "")
    direct = await _direct_place(job) if options.get("to") == "me" else None
    async with services.units() as uow:
        kept = await uow.preferences.get(place.key, PreferenceName.DIGEST)
        if every == "off":
            await uow.preferences.remove(place.key, PreferenceName.DIGEST)
            return job.answer.ended(TurnStatus.COMPLETE, say("digest.off", job.locale))
        if every:
            conversation = await uow.turns.conversation_of(place, services.new_id, services.clock.now())
            plan = _plan(options, job, conversation.id, services.clock.now())
            if direct is not None:
                sent_to = await uow.turns.conversation_of(direct.place, services.new_id, services.clock.now())
                plan = replace(plan, sent_to=sent_to.id, channel=direct.name)
            kept = Preference(place.key, PreferenceName.DIGEST, plan.dumped(), job.asker.key, services.clock.now())
            await uow.preferences.put(kept)
    if kept is None:
        raise Refused("digest.none")
    return job.answer.ended(TurnStatus.COMPLETE, _told(DigestPlan.read(kept.value), job.locale, services.clock.now()))


def _posted_in(place: Place) -> Place:
    """Where a digest belongs: a mention on Slack opens a thread of its own, and its digest is the channel's."""
    if place.platform is Platform.SLACK and place.kind is PlaceKind.THREAD:
        return owning_place(place.platform, place.workspace, place.channel, direct=place.channel.startswith("D"))
    return place


async def _direct_place(job: Job) -> FoundPlace:
    """Where a digest is sent to the asker, with the name of the place that it tells of.

    Raises:
        Refused: the platform knows no direct messages, or does not open one.
    """
    try:
        direct = await job.platform.direct_place(job.asker, job.place)
        told_of = await job.platform.find_place(f"<#{job.place.channel}>", job.place, job.asker)
    except DeliveryError as error:
        raise Refused("digest.not_direct") from error
    if direct is None or told_of is None:
        raise Refused("digest.not_direct")
    return FoundPlace(told_of.name, direct)


def _plan(options: dict[str, str], job: Job, conversation_id: str, now: datetime) -> DigestPlan:
    zone = options.get("timezone") or job.asker.timezone or "UTC"
    names = {name.casefold(): name for name in available_timezones()}
    if zone.casefold() not in names:
        raise Refused("digest.unknown_zone", zone=zone)
    hour, minute = _hour(options.get("at", DEFAULT_HOUR))
    weekday = DAYS.index(options.get("day", DEFAULT_DAY)) if options["every"] == "weekly" else None
    return DigestPlan(conversation_id, hour, minute, names[zone.casefold()], job.locale, now, weekday)


def _hour(words: str) -> tuple[int, int]:
    match = _HOUR.fullmatch(words.strip())
    if match is None:
        raise Refused("digest.unknown_hour", at=words)
    hour, minute = int(match[1]), int(match[2] or 0)
    if match[3]:
        hour = hour % 12 + (12 if match[3].lower() == "pm" else 0)
    if hour > 23 or minute > 59:
        raise Refused("digest.unknown_hour", at=words)
    return hour, minute


def _told(plan: DigestPlan, locale: str, now: datetime) -> str:
    reader = Reader(locale, zone_named(plan.zone))
    line = "digest.ordered_sent" if plan.sent_to else "digest.ordered"
    return say(line, locale, next=at(plan.next(now), reader), zone=plan.zone)


# --- the rounds -----------------------------------------------------------------------------------------------------


async def keep_digests(services: Services, announce: Announce) -> None:
    """Make what is due, for as long as the bot runs."""
    while True:
        try:
            await make_due_digests(services, announce)
        except StorageError as error:
            log.error("digests not looked up", error=str(error))
        await asyncio.sleep(ROUND_S)


async def make_due_digests(services: Services, announce: Announce) -> None:
    """One look at all orders. A digest that cannot be made now is tried again in the next round.

    Raises:
        StorageError: the orders cannot be read.
    """
    async with services.units.reading() as uow:
        orders = await uow.preferences.of_name(PreferenceName.DIGEST)
    for order in orders:
        plan = DigestPlan.read(order.value)
        due = plan.due(services.clock.now())
        if due is None:
            continue
        try:
            await _make(order, plan, due, services, announce)
        except InklingError as error:
            log.warning(
                "digest not made", place=order.owner, error=type(error).__name__, line=getattr(error, "line", "")
            )
        except Exception:
            log.exception("digest failed", place=order.owner)


async def _make(order: Preference, plan: DigestPlan, due: datetime, services: Services, announce: Announce) -> None:
    async with services.units.reading() as uow:
        conversation = await uow.turns.conversation(plan.conversation_id)
        shown_in = await uow.turns.conversation(plan.sent_to) if plan.sent_to else conversation
    if conversation is None or shown_in is None or conversation.place.platform not in services.platforms:
        return
    place = conversation.place
    if plan.sent_to and not await _may_still_read(order.set_by, place, services):
        log.warning("digest's reader may not read the place any more", place=place.key)
        return
    me = Person(place.platform, "inkling", services.settings.bot_name, plan.locale, is_bot=True)
    text = await _text(place, plan, due, me, services)
    if text:
        event = f"digest/{place.key}/{due.isoformat()}"
        await announce(Notice(event, shown_in.place, me, text, services.clock.now()))
    async with services.units() as uow:
        now = await uow.preferences.get(order.owner, order.name)
        # An order that was changed meanwhile stays as it was changed.
        if now is not None and now.value == order.value:
            told = plan.told(due)
            await uow.preferences.put(Preference(order.owner, order.name, told.dumped(), order.set_by, order.set_at))


async def _may_still_read(reader: str, place: Place, services: Services) -> bool:
    platform, _, number = reader.partition("/")
    person = Person(Platform(platform), number, "")
    return await services.platforms[place.platform].find_place(f"<#{place.channel}>", place, person) is not None


async def _text(place: Place, plan: DigestPlan, due: datetime, me: Person, services: Services) -> str:
    """The digest; "" where nothing was said, or the place cannot be read any more."""
    scope = Scope(since=plan.told_until)
    try:
        stretch = await read(services.platforms[place.platform], place, scope, me, ask=None, told=lambda count: None)
    except Refused as refused:
        if refused.line != "summarize.unreadable":
            raise
        log.warning("digest's place cannot be read", place=place.key)
        return ""
    transcript = await asyncio.to_thread(of_history, [message for message in stretch.messages if message.at <= due])
    if not transcript.lines:
        return ""
    order = SummaryOrder(
        f"digest-{services.new_id()}",
        transcript,
        "bullets",
        plan.locale,
        me.key,
        place.key,
        services.releases.chosen_for(plan.conversation_id),
    )
    summary = await Summarizer(order, services).write()
    reader = Reader(plan.locale, zone_named(plan.zone))
    links = report(await asyncio.to_thread(findings_of, transcript), order.style, reader, quotes=False)
    notes = [coverage(transcript, scope, stretch, reader), left_out_of(summary, order, plan.locale)]
    title = f"**{_title(transcript, plan.channel, reader)}**"
    parts = [title, summary.text, links, "\n".join(f"*{note}*" for note in notes if note)]
    return "\n\n".join(part for part in parts if part)


def _title(transcript: Transcript, channel: str, reader: Reader) -> str:
    first, last = transcript.lines[0].at, transcript.lines[-1].at
    assert first is not None
    assert last is not None
    title = say("digest.title", reader.locale, first=at(first, reader), last=at(last, reader))
    return f"{title} (#{channel})" if channel else title
