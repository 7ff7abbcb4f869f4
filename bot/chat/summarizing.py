"""`/summarize`: a place's talk, a pasted text or an attached one, of any length.

What does not fit the window is summed up in parts, and the parts' summaries again, until one is left. What is read of a
place's history is never stored. A transcript is data: it is fenced off in the prompt and never speaks as a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from bot.chat.addressing import clean, looks_like_command
from bot.chat.jobs import Job, Services
from bot.chat.options import options_of
from bot.chat.prompting import LEAST_ANSWER, Prompt, fit
from bot.chat.replying import keep_attachments
from bot.chat.streaming import collect, write_answer
from bot.domain.commands import SUMMARIZE
from bot.domain.conversation import Turn
from bot.domain.generation import GenerationRequest, PromptMessage, Role, SamplingParams
from bot.domain.lines import Text, say
from bot.domain.messages import CommandCall, HistoryMessage
from bot.errors import Refused

# How many messages of a place are read when nobody says how many.
DEFAULT_LAST = 100
# And how far back "from here" reaches.
MOST = 10_000

SYSTEM = Text("You summarize chat conversations.", "你负责总结聊天记录。")
ASKS = {
    "brief": Text("Summarize this conversation:\n{text}", "请总结下面的对话：\n{text}"),
    "bullets": Text("Summarize this conversation in bullet points:\n{text}", "请用要点总结下面的对话：\n{text}"),
}


@dataclass(frozen=True, slots=True)
class Source:
    """What is summed up: its lines, oldest first; a sentence on what was covered; whether it was given to the bot."""

    lines: tuple[str, ...]
    covered: str
    was_given: bool


async def summarize(job: Job, services: Services) -> Turn:
    """Sum up what the command names: its text or files, else the talk of the place."""
    options = options_of(job.question, SUMMARIZE)
    source = await _source(job, services, str(options.get("text", "")), int(options.get("last", DEFAULT_LAST)))
    if not source.lines:
        raise Refused("summarize.nothing")
    ask = ASKS[str(options.get("style", "brief"))].in_locale(job.locale)
    parts = await _parts(source.lines, ask, job, services)
    while len(parts) > 1:
        digests = await _digests(parts, ask, job, services)
        parts = await _parts(digests, ask, job, services)
    prompt = await _prompt(parts[0], ask, job, services)
    sampling = _sampling(prompt.answer_tokens)
    return await write_answer(
        job, services, prompt.messages, sampling, note=source.covered, keep_prompt=source.was_given
    )


async def _source(job: Job, services: Services, text: str, last: int) -> Source:
    await keep_attachments(job, services)
    texts = [text, *(file.text for file in job.question.attachments if file.text)]
    given = "\n".join(part for part in texts if part)
    if given:
        return Source(tuple(line for line in given.splitlines() if line.strip()), "", was_given=True)
    job.live.show("", say("summarize.reading", job.locale))
    read = await _read(job, last)
    talk = [message for message in reversed(read) if clean(message.text) and not looks_like_command(message.text)]
    lines = tuple(f"{message.author}: {clean(message.text)}" for message in talk)
    return Source(lines, _covered(talk, job.locale), was_given=False)


async def _read(job: Job, last: int) -> list[HistoryMessage]:
    """The latest messages, newest first; from the one that a context menu was opened on, where there is one."""
    first = job.ask.message if isinstance(job.ask, CommandCall) else None
    read = []
    async with aclosing(job.platform.history(job.place, limit=MOST if first else last)) as history:
        async for message in history:
            read.append(message)
            if message.ref == first:
                break
    return read


def _covered(talk: Sequence[HistoryMessage], locale: str) -> str:
    if not talk:
        return ""
    first, last = (f"{message.at:%Y-%m-%d %H:%M}" for message in (talk[0], talk[-1]))
    return say("summarize.covered", locale, count=len(talk), first=first, last=last)


async def _parts(lines: Sequence[str], ask: str, job: Job, services: Services) -> list[str]:
    """The lines as texts that each fit one prompt, cut between lines; a line that is too long is cut in itself."""
    empty = PromptMessage(Role.USER, "")
    fixed = [
        PromptMessage(Role.SYSTEM, SYSTEM.in_locale(job.locale)),
        PromptMessage(Role.USER, ask.format(text="")),
    ]
    spent_on_frame = sum(await services.generator.count_tokens(fixed))
    room = services.generator.health().window - spent_on_frame - _answer_room(services)
    messages = [PromptMessage(Role.USER, line) for line in lines]
    overhead, *costs, _ = await services.generator.count_tokens([empty, *messages, empty])
    parts: list[list[str]] = [[]]
    spent = 0
    for line, cost in zip(lines, costs, strict=True):
        # A token more for the line's end.
        needed = cost - overhead + 1
        for piece, share in _pieces(line, needed, room):
            if spent + share > room and parts[-1]:
                parts.append([])
                spent = 0
            parts[-1].append(piece)
            spent += share
    return ["\n".join(part) for part in parts]


def _pieces(line: str, cost: int, room: int) -> list[tuple[str, int]]:
    """A line and its cost, or, where it does not fit a part, equal pieces of it with room to spare."""
    if cost <= room:
        return [(line, cost)]
    # Half a part each: the tokens of a text are not spread evenly over its characters.
    count = -(-cost * 2 // room)
    step = -(-len(line) // count)
    return [(line[start : start + step], room // 2) for start in range(0, len(line), step)]


def _answer_room(services: Services) -> int:
    return max(LEAST_ANSWER, min(services.settings.max_answer_tokens, services.generator.health().window // 4))


async def _digests(parts: Sequence[str], ask: str, job: Job, services: Services) -> list[str]:
    """A summary of each part, in order, telling how far it is."""
    digests = []
    async with services.admission.slot(job.asker.key, job.place.key, job.live.waiting):
        for number, part in enumerate(parts, start=1):
            job.live.show("", say("summarize.progress", job.locale, part=number, parts=len(parts)))
            prompt = await _prompt(part, ask, job, services)
            sampling = _sampling(min(prompt.answer_tokens, _answer_room(services)))
            request = GenerationRequest(
                f"{job.answer.id}-{services.new_id()}", prompt.messages, sampling, job.asker.key, job.place.key
            )
            digests.append(await collect(services.generator, request))
    return digests


async def _prompt(text: str, ask: str, job: Job, services: Services) -> Prompt:
    message = PromptMessage(Role.USER, ask.format(text=text))
    return await fit(
        SYSTEM.in_locale(job.locale),
        [message],
        services.generator,
        answer_tokens=services.settings.max_answer_tokens,
    )


def _sampling(max_tokens: int) -> SamplingParams:
    """Close to the text: names and figures must be repeated as they stand, so repeating is not penalised."""
    return SamplingParams(max_tokens=max_tokens, temperature=0.3, top_p=0.9, repetition_penalty=1.0)
