"""From a transcript of any length to a generated summary whose names and numbers stand in the transcript.

What does not fit the window is cut into parts at natural borders; the parts are summed up side by side in the engine's
batch, and their summaries again, until one prompt holds the rest. Each generated text is checked against exactly what
it was made from. Who asks, and where the transcript comes from, is for others to know.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime

from bot.chat.admission import OnPosition
from bot.chat.jobs import Services
from bot.chat.prompting import LEAST_ANSWER, Prompt, fit
from bot.chat.summary.cutting import border_strengths, cut, pieces
from bot.chat.summary.grounding import Checked, Source, sentences
from bot.chat.summary.key_messages import most_central
from bot.chat.summary.prompts import OTHERS, Way, messages_for, way_of
from bot.chat.summary.transcripts import Line, Transcript
from bot.domain.generation import Finished, GenerationRequest, Piece, PromptMessage, Role, SamplingParams, Started
from bot.errors import EngineDied, Refused

_SENTENCE_END = re.compile(r"[.!?](?=\s)|[。！？\n]")

# Close to the text: names and figures must be repeated as they stand, so repeating is not penalised.
TEMPERATURE, TOP_P = 0.3, 0.9
# Minutes have at most so many sections; summaries that are joined leave so many sentences, or so many for a section.
MOST_SECTIONS = 8
MOST_SENTENCES = 8
SECTION_SENTENCES = 3
# A summary of more parts than this is tried once.
FEW_PARTS = 4
# So many messages are counted in one question to the engine.
COUNTED_AT_ONCE = 500
# The messages of a part that stand in for its summary where nothing of that held.
STAND_INS = 2
LINE_FULL_S = 1.0


@dataclass(frozen=True, slots=True)
class SummaryOrder:
    """What is to be summed up, how, and for whom; `locale` is the language to write in, `id` prefixes its requests."""

    id: str
    transcript: Transcript
    style: str
    locale: str
    person: str
    place: str
    release: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of the transcript, summed up, and when it was said where that is known.

    Where nothing of a summary held, `text` is empty, and `stand_in` holds lines of the stretch for a later stage.
    """

    text: str
    first: datetime | None
    last: datetime | None
    stand_in: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """The sections (one, unless minutes were asked for), what was left out of them, and what making them took.

    `lines_read` counts the transcript's lines that the model read: all, or of a long talk the most central ones.
    """

    sections: tuple[Section, ...]
    lines_read: int
    dropped: int
    unsupported: tuple[str, ...]
    release: str | None
    sampling: SamplingParams
    prompt_tokens: int
    completion_tokens: int

    @property
    def text(self) -> str:
        """All sections."""
        return "\n\n".join(section.text for section in self.sections if section.text)


def _nothing(*_: object) -> None:
    return None


async def _no_position(_: int) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Watch:
    """Who hears how far it is: the place in line, parts done of all, and the checked text so far."""

    waiting: OnPosition = _no_position
    progress: Callable[[int, int], None] = _nothing
    written: Callable[[str], None] = _nothing


class Summarizer:
    """One summary under way."""

    def __init__(self, order: SummaryOrder, services: Services, watch: Watch | None = None) -> None:
        self._order = order
        self._services = services
        self._watch = watch or Watch()
        self._done = 0
        self._dropped = 0
        self._unsupported: dict[str, None] = {}
        self._release: str | None = None
        self._sampling = SamplingParams()
        self._tokens = [0, 0]
        self._known_room = 0
        self._way = OTHERS
        self._tries = 1
        self._lines_read = 0

    async def write(self) -> Summary:
        """Sum up.

        Raises:
            Refused: the line is full.
            GenerationError: the engine did not finish.
        """
        self._way = way_of(self._services.generator.health().model)
        stretches = await self._first_stretches()
        self._tries = self._way.tries if len(stretches) <= FEW_PARTS else 1
        if self._order.style == "minutes":
            sections = await self._minutes(stretches)
        elif len(stretches) == 1 or self._way.merges:
            while len(stretches) > 1:
                stretches = await self._packed(await self._digests(stretches))
            sections = [await self._final(stretches[0])]
        else:
            sections = [await asyncio.to_thread(_joined, await self._digests(stretches), MOST_SENTENCES)]
        return Summary(
            tuple(sections),
            self._lines_read,
            self._dropped,
            tuple(self._unsupported),
            self._release,
            self._sampling,
            *self._tokens,
        )

    async def _minutes(self, stretches: list[list[Section]]) -> list[Section]:
        sections = await self._digests(stretches)
        while len(sections) > MOST_SECTIONS and self._way.merges:
            sections = await self._digests(await self._packed(sections))
        size = -(-len(sections) // MOST_SECTIONS)
        groups = [sections[start : start + size] for start in range(0, len(sections), size)]
        if size == 1:
            return sections
        return [await asyncio.to_thread(_joined, group, SECTION_SENTENCES) for group in groups]

    # --- cutting ----------------------------------------------------------------------------------------------------

    async def _first_stretches(self) -> list[list[Section]]:
        """The transcript in stretches that each fit a prompt, cut at natural borders."""
        lines = await asyncio.to_thread(_most_telling, self._order.transcript.lines, self._way)
        self._lines_read = len(lines)
        strengths = await asyncio.to_thread(border_strengths, lines)
        room = await self._room()
        least = room // self._way.most_lines
        rows: list[Section] = []
        costs: list[int] = []
        known: list[float] = []
        for line, cost, strength in zip(lines, await self._costs(lines), strengths, strict=True):
            for number, (text, share) in enumerate(_fitting(line, cost, room)):
                rows.append(Section(text, line.at, line.at))
                costs.append(max(share, least))
                known.append(0.0 if number else strength)
        return [[rows[index] for index in stretch] for stretch in cut(costs, known, room)]

    async def _packed(self, digests: Sequence[Section]) -> list[list[Section]]:
        """Summaries of parts in their order, as many together as fit a prompt."""
        room = await self._room()
        costs = [min(cost, room) for cost in await self._costs([Line("", _read(digest)) for digest in digests])]
        # Borders count for nothing here: of equal ones the last is taken, so each stretch is full.
        stretches = cut(costs, [0.0] * (len(costs) + 1), room)
        if len(stretches) == len(digests):
            # Two at a time at the least, though they be long: each stage must leave fewer.
            stretches = [range(start, min(start + 2, len(digests))) for start in range(0, len(digests), 2)]
        return [[digests[index] for index in stretch] for stretch in stretches]

    async def _costs(self, lines: Sequence[Line]) -> list[int]:
        """What each line costs in a prompt, its line's end included."""
        overhead = (await self._services.generator.count_tokens([PromptMessage(Role.USER, "")] * 2))[0]
        costs: list[int] = []
        for start in range(0, len(lines), COUNTED_AT_ONCE):
            messages = [PromptMessage(Role.USER, line.rendered) for line in lines[start : start + COUNTED_AT_ONCE]]
            # What is counted on the last message of a prompt must not be counted on a line.
            counted = await self._services.generator.count_tokens([*messages, PromptMessage(Role.USER, "")])
            costs += [max(1, cost - overhead + 1) for cost in counted[:-1]]
        return costs

    async def _room(self) -> int:
        """The tokens that a prompt has for what is summed up, beside its frame and an answer."""
        if not self._known_room:
            frame = sum(await self._services.generator.count_tokens(self._messages("")))
            left = self._services.generator.health().window - frame - self._answer_room()
            self._known_room = max(2 * LEAST_ANSWER, left)
        return self._known_room

    def _answer_room(self) -> int:
        window = self._services.generator.health().window
        return max(LEAST_ANSWER, min(self._services.settings.max_answer_tokens, window // 4))

    # --- generating -------------------------------------------------------------------------------------------------

    async def _digests(self, stretches: Sequence[Sequence[Section]]) -> list[Section]:
        """A checked summary of each stretch, made side by side.

        At most half of the engine's batch is used, each part through the line like anybody's request: the other half
        stays free for people's own.
        """
        digests: list[Section | None] = [None] * len(stretches)
        waiting = iter(enumerate(stretches))
        self._done = 0

        async def work() -> None:
            for number, stretch in waiting:
                digests[number] = await self._digest(stretch)
                self._done += 1
                self._watch.progress(self._done, len(stretches))

        self._watch.progress(0, len(stretches))
        beside = max(1, self._services.generator.health().capacity // 2)
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(min(beside, len(stretches))):
                    group.create_task(work(), name=f"summary {self._order.id} {number}")
        except ExceptionGroup as several:
            raise several.exceptions[0] from several
        return [digest for digest in digests if digest is not None]

    async def _digest(self, stretch: Sequence[Section]) -> Section:
        text = await self._generate(stretch, min(self._answer_room(), max(LEAST_ANSWER, await self._room() // 3)))
        stand_in = ""
        if not text:
            rows = [_read(row) for row in stretch]
            central = await asyncio.to_thread(most_central, rows, STAND_INS)
            stand_in = "\n".join(rows[index] for index in central) or rows[0]
        return Section(text, stretch[0].first, stretch[-1].last, stand_in)

    async def _final(self, stretch: Sequence[Section]) -> Section:
        most = self._services.settings.max_answer_tokens
        text = await self._generate(stretch, most, self._watch.written)
        return Section(text, stretch[0].first, stretch[-1].last)

    async def _generate(
        self, stretch: Sequence[Section], answer_tokens: int, written: Callable[[str], None] = _nothing
    ) -> str:
        """The checked summary of one stretch; "" where nothing of it held."""
        rows = [_read(row) for row in stretch]
        prompt = await self._prompt("\n".join(rows), answer_tokens)
        source = Source(rows)
        best = Checked("")
        for number in range(self._tries):
            checked = source.check(await self._answer(prompt, source, _nothing if number else written))
            if not number or not checked.dropped or len(checked.text) > len(best.text):
                best = checked
            if not checked.dropped:
                break
        self._dropped += best.dropped
        self._unsupported |= dict.fromkeys(best.unsupported)
        return best.text

    async def _answer(self, prompt: Prompt, source: Source, written: Callable[[str], None]) -> str:
        try:
            return await self._ask(prompt, source, written)
        except EngineDied:
            # Only once: a prompt that takes the engine down again will do so a third time.
            return await self._ask(prompt, source, written)

    async def _ask(self, prompt: Prompt, source: Source, written: Callable[[str], None]) -> str:
        sampling = SamplingParams(
            max_tokens=prompt.answer_tokens, temperature=TEMPERATURE, top_p=TOP_P, repetition_penalty=1.0
        )
        request = GenerationRequest(
            f"{self._order.id}-{self._services.new_id()}",
            prompt.messages,
            sampling,
            person=self._order.person,
            place=self._order.place,
            release=self._order.release,
        )
        while True:
            try:
                async with self._services.admission.slot(self._order.person, self._order.place, self._waiting):
                    return await self._stream(request, source, written)
            except Refused:
                # A full line refuses newcomers; a summary half made waits for its next turn.
                if not self._done:
                    raise
            await asyncio.sleep(LINE_FULL_S)

    async def _waiting(self, position: int) -> None:
        if not self._done:
            await self._watch.waiting(position)

    async def _stream(self, request: GenerationRequest, source: Source, written: Callable[[str], None]) -> str:
        """The whole raw text; its whole sentences that hold are told as they come."""
        raw = ""
        async with aclosing(self._services.generator.generate(request)) as events:
            async for event in events:
                match event:
                    case Started(release):
                        self._release = release
                    case Piece(text):
                        raw += text
                        if _SENTENCE_END.search(raw, len(raw) - len(text) - 1):
                            written(source.check(_whole(raw)).text)
                    case Finished():
                        self._sampling = request.sampling
                        self._tokens[0] += event.prompt_tokens
                        self._tokens[1] += event.completion_tokens
        return raw.strip()

    # --- prompts ----------------------------------------------------------------------------------------------------

    async def _prompt(self, text: str, answer_tokens: int) -> Prompt:
        system, message = self._messages(text)
        return await fit(system.content, [message], self._services.generator, answer_tokens=answer_tokens)

    def _messages(self, text: str) -> list[PromptMessage]:
        order = self._order
        return messages_for(text, order.style, order.locale, self._way, is_talk=order.transcript.is_talk)


def _read(section: Section) -> str:
    return section.text or section.stand_in


def _most_telling(lines: Sequence[Line], way: Way) -> Sequence[Line]:
    """The lines that a model reads: all where they are not too many, else the most central ones of each stretch."""
    if len(lines) <= way.most_parts * way.most_lines:
        return lines
    stretches = cut([1] * len(lines), border_strengths(lines), -(-len(lines) // way.most_parts))
    count = max(1, way.most_parts * way.most_lines // len(stretches))
    return [
        lines[stretch.start + index]
        for stretch in stretches
        for index in most_central([lines[each].text for each in stretch], count)
    ]


def _joined(sections: Sequence[Section], count: int) -> Section:
    """Summaries as one, by their most central sentences in their order."""
    told = [sentence for section in sections for sentence in sentences(section.text)]
    if len(told) > count:
        # Where too little has enough words to be compared, the first ones stand for the rest.
        told = [told[index] for index in most_central(told, count)] or told[:count]
    text = ""
    for sentence in told:
        is_row = sentence[:1] in "-*•"
        gap = "\n" if is_row or text.rpartition("\n")[2][:1] in ("-", "*", "•") else " "
        text += sentence if not text or (gap == " " and text[-1] in "。！？") else gap + sentence
    return Section(text, sections[0].first, sections[-1].last)


def _whole(raw: str) -> str:
    """The whole sentences of a text that is still being written."""
    ends = list(_SENTENCE_END.finditer(raw))
    return raw[: ends[-1].end()] if ends else ""


def _fitting(line: Line, cost: int, room: int) -> Iterable[tuple[str, int]]:
    """A line and its cost, or, where it does not fit a prompt, pieces of it by the same speaker, with room to spare."""
    if cost <= room:
        return [(line.rendered, cost)]
    # Half a prompt each: the tokens of a text are not spread evenly over its characters.
    size = max(1, len(line.text) * room // (2 * cost))
    return [(replace(line, text=piece).rendered, room // 2) for piece in pieces(line.text, size)]
