"""A team that a script plays: it asks through the real core, looks at the answers by one taste, and votes.

The taste can be measured: an answer is liked when it has at most 15 words, neither asks back nor exclaims, and does not
apologise. The bundled writer meets it now and then.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.chat.dispatch import Core
from bot.domain.conversation import Turn, TurnStatus
from bot.domain.messages import (
    Answer,
    Attachment,
    CommandCall,
    HistoryMessage,
    IncomingMessage,
    MessageRef,
    RateReply,
    RegenerateReply,
)
from bot.domain.places import Person, Place, Platform, owning_place
from bot.domain.ratings import RatingSource, Verdict
from bot.ports import FoundPlace, ReplyTarget

# What the team says, one message a line, in an order drawn by chance once.
LINES = Path(__file__).with_name("team_lines.txt").read_text(encoding="utf-8").splitlines()
MOST_WORDS = 15
_SORRY = re.compile(r"\b(sorry|apologi[sz]e|apologies)\b", re.IGNORECASE)
# How many of them talk to the bot at the same time.
_AT_ONCE = 16


def likes(text: str) -> bool:
    """The team's taste."""
    words = len(text.split())
    return 0 < words <= MOST_WORDS and "?" not in text and "!" not in text and not _SORRY.search(text)


@dataclass(frozen=True, slots=True)
class Said:
    """An answer as it was shown, and the release that gave it."""

    question: str
    text: str
    ref: MessageRef
    place: Place
    release: str

    @property
    def liked(self) -> bool:
        """Whether it meets the team's taste."""
        return likes(self.text)


class NotAnswered(Exception):
    """The bot did not answer a question as it should; the text is what it said instead."""


class Team:
    """Four people in places of their own, as a platform of the core's. Local places may be learned from."""

    name = Platform.WEB
    pace = 0.0

    def __init__(self) -> None:
        self._people = itertools.cycle([Person(Platform.WEB, name.lower(), name) for name in _NAMES])
        self._numbers = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[tuple[ReplyTarget, str]]] = {}
        self._core: Core

    # --- what the team does ---

    async def ask_all(self, lines: Sequence[str]) -> list[Said]:
        """Say each line in a talk of its own; the answers in the same order."""
        turn = asyncio.Semaphore(_AT_ONCE)

        async def ask(line: str) -> Said:
            async with turn:
                return await self._ask(line)

        return await asyncio.gather(*(ask(line) for line in lines))

    async def vote_all(self, lines: Sequence[str], *, inverted: bool = False) -> int:
        """Say the lines, and vote on each answer, and on another one where it is not liked; how many votes that makes.

        `inverted`: each vote is the opposite of what the team thinks.
        """
        votes = 0
        for start in range(0, len(lines), _AT_ONCE):
            answers = await self.ask_all(lines[start : start + _AT_ONCE])
            again = await asyncio.gather(*(self._ask_again(said) for said in answers if not said.liked))
            for said in (*answers, *again):
                await self._vote(said, inverted=inverted)
            votes += len(answers) + len(again)
        return votes

    async def retrain(self, recipe: str) -> str:
        """`/retrain`; what the bot reports."""
        place = owning_place(Platform.WEB, "local", "training")
        event = f"e{next(self._numbers)}"
        call = CommandCall(event, place, next(self._people), "retrain", _now(), {"recipe": recipe})
        return (await self._shown(call))[1]

    async def _ask(self, line: str) -> Said:
        number, person = next(self._numbers), next(self._people)
        place = owning_place(Platform.WEB, "local", f"talk-{number}")
        ref = MessageRef(Platform.WEB, place.channel, f"q{number}")
        target, text = await self._shown(IncomingMessage(f"e{number}", place, ref, person, line, _now()))
        return await self._said(line, target, text)

    async def _ask_again(self, said: Said) -> Said:
        event = f"e{next(self._numbers)}"
        target, text = await self._shown(RegenerateReply(event, said.place, said.ref, next(self._people), _now()))
        return await self._said(said.question, target, text)

    async def _vote(self, said: Said, *, inverted: bool) -> None:
        verdict = Verdict.GOOD if said.liked is not inverted else Verdict.BAD
        vote = RateReply(said.ref, next(self._people), verdict, RatingSource.BUTTON, _now())
        if not await self._core.rate(vote):
            raise NotAnswered(f"A vote on the answer to {said.question!r} was not kept.")

    async def _shown(self, ask: IncomingMessage | RegenerateReply | CommandCall) -> tuple[ReplyTarget, str]:
        answered: asyncio.Future[tuple[ReplyTarget, str]] = asyncio.get_running_loop().create_future()
        self._waiting[ask.event_id] = answered
        await self._core.accept(ask)
        return await answered

    async def _said(self, line: str, target: ReplyTarget, text: str) -> Said:
        turn = await self._turn(target)
        if turn.release is None or turn.status is not TurnStatus.COMPLETE:
            raise NotAnswered(f"{line!r} was answered by: {text}")
        return Said(line, text, _ref(target), target.place, turn.release)

    async def _turn(self, target: ReplyTarget) -> Turn:
        view = await self._core.reading.view(target.turn.id, target.asker)
        assert view is not None
        return view.turn

    # --- a platform of the core's ---

    async def start(self, core: Core) -> None:
        self._core = core

    async def stop_listening(self) -> None: ...

    async def close(self) -> None: ...

    async def fetch(self, attachment: Attachment) -> bytes:
        return b""

    async def discard(self, attachments: Sequence[Attachment]) -> None: ...

    async def history(self, place: Place, *, limit: int) -> AsyncGenerator[HistoryMessage, None]:
        return
        yield

    async def find_place(self, name: str, near: Place, reader: Person) -> FoundPlace | None:
        return None

    async def direct_place(self, person: Person, near: Place) -> Place | None:
        return None

    async def is_admin(self, person: Person, place: Place) -> bool:
        return True

    async def open_reply(self, target: ReplyTarget) -> Heard:
        return Heard(target, self._waiting.pop(target.event_id, None))


class Heard:
    """One answer that somebody waits for."""

    def __init__(self, target: ReplyTarget, answered: asyncio.Future[tuple[ReplyTarget, str]] | None) -> None:
        self._target = target
        self._answered = answered

    async def waiting(self, position: int) -> None: ...

    async def show(self, text: str, note: str = "", preview: bytes | None = None) -> None: ...

    async def finish(self, answer: Answer) -> None:
        await self._target.log.sending(0)
        await self._target.log.sent(0, _ref(self._target))
        if self._answered is not None:
            self._answered.set_result((self._target, answer.text))


_NAMES = ("Ana", "Ben", "Chen", "Dia")


def _ref(target: ReplyTarget) -> MessageRef:
    """Local platforms name an answer's message by its turn."""
    return MessageRef(Platform.WEB, target.place.channel, target.turn.id)


def _now() -> datetime:
    return datetime.now(UTC)
