"""`/summarize`: a stretch of a place's talk, a pasted text or an attached one, of any length.

Beside what the model writes stands what can be checked: key messages with their links, decisions, tasks and open
questions, and beneath it what was covered and what was left out. What is read of a place's history is shown and never
stored: the answer's turn keeps the generated words alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC

from bot.chat.faults import sentence
from bot.chat.jobs import Job, Services
from bot.chat.moments import zone_named
from bot.chat.options import options_of
from bot.chat.replying import keep_attachments
from bot.chat.summary.reports import Findings, Reader, at, findings_of, report
from bot.chat.summary.scopes import MOST, OWN_WITHIN, Scope, Stretch, channels_of, read, scope_of
from bot.chat.summary.summaries import Section, Summarizer, Summary, SummaryOrder, Watch
from bot.chat.summary.transcripts import Transcript, of_history, of_text
from bot.domain.commands import SUMMARIZE
from bot.domain.conversation import Turn, TurnStatus
from bot.domain.lines import is_chinese, say
from bot.domain.messages import Answer, CommandCall, IncomingMessage, OptionValue
from bot.domain.places import Place
from bot.errors import DeliveryError, Refused
from bot.ports import Reply

MOST_UNSUPPORTED = 5

Options = Mapping[str, OptionValue]


@dataclass(frozen=True, slots=True)
class Material:
    """What is summed up, sentences on what it covers, and the name of the channel where several are summed up."""

    transcript: Transcript
    covered: str = ""
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """A material's summary, its quotes, and the sentences about both, each as it is shown."""

    text: str
    quotes: str
    note: str
    summary: Summary


async def summarize(job: Job, services: Services) -> Turn:
    """Sum up what the command names: its text or files, else the talk of the place, or of the channels named."""
    options = options_of(job.question, SUMMARIZE)
    reader = Reader(job.locale, zone_named(job.asker.timezone), job.asker.name)
    given, scope = await _given(job, services, options, reader)
    materials, unread = ([given], "") if given else await _materials(job, scope, options, reader)
    parts = [await _sum_up(number, material, job, services, options) for number, material in enumerate(materials)]
    text, quotes = _joined(part.text for part in parts), _joined(part.quotes for part in parts)
    if given or job.place.platform.is_local:
        text = _joined([text, quotes])
    elif quotes:
        job.reply = Quoting(job.reply, quotes)
    job.answer = replace(
        job.answer,
        release=parts[-1].summary.release,
        sampling=parts[-1].summary.sampling,
        prompt_tokens=sum(part.summary.prompt_tokens for part in parts),
        completion_tokens=sum(part.summary.completion_tokens for part in parts),
    )
    note = "\n".join(line for line in (*(part.note for part in parts), unread) if line)
    return job.answer.ended(TurnStatus.COMPLETE, text, note)


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part)


class Quoting:
    """A reply whose last state quotes what was read, beneath the text that is kept."""

    def __init__(self, reply: Reply, quotes: str) -> None:
        self._reply = reply
        self._quotes = quotes

    async def waiting(self, position: int) -> None:
        """See `bot.ports.Reply.waiting`."""
        await self._reply.waiting(position)

    async def show(self, text: str, note: str = "", preview: bytes | None = None) -> None:
        """See `bot.ports.Reply.show`."""
        await self._reply.show(text, note, preview)

    async def finish(self, answer: Answer) -> None:
        """See `bot.ports.Reply.finish`."""
        await self._reply.finish(replace(answer, text=f"{answer.text}\n\n{self._quotes}"))


async def _sum_up(number: int, material: Material, job: Job, services: Services, options: Options) -> Told:
    """Sum up one material; what the ones before it gave stays shown above it."""
    reader = Reader(job.locale, zone_named(job.asker.timezone), job.asker.name)
    order = SummaryOrder(
        job.answer.id if not number else f"{job.answer.id}-{number}",
        material.transcript,
        str(options.get("style", "brief")),
        _language(options, job.locale),
        job.asker.key,
        job.place.key,
        services.releases.chosen_for(job.answer.conversation_id),
    )
    above = job.text
    heading = f"**#{material.channel}**" if material.channel else ""
    findings, summary = await _both(order, services, job, _joined([above, heading]), material.covered)
    text = _joined([heading, told(summary, order.style, reader) or say("summarize.only_quotes", job.locale)])
    quotes = report(findings, order.style, reader)
    sentences = [part for part in (material.covered, left_out_of(summary, order, job.locale)) if part]
    if material.channel:
        quotes = _joined([heading, quotes]) if quotes else ""
        sentences = [f"#{material.channel}: {' '.join(sentences)}"]
    job.text = _joined([above, text])
    return Told(text, quotes, "\n".join(sentences), summary)


async def _both(
    order: SummaryOrder, services: Services, job: Job, above: str, covered: str
) -> tuple[Findings, Summary]:
    """What is found, while the summary is being written."""

    def progress(done: int, parts: int) -> None:
        job.live.show(above, say("summarize.progress", job.locale, done=done, parts=parts))

    def written(text: str) -> None:
        job.text = _joined([above, text])
        job.live.show(job.text, covered)

    name = job.asker.name if order.style == "catch-up" else ""
    finding = asyncio.create_task(asyncio.to_thread(findings_of, order.transcript, name))
    try:
        summary = await Summarizer(order, services, Watch(job.live.waiting, progress, written)).write()
    except BaseException:
        finding.cancel()
        raise
    return await finding, summary


async def _given(job: Job, services: Services, options: Options, reader: Reader) -> tuple[Material | None, Scope]:
    """The text that was pasted or attached, where there is one, and the scope that is meant where there is none.

    Raises:
        Refused: a file cannot be read or holds no text, or the scope cannot be understood.
    """
    try:
        await keep_attachments(job, services)
    except DeliveryError as error:
        raise Refused("summarize.file_gone") from error
    scope, text = await scope_of(options, now=job.question.created_at, zone=reader.zone)
    files = job.question.attachments
    given = "\n".join(part for part in (text, *(file.text for file in files)) if part)
    if not given and not files:
        return None, scope
    transcript = await asyncio.to_thread(of_text, given)
    if not transcript.lines:
        raise Refused("summarize.empty_text")
    return Material(transcript), scope


async def _materials(job: Job, scope: Scope, options: Options, reader: Reader) -> tuple[list[Material], str]:
    """The talk of this place, or of each channel named, and a line on each of these that gave nothing.

    Raises:
        Refused: nothing that is meant can be read, or there is nothing to sum up.
    """
    channels = await channels_of(options, job.platform, job.place, job.asker)
    if not channels:
        return [await _talk(job, job.place, scope, options, reader)], ""
    materials, refused = [], []
    for channel in channels:
        try:
            talk = await _talk(job, channel.place, scope, options, reader)
            materials.append(replace(talk, channel=channel.name))
        except Refused as error:
            refused.append((channel, error))
    if not materials:
        raise refused[0][1]
    lines = [f"#{channel.name}: {sentence(error, job.locale)}" for channel, error in refused]
    return materials, "\n".join(lines)


async def _talk(job: Job, place: Place, scope: Scope, options: Options, reader: Reader) -> Material:
    """The stretch of a place's talk that is meant.

    Raises:
        Refused: it cannot be read, or there is nothing to sum up.
    """

    def told(count: int) -> None:
        job.live.show("", say("summarize.reading_many", job.locale, count=count))

    job.live.show("", say("summarize.reading", job.locale))
    asked = job.ask.ref if isinstance(job.ask, IncomingMessage | CommandCall) else None
    stretch = await read(job.platform, place, scope, job.asker, ask=asked, told=told)
    transcript = await asyncio.to_thread(of_history, stretch.messages)
    if not transcript.lines:
        raise _nothing(scope, stretch, options, reader)
    return Material(transcript, coverage(transcript, scope, stretch, reader))


def _nothing(scope: Scope, stretch: Stretch, options: Options, reader: Reader) -> Refused:
    if stretch.messages:
        return Refused("summarize.no_words", count=len(stretch.messages))
    if scope.since is not None:
        return Refused("summarize.nothing_since", since=at(scope.since, reader), zone=zone_shown(reader))
    return Refused("summarize.nothing_since_you" if scope.since_own and stretch.reached else "summarize.nothing")


def _language(options: Options, locale: str) -> str:
    asked = str(options.get("language", ""))
    return {"english": "en", "chinese": "zh"}.get(asked) or ("zh" if is_chinese(locale) else "en")


# --- sentences about a summary -------------------------------------------------------------------------------------


def told(summary: Summary, style: str, reader: Reader) -> str:
    """The summary as it is shown; minutes have a heading with the time for each section."""
    if style != "minutes" or len(summary.sections) < 2:
        return summary.text
    shown = [section for section in summary.sections if section.text]
    return "\n\n".join(f"**{_heading(section, reader)}**\n{section.text}" for section in shown)


def _heading(section: Section, reader: Reader) -> str:
    if section.first is None or section.last is None:
        return "·"
    same_day = section.first.astimezone(reader.zone).date() == section.last.astimezone(reader.zone).date()
    return f"{at(section.first, reader)} – {at(section.last, reader, day=not same_day)}"


def coverage(transcript: Transcript, scope: Scope, stretch: Stretch, reader: Reader) -> str:
    """From when to when, how many messages by how many people, and how many were left out for which reason."""
    locale = reader.locale
    first, last = transcript.lines[0].at, transcript.lines[-1].at
    assert first is not None
    assert last is not None
    sentences = [
        say(
            "summarize.covered",
            locale,
            count=len(transcript.lines),
            people=len(transcript.authors),
            first=at(first, reader),
            last=at(last, reader),
            zone=zone_shown(reader),
        )
    ]
    if transcript.left_out:
        reasons = "、" if is_chinese(locale) else ", "
        listed = reasons.join(say(f"left_out.{why}", locale, count=count) for why, count in transcript.left_out.items())
        sentences.append(say("summarize.left_out", locale, count=sum(transcript.left_out.values()), reasons=listed))
    if stretch.is_cut:
        sentences.append(say("summarize.cut", locale, most=MOST))
    if scope.since_own and not stretch.reached:
        sentences.append(say("summarize.never_here", locale, count=OWN_WITHIN if scope.last else MOST))
    return " ".join(sentences)


def left_out_of(summary: Summary, order: SummaryOrder, locale: str) -> str:
    """What the model did not read, and what of its words was dropped, with the names and numbers that were why."""
    sentences = []
    if summary.lines_read < len(order.transcript.lines):
        sentences.append(say("summarize.central_only", locale, count=summary.lines_read))
    if summary.dropped:
        marks = "「{}」" if is_chinese(locale) else "“{}”"
        shown = [marks.format(name) for name in summary.unsupported[:MOST_UNSUPPORTED]]
        words = ("、" if is_chinese(locale) else ", ").join(shown)
        words += " …" if len(summary.unsupported) > len(shown) else ""
        sentences.append(say("summarize.unsupported", locale, count=summary.dropped, words=words))
    return " ".join(sentences)


def zone_shown(reader: Reader) -> str:
    """The name of the reader's zone."""
    return "UTC" if reader.zone is UTC else str(reader.zone)
