"""`/summarize`: a stretch of a place's talk, a pasted text or an attached one, of any length.

Beside what the model writes stands what can be checked: key messages with their links, decisions, tasks and open
questions, and beneath it what was covered and what was left out. What is read of a place's history is shown and never
stored: the answer's turn keeps the generated words alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC

from bot.chat.jobs import Job, Services
from bot.chat.moments import zone_named
from bot.chat.options import options_of
from bot.chat.replying import keep_attachments
from bot.chat.reports import Findings, Reader, at, findings_of, report
from bot.chat.scopes import MOST, OWN_WITHIN, Scope, Stretch, read, scope_of
from bot.chat.summaries import Section, Summarizer, Summary, SummaryOrder, Watch
from bot.chat.transcripts import Transcript, of_history, of_text
from bot.domain.commands import SUMMARIZE
from bot.domain.conversation import Turn, TurnStatus
from bot.domain.lines import is_chinese, say
from bot.domain.messages import Answer, CommandCall, IncomingMessage, OptionValue
from bot.errors import DeliveryError, Refused
from bot.ports import Reply

MOST_UNSUPPORTED = 5


@dataclass(frozen=True, slots=True)
class Material:
    """What is summed up, sentences on what it covers, and whether it was given to the bot."""

    transcript: Transcript
    covered: str
    was_given: bool


async def summarize(job: Job, services: Services) -> Turn:
    """Sum up what the command names: its text or files, else the talk of the place."""
    options = options_of(job.question, SUMMARIZE)
    reader = Reader(job.locale, zone_named(job.asker.timezone), job.asker.name)
    material = await _material(job, services, options, reader)
    order = SummaryOrder(
        job.answer.id,
        material.transcript,
        str(options.get("style", "brief")),
        _language(options, job.locale),
        job.asker.key,
        job.place.key,
        services.releases.chosen_for(job.answer.conversation_id),
    )
    findings, summary = await _both(order, services, job, material)
    quotes = report(findings, order.style, reader)
    text = told(summary, order.style, reader) or say("summarize.only_quotes", job.locale)
    if material.was_given or job.place.platform.is_local:
        text = "\n\n".join(part for part in (text, quotes) if part)
    elif quotes:
        job.reply = Quoting(job.reply, quotes)
    note = "\n".join(part for part in (material.covered, left_out_of(summary, order, job.locale)) if part)
    job.answer = replace(
        job.answer,
        release=summary.release,
        sampling=summary.sampling,
        prompt_tokens=summary.prompt_tokens,
        completion_tokens=summary.completion_tokens,
    )
    return job.answer.ended(TurnStatus.COMPLETE, text, note)


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


async def _both(order: SummaryOrder, services: Services, job: Job, material: Material) -> tuple[Findings, Summary]:
    """What is found, while the summary is being written."""

    def progress(done: int, parts: int) -> None:
        job.live.show("", say("summarize.progress", job.locale, done=done, parts=parts))

    def written(text: str) -> None:
        job.text = text
        job.live.show(text, material.covered)

    name = job.asker.name if order.style == "catch-up" else ""
    finding = asyncio.create_task(asyncio.to_thread(findings_of, order.transcript, name))
    try:
        summary = await Summarizer(order, services, Watch(job.live.waiting, progress, written)).write()
    except BaseException:
        finding.cancel()
        raise
    return await finding, summary


async def _material(job: Job, services: Services, options: Mapping[str, OptionValue], reader: Reader) -> Material:
    """The text that was given, else the stretch of the place's talk that is meant.

    Raises:
        Refused: there is nothing to sum up, or it cannot be read.
    """
    try:
        await keep_attachments(job, services)
    except DeliveryError as error:
        raise Refused("summarize.file_gone") from error
    first = job.ask.message if isinstance(job.ask, CommandCall) else None
    scope, text = await scope_of(options, first, now=job.question.created_at, zone=reader.zone)
    texts = [text, *(file.text for file in job.question.attachments if file.text)]
    given = "\n".join(part for part in texts if part)
    if given or job.question.attachments:
        transcript = await asyncio.to_thread(of_text, given)
        if not transcript.lines:
            raise Refused("summarize.empty_text")
        return Material(transcript, "", was_given=True)
    job.live.show("", say("summarize.reading", job.locale))
    asked = job.ask.ref if isinstance(job.ask, IncomingMessage | CommandCall) else None
    stretch = await read(job.platform, job.place, scope, job.asker, ask=asked, told=lambda count: _tell(job, count))
    transcript = await asyncio.to_thread(of_history, stretch.messages)
    if not transcript.lines:
        raise _nothing(scope, stretch, options, reader)
    return Material(transcript, coverage(transcript, scope, stretch, reader), was_given=False)


def _tell(job: Job, count: int) -> None:
    job.live.show("", say("summarize.reading_many", job.locale, count=count))


def _nothing(scope: Scope, stretch: Stretch, options: Mapping[str, OptionValue], reader: Reader) -> Refused:
    if stretch.messages:
        return Refused("summarize.no_words", count=len(stretch.messages))
    if scope.since is not None:
        return Refused("summarize.nothing_since", since=at(scope.since, reader), zone=zone_shown(reader))
    return Refused("summarize.nothing_since_you" if scope.since_own and stretch.reached else "summarize.nothing")


def _language(options: Mapping[str, OptionValue], locale: str) -> str:
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
