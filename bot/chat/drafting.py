"""A text made to order: drafted, measured and checked, and made right in a few tries, in everyone's sight.

Too short a draft is gone on with, too long a one is ended at a sentence within its length; where neither helps, and for
any other fault, the model is asked again with the fault named. What could not be made right is said beneath the text.

The bundled writer follows no corrections. It is given words to go on with, and another try in place of a correction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bot.chat.jobs import Job, Services
from bot.chat.prompting import LEAST_ANSWER
from bot.chat.streaming import admitted, stream
from bot.domain.conversation import Turn, TurnStatus
from bot.domain.form_checks import Fault
from bot.domain.forms import CREATIVITY, Form
from bot.domain.generation import FinishReason, PromptMessage, Role, SamplingParams
from bot.domain.lengths import Length, count, cut, gap_after, list_mark, split_sign_off, whole
from bot.domain.lines import Text, is_chinese, say
from bot.errors import GenerationError
from bot.settings import BUNDLED_WRITER

# Tries after the first: to keep the length, and to mend what the checks found.
LENGTH_TRIES = 3
REPAIRS = 1
# The bundled writer's next draft may be right, and takes a second or two; what it goes on with is a sentence each time.
BUNDLED_LENGTH_TRIES = 6
BUNDLED_REPAIRS = 3
# What it goes on with after an end of its own, one after the other: without them it ends again at once.
BUNDLED_OPENERS = (Text("Please", "希望"), Text("I hope", "请"), Text("Thank you", "感谢"), Text("We", "我们"))

# Tokens that a word or a character takes at the most, and what every text takes besides.
TOKENS_PER_WORD = 2.2
TOKENS_BESIDE = 24
# A draft longer than it may be by this factor is ended: it will be cut or made again in any case.
FAR_TOO_LONG = 1.3


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made.

    Attributes:
        prompt: what the model is asked; the turn keeps it, for the text answers it whatever it took.
        sampling: how words are chosen; its `max_tokens` is the room of the first draft.
        locale: the language of the prompt, in which the model is asked again.
        language: the one that the text is checked for, in lower-case English; "" for none.
        length: how long it should be; None: as it comes.
        start: a text that answers the prompt already, in place of a first draft.
    """

    prompt: tuple[PromptMessage, ...]
    sampling: SamplingParams
    form: Form
    locale: str
    language: str = ""
    length: Length | None = None
    start: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A try: its text, what is wrong with it, and by how much its length is wrong.

    `goes_on`: the model had more to say. `broke_off`: the text ends where it had more to say, and not at an end.
    """

    text: str
    faults: tuple[Fault, ...]
    misses_by: int
    goes_on: bool
    broke_off: bool

    @property
    def is_right(self) -> bool:
        """Whether nothing is wrong with it."""
        return bool(self.text) and not self.faults and not self.misses_by

    @property
    def rank(self) -> tuple[bool, int, int]:
        """The less is wrong with a draft, the lower."""
        return not self.text, len(self.faults), self.misses_by


def sampling_of(form: Form, room: int, creativity: str = "", seed: int | None = None) -> SamplingParams:
    """How words are chosen for a text of this form: as the form says, unless the person chose otherwise."""
    freedom = CREATIVITY[creativity or form.creativity]
    return SamplingParams(max_tokens=room, seed=seed, **{**form.sampling, **freedom})  # type: ignore[arg-type]


def room_for(length: Length | None, most: int) -> int:
    """Tokens that a text of this length may take; `most` where none is asked for."""
    return most if length is None else round(length.high * TOKENS_PER_WORD) + TOKENS_BESIDE


def follows_corrections(services: Services) -> bool:
    """Whether the model in service does what it is told of a text; the bundled writer is too small for that."""
    return Path(services.generator.health().model) != BUNDLED_WRITER


async def draft(job: Job, services: Services, order: Order) -> Turn:
    """Wait for a slot, make the text, and return the answer's turn in its last state.

    Raises:
        Refused: the line is full.
        GenerationError: the engine did not finish the first draft; `job.text` holds what it wrote.
    """
    async with services.admission.slot(job.asker.key, job.place.key, job.live.waiting):
        await admitted(job, services, order.prompt, order.sampling)
        drafter = _Drafter(job, services, order)
        best = await drafter.work()
    if not best.text:
        raise GenerationError("error.empty_answer")
    drafter.record(best)
    return job.answer.ended(TurnStatus.COMPLETE, best.text, _notes(best, order, job.locale))


class _Drafter:
    """The tries at one text. `job.text` is what people see of the one under way."""

    def __init__(self, job: Job, services: Services, order: Order) -> None:
        self._job = job
        self._services = services
        self._order = order
        self._tries = 0
        self._read = self._written = self._allowed = 0
        self._follows = follows_corrections(services)

    async def work(self) -> Draft:
        """The first draft, and others while something is wrong and a try is left; the best of them."""
        order = self._order
        if order.start:
            self._job.text = order.start
            best = self._shaped(order.start, goes_on=False)
        else:
            best = await self._write(order.prompt, order.sampling.max_tokens)
        while not best.is_right and self._may_try(best):
            try:
                best = min(best, await self._next(best), key=lambda each: each.rank)
            except GenerationError:
                # What was made before stands, and is told with what is wrong with it.
                break
            except asyncio.CancelledError:
                self._job.text = best.text or self._job.text
                raise
        return best

    def record(self, best: Draft) -> None:
        """Keep with the turn what all tries took together. What broke off took all that it was allowed."""
        allowed = self._written if best.broke_off else max(self._allowed, self._written + 1)
        self._job.answer = replace(
            self._job.answer,
            prompt_tokens=self._read,
            completion_tokens=self._written,
            sampling=replace(self._order.sampling, max_tokens=max(1, allowed)),
        )

    def _may_try(self, best: Draft) -> bool:
        lengths, repairs = (LENGTH_TRIES, REPAIRS) if self._follows else (BUNDLED_LENGTH_TRIES, BUNDLED_REPAIRS)
        return self._tries <= (lengths if best.misses_by else repairs)

    async def _next(self, best: Draft) -> Draft:
        """One more try, by what is wrong with the best so far.

        Raises:
            GenerationError: there is no room for one, or the engine did not finish it.
        """
        length = self._order.length
        if length is not None and best.text and count(best.text) < length.low:
            longer = await self._go_on(best, length)
            if count(longer.text) > count(best.text):
                return longer
        return await self._again(best)

    async def _go_on(self, best: Draft, length: Length) -> Draft:
        """The draft with more after it. A greeting and a name at its end are left to be written anew."""
        start, messages, gap = best.text, self._order.prompt, ""
        if best.goes_on:
            gap = gap_after(start, by_lines=self._order.form.by_lines)
            messages = (*messages, PromptMessage(Role.ASSISTANT, start))
        elif self._follows:
            start = self._body(start)
            missing = say("write.ask_more", self._order.locale, count=length.target - count(start))
            messages = (*messages, PromptMessage(Role.ASSISTANT, start.rstrip()), PromptMessage(Role.USER, missing))
        else:
            start, messages = self._opened(self._body(start))
        room = room_for(Length(0, 0, max(1, length.high - count(start))), 0)
        longer = await self._write(messages, room, self._say("write.longer"), start, gap)
        return best if self._job.text == start else longer

    def _body(self, text: str) -> str:
        """A text without its greeting and name, and the gap after which it goes on."""
        body = split_sign_off(text)[0] if self._order.form.sign_off else text
        return body.rstrip() + ("\n" if self._order.form.by_lines else "\n\n")

    def _opened(self, body: str) -> tuple[str, tuple[PromptMessage, ...]]:
        """A text with words to go on with, and what the bundled writer is asked then. A poem gets another stanza."""
        prompt = self._order.prompt
        mark = list_mark(body)
        if self._order.form.by_lines and not mark:
            return body + "\n", prompt
        opener = BUNDLED_OPENERS[max(0, self._tries - 1) % len(BUNDLED_OPENERS)].in_locale(self._order.locale)
        start = body + (mark or opener)
        return start, (*prompt, PromptMessage(Role.ASSISTANT, start))

    async def _again(self, best: Draft) -> Draft:
        """A new draft. A model that follows corrections is shown the one before, with what is wrong with it."""
        order = self._order
        messages, fault = order.prompt, self._fault(best)
        if self._follows and best.text:
            ask = PromptMessage(Role.USER, fault)
            messages = (*order.prompt, PromptMessage(Role.ASSISTANT, best.text), ask)
        is_long = order.length is not None and count(best.text) > order.length.high
        note = "write.shorter" if is_long else "write.longer" if best.misses_by else "write.again"
        return await self._write(messages, order.sampling.max_tokens, self._say(note))

    def _fault(self, best: Draft) -> str:
        """What is wrong, as the model is told it."""
        locale, length = self._order.locale, self._order.length
        if best.misses_by and length is not None:
            found = count(best.text)
            line = "write.ask_longer" if found < length.low else "write.ask_shorter"
            return say(line, locale, count=found, target=length.target)
        return say("write.ask_again", locale, faults=_said(best.faults, locale))

    async def _write(
        self, messages: Sequence[PromptMessage], most: int, note: str = "", start: str = "", gap: str = ""
    ) -> Draft:
        """A try: what the model answers, after the start that it goes on from, with the gap where it leaves none."""
        job, sampling = self._job, self._order.sampling
        room = most if messages is self._order.prompt else min(most, await self._left(messages))
        seed = None if sampling.seed is None else sampling.seed + self._tries
        if job.text:
            # What was there stays in sight until there is something new.
            job.live.show(job.text, note)
        self._tries += 1
        self._allowed += room
        job.text = start
        ended = await stream(
            job,
            self._services,
            messages,
            replace(sampling, max_tokens=room, seed=seed),
            note,
            enough=self._is_far_too_long,
        )
        more = job.text[len(start) :]
        job.text = start + (gap if more and not more[0].isspace() else "") + more
        self._read += ended.prompt_tokens
        self._written += ended.completion_tokens
        return self._shaped(
            self._order.form.rendered(job.text, self._order.language), ended.reason is not FinishReason.STOP
        )

    async def _left(self, messages: Sequence[PromptMessage]) -> int:
        """Tokens that the window leaves for the answer to these messages.

        Raises:
            GenerationError: too few.
        """
        costs = await self._services.generator.count_tokens(messages)
        left = self._services.generator.health().window - sum(costs)
        if left < LEAST_ANSWER:
            raise GenerationError
        return left

    def _is_far_too_long(self, text: str) -> bool:
        length = self._order.length
        return length is not None and count(text) > FAR_TOO_LONG * length.high + 1

    def _shaped(self, text: str, goes_on: bool) -> Draft:
        """A try's text, brought to its length where cutting does it."""
        order, form, length = self._order, self._order.form, self._order.length
        broke_off = goes_on
        if length is not None:
            shorter = cut(text, length, by_lines=form.by_lines, sign_off=form.sign_off and not goes_on)
            if broke_off and shorter == text:
                shorter = whole(text, by_lines=form.by_lines)
            text, broke_off = shorter, broke_off and shorter == text
        return Draft(
            text,
            tuple(form.faults(text, order.language)),
            length.misses_by(text) if length else 0,
            goes_on,
            broke_off,
        )

    def _say(self, line: str) -> str:
        return say(line, self._job.locale)


def _notes(best: Draft, order: Order, locale: str) -> str:
    """What is said beneath the text: what could not be made right, in the asker's language."""
    notes = [say("note.length", locale) if best.broke_off else ""]
    if best.misses_by and order.length is not None:
        low, high = order.length.low, order.length.high
        notes.append(say("write.length_not_kept", locale, low=low, high=high, count=count(best.text)))
    if best.faults:
        notes.append(say("write.not_right", locale, faults=_said(best.faults, locale)))
    return "\n".join(filter(None, notes))


def _said(faults: Sequence[Fault], locale: str) -> str:
    gap = "" if is_chinese(locale) else " "
    return gap.join(say(fault.line, locale, **fault.values) for fault in faults)
