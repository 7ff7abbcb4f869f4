"""The loop of lines through a pipe: each line is one message, answered before the next is read.

Answers go to the standard output as plain UTF-8 text; everything else that is said goes to the standard error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from adapters.rendering import plain
from adapters.rendering.characters import printable
from adapters.terminal.inbound import Talk, described, message_ref
from adapters.terminal.lines import say
from adapters.terminal.streams import LONGEST_LINE, lines, write
from bot.domain.conversation import TurnStatus
from bot.domain.messages import Answer
from bot.errors import DeliveryError
from bot.ports import ReplyTarget

StatusOf = Callable[[str], Awaitable[TurnStatus]]

# What is said instead of an answer is a remark. An open turn could not be stored.
_NO_ANSWERS = (TurnStatus.REFUSED, TurnStatus.FAILED)
_BAD_ENDS = (*_NO_ANSWERS, TurnStatus.INTERRUPTED, TurnStatus.WAITING)


class Pipe:
    """The three standard streams, and the answers that are waited for."""

    def __init__(self, source: int = 0, answers: int = 1, remarks: int = 2) -> None:
        self.source = source
        self._answers = answers
        self._remarks = remarks
        self._shown: dict[str, asyncio.Future[bool]] = {}

    async def answer(self, text: str) -> None:
        """Write an answer.

        Raises:
            DeliveryError: nobody reads any longer.
        """
        await _delivered(self._answers, text)

    async def remark(self, text: str) -> None:
        """Say something beside the answers.

        Raises:
            DeliveryError: nobody reads any longer.
        """
        await _delivered(self._remarks, printable(text))

    def shown(self, turn_id: str) -> asyncio.Future[bool]:
        """Done once what became of this turn is written, or cannot be; whether it is an answer."""
        return self._shown.setdefault(turn_id, asyncio.get_running_loop().create_future())


async def _delivered(descriptor: int, text: str) -> None:
    try:
        await write(descriptor, text + "\n")
    except OSError as error:
        raise DeliveryError(f"the output is closed: {error.strerror}", retryable=False) from error


class PipeReply:
    """One answer, written whole. With a `mark` it answers an earlier run's line, and is a remark of this one."""

    def __init__(self, pipe: Pipe, target: ReplyTarget, mark: str, status_of: StatusOf) -> None:
        self._pipe = pipe
        self._target = target
        self._mark = mark
        self._status_of = status_of

    async def waiting(self, position: int) -> None:
        """A pipe has no place for states."""

    async def show(self, text: str, note: str = "", preview: bytes | None = None) -> None:
        """A pipe has no place for states."""

    async def finish(self, answer: Answer) -> None:
        shown = self._pipe.shown(self._target.turn.id)
        try:
            await self._target.log.sending(0)
            status = await self._status_of(self._target.turn.id)
            text = "\n".join(filter(None, (plain.render(answer.text), *(picture.path for picture in answer.pictures))))
            is_answer = not self._mark and status not in _NO_ANSWERS
            await (self._pipe.answer(text) if is_answer else self._pipe.remark(f"{self._mark}\n{text}".lstrip()))
            for remark in filter(None, (described(answer.pictures), answer.note)):
                await self._pipe.remark(remark)
            await self._target.log.sent(0, message_ref(self._target.turn.id))
        except DeliveryError as error:
            if not shown.done():
                shown.set_exception(error)
            raise
        if not shown.done():
            shown.set_result(status not in _BAD_ENDS)


class PipeLoop:
    """Reads lines and waits for each answer."""

    def __init__(self, pipe: Pipe, talk: Talk, locale: str) -> None:
        self._pipe = pipe
        self._talk = talk
        self._locale = locale
        self._failed = False

    async def run(self) -> int:
        """Answer all lines; 0, or 1 when one was refused, failed or could not be written."""
        number = 0
        try:
            async for line in lines(self._pipe.source):
                number += 1
                if await self._take(line, number):
                    break
        except DeliveryError:
            self._failed = True
        return int(self._failed)

    async def _take(self, data: bytes | None, number: int) -> bool:
        """Do what one line says; whether it was the last."""
        if data is None:
            await self._fail("line_too_long", number=number, limit=LONGEST_LINE)
            return False
        try:
            line = data.decode("utf-8")
        except UnicodeDecodeError:
            await self._fail("not_utf8", number=number)
            return False
        if not line.strip():
            return False
        outcome = await self._talk.take(line)
        self._failed |= outcome.failed
        if outcome.said:
            await self._pipe.remark(outcome.said)
        if outcome.accepted is not None:
            self._failed |= not await self._pipe.shown(outcome.accepted.answer.id)
        return outcome.leaves

    async def _fail(self, key: str, **values: object) -> None:
        self._failed = True
        await self._pipe.remark(say(key, self._locale, **values))
