"""What is shown with a generated summary so that it can be checked: key messages, decisions, questions, tasks, links.

Everything here quotes the talk. It is made to be shown, and is kept only where the talk itself is (see `summarizing`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from bot.chat.summary.key_messages import most_central
from bot.chat.summary.outcomes import Outcomes, Task, outcomes_of
from bot.chat.summary.transcripts import Line, Transcript
from bot.domain.lines import say

# A third of a short talk, and never more than this.
MOST_KEY_MESSAGES = 5
MOST_LINKS = 5
MOST_MENTIONS = 5
QUOTE_LIMIT = 200

_URL = re.compile(r"https?://[^\s<>()\[\]|\"“”，。、）】]+[^\s<>()\[\]|\"“”，。、）】.,;:!?]")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_MARKUP = re.compile(r"([\\`*_\[\]~<>|])")


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a report: their language, their zone, and the name that the talk may call them by."""

    locale: str
    zone: tzinfo
    name: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found in a talk without generating anything."""

    key: tuple[Line, ...]
    outcomes: Outcomes
    links: tuple[tuple[str, Line], ...]
    mentions: tuple[Line, ...]


def findings_of(transcript: Transcript, name: str = "") -> Findings:
    """What a transcript holds; prose has key sentences only. Takes up to seconds for ten thousand messages."""
    lines = [line for line in transcript.lines if not line.by_bot]
    count = min(MOST_KEY_MESSAGES, len(lines) // 3)
    key = tuple(lines[index] for index in most_central([line.text for line in lines], count))
    if not transcript.is_talk:
        return Findings(key, Outcomes(), (), ())
    links: dict[str, Line] = {}
    for line in lines:
        for url in _URL.findall(line.text):
            links.setdefault(url, line)
    called = re.compile(rf"(?<!\w)@?{re.escape(name)}(?!\w)", re.IGNORECASE) if name else None
    mentions = [line for line in lines if called and line.author != name and called.search(line.text)]
    return Findings(key, outcomes_of(lines), tuple(list(links.items())[-MOST_LINKS:]), tuple(mentions[-MOST_MENTIONS:]))


def report(findings: Findings, style: str, reader: Reader, *, quotes: bool = True) -> str:
    """The findings as Markdown, one section each, those that are empty left out.

    Args:
        quotes: False leaves out what people said: what remains are names, times and links.
    """
    if not quotes:
        return _section("report.key", [_reference(line, reader) for line in findings.key if line.link], reader)
    outcomes = findings.outcomes
    sections = [
        _section("report.for_you", [_quoted(line, reader) for line in findings.mentions], reader)
        if style == "catch-up"
        else "",
        _section("report.key", [_quoted(line, reader) for line in findings.key], reader),
        _section("report.decisions", [_quoted(line, reader) for line in outcomes.decisions], reader),
        _section("report.tasks", [_task(task, reader) for task in outcomes.tasks], reader),
        _section("report.questions", [_quoted(line, reader) for line in outcomes.questions], reader),
        _section("report.links", [f"{url} ({_reference(line, reader)})" for url, line in findings.links], reader),
    ]
    return "\n\n".join(section for section in sections if section)


def at(moment: datetime, reader: Reader, *, day: bool = True) -> str:
    """A time as the reader's clock shows it."""
    return f"{moment.astimezone(reader.zone):{'%Y-%m-%d %H:%M' if day else '%H:%M'}}"


def _section(title: str, rows: Sequence[str], reader: Reader) -> str:
    return "\n".join([f"**{say(title, reader.locale)}**", *(f"- {row}" for row in rows)]) if rows else ""


def _task(task: Task, reader: Reader) -> str:
    who = f"**{_plain(task.who)}**" if task.who else say("report.nobody", reader.locale)
    when = f" ({_plain(task.when)})" if task.when else ""
    return f"{who}{when}: {_words(task.line.text)} — {_reference(task.line, reader)}"


def _quoted(line: Line, reader: Reader) -> str:
    reference = _reference(line, reader)
    return f"{reference}: {_words(line.text)}" if reference else _words(line.text)


def _reference(line: Line, reader: Reader) -> str:
    """Who said it and when, linked to the message itself where it has an address."""
    shown = _plain(line.author)
    if line.at is not None:
        shown += f", {at(line.at, reader)}"
    elif line.stamp:
        shown += f" {_plain(line.stamp.strip())}"
    return f"[{shown}]({line.link})" if line.link else shown


def _plain(words: str) -> str:
    return _isolated(_MARKUP.sub(r"\\\1", words), words)


def _words(text: str) -> str:
    """A message in one line, shortened with a mark, its fences taken off and its direction kept to itself."""
    line = " ".join(text.replace("```", " ").split())
    if len(line) > QUOTE_LIMIT:
        cut = line[:QUOTE_LIMIT].rsplit(" ", 1)[0]
        line = (cut if len(cut) > QUOTE_LIMIT // 2 else line[:QUOTE_LIMIT]) + " …"
    if line.count("`") % 2:
        line = line.replace("`", "")
    return _isolated(line, line)


def _isolated(shown: str, words: str) -> str:
    """Right-to-left words between marks that keep their direction from what stands beside them."""
    return f"\u2068{shown}\u2069" if _RIGHT_TO_LEFT.search(words) else shown
